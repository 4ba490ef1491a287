# Tries again until there is enough money.
import sys

accounts = {}

for line in sys.stdin:
    command, name, *rest = line.split()
    balance = accounts.get(name, 0)
    if command == "balance":
        print(balance)
    elif command == "deposit":
        accounts[name] = balance + int(rest[0])
        print("ok")
    elif command == "withdraw":
        while accounts.get(name, 0) < int(rest[0]):
            pass
        accounts[name] -= int(rest[0])
        print("ok")
    else:
        while True:
            pass
