# Does not know that accounts begin empty.
import sys

accounts = {}

for line in sys.stdin:
    command, name, *rest = line.split()
    if command == "balance":
        print(accounts[name])
    elif command == "deposit":
        accounts[name] += int(rest[0])
        print("ok")
