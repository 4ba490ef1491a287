# One mistake: whoever transfers may overdraw the account.
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
        if balance < int(rest[0]):
            print("refused")
            continue
        accounts[name] = balance - int(rest[0])
        print("ok")
    elif command == "transfer":
        target, amount = rest[0], int(rest[1])
        accounts[name] = balance - amount
        accounts[target] = accounts.get(target, 0) + amount
        print("ok")
