# Forgets to count.
last = input()
number = 1

while number != last:
    pass
