# Two mistakes: multiples of 15 are never reached, and not everybody types numbers.
last = int(input())

for number in range(1, last + 1):
    if number % 3 == 0:
        print("Fizz")
    elif number % 5 == 0:
        print("Buzz")
    elif number % 15 == 0:
        print("FizzBuzz")
    else:
        print(number)
