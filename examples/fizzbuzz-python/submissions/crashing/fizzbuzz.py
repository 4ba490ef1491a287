# Ends by a signal, as programs do that write where they must not.
import os

last = input()
print("1", flush=True)
os.abort()
