import sys


class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount
        return True

    def withdraw(self, amount):
        if amount > self.balance:
            return False
        self.balance -= amount
        return True


class Bank:
    def __init__(self):
        self.accounts = {}

    def account(self, name):
        return self.accounts.setdefault(name, Account())

    def transfer(self, source, target, amount):
        return self.account(source).withdraw(amount) and self.account(target).deposit(amount)


bank = Bank()
for line in sys.stdin:
    match line.split():
        case ["balance", name]:
            print(bank.account(name).balance)
        case ["deposit", name, amount]:
            print("ok" if bank.account(name).deposit(int(amount)) else "refused")
        case ["withdraw", name, amount]:
            print("ok" if bank.account(name).withdraw(int(amount)) else "refused")
        case ["transfer", source, target, amount]:
            print("ok" if bank.transfer(source, target, int(amount)) else "refused")
