import sys


def fizzbuzz(number):
    words = ("Fizz" if number % 3 == 0 else "") + ("Buzz" if number % 5 == 0 else "")
    return words or str(number)


try:
    last = int(input())
except ValueError:
    print("that is not a number", file=sys.stderr)
    sys.exit(2)

for number in range(1, last + 1):
    print(fizzbuzz(number))
