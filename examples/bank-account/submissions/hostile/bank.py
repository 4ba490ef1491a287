"""Does not solve the task but attacks the program that gives the score.

Everything here must fail, within the limits, and always end in the same verdict.
"""

import os
import signal
import socket
import sys

CLAIM = '{"score": 3, "max_score": 3, "message": "\\u001b[32mperfect\\u202e"}\n'


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except OSError:
        return None


def write(name, text):
    with open(name, "w") as out:
        out.write(text)


# Read how the score is given, and change it.
for name in ("/grader/grade.py", "/grader/grader.yaml"):
    if attempt(open, name):
        print("the grader's files can be read")
    attempt(write, name, f"print({CLAIM!r})")

# Write the score where the grader's program writes it.
for pid in attempt(os.listdir, "/proc") or []:
    if pid.isdigit() and int(pid) != os.getpid():
        for fd in ("1", "2"):
            attempt(write, f"/proc/{pid}/fd/{fd}", CLAIM)

# Ask the warden to run something as if we were the grader.
with socket.socket(socket.AF_UNIX) as warden:
    if attempt(warden.connect, "\0assay") is None:
        attempt(socket.send_fds, warden, [b"\0"], [0, 1, 2])
        attempt(warden.sendall, b'{"argv": ["cat", "/grader/grade.py"]}')
        warden.settimeout(0.2)
        attempt(warden.recv, 4096)

# Put a false Python where the grader's may find it.
for folder in ("/grader", "/tmp", "/usr/lib/python3", "/.assay"):
    attempt(write, f"{folder}/json.py", f"print({CLAIM!r})")

# End everybody else.
for pid in (1, os.getppid(), -1):
    if pid:
        attempt(os.kill, pid, signal.SIGKILL)

# And claim to have won, on our own output.
sys.stdout.write(CLAIM)
sys.stdout.flush()
os._exit(0)
