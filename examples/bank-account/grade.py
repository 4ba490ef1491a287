"""Grades a bank: plays transactions with the student's program and with our own, and compares.

The last line it writes is the result, one JSON object:
{"score": …, "max_score": …, "message": …, "tests": [{"name", "score", "max_score", "message"}, …]}
"""

import json
import random
import subprocess
import tempfile

STUDENT = ["/.assay/warden", "student", "--wall", "2s", "--", "python3", "bank.py"]
TIMEOUT = 124  # what the warden's client ends with when the time is over
LIMIT = 64 << 10  # bytes of output that are read at most: never trust what comes

NAMES = ["ada", "bob", "cyd", "dan", "eve"]


class Bank:
    """What is right."""

    def __init__(self):
        self.accounts = {}

    def do(self, line):
        command, name, *rest = line.split()
        if command == "balance":
            return str(self.accounts.get(name, 0))
        amount = int(rest[-1])
        if command == "deposit":
            self.add(name, amount)
            return "ok"
        if self.accounts.get(name, 0) < amount:
            return "refused"
        self.add(name, -amount)
        if command == "transfer":
            self.add(rest[0], amount)
        return "ok"

    def add(self, name, amount):
        self.accounts[name] = self.accounts.get(name, 0) + amount


def transaction(rng, commands):
    command = rng.choice(commands)
    words = [command, rng.choice(NAMES)]
    if command == "transfer":
        words.append(rng.choice(NAMES))
    if command != "balance":
        words.append(str(rng.randint(1, 100)))
    return " ".join(words)


def ask(lines):
    """Gives lines to the student's program; returns its output and what went wrong, if anything did."""
    # From a file rather than a pipe: nobody has to write and read at one time.
    with tempfile.TemporaryFile() as stdin:
        stdin.write("".join(line + "\n" for line in lines).encode())
        stdin.seek(0)
        with subprocess.Popen(STUDENT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
            output = program.stdout.read(LIMIT + 1)
            if len(output) > LIMIT:
                program.kill()
                return "", f"wrote more than {LIMIT} bytes"
    if program.returncode == TIMEOUT:
        return "", "took longer than 2 seconds"
    if program.returncode != 0:
        return "", f"ended with status {program.returncode}"
    return output.decode(errors="replace"), None


def play(name, commands, count, seed):
    """One round: worth a point for each tenth of the answers that is right before the first mistake."""
    rng = random.Random(seed)
    lines = [transaction(rng, commands) for _ in range(count)]
    bank = Bank()
    wanted = [bank.do(line) for line in lines]
    output, trouble = ask(lines)
    if trouble:
        return {"name": name, "score": 0, "max_score": 1, "message": f"the program {trouble}"}
    answers = output.split("\n")
    for number, (line, want) in enumerate(zip(lines, wanted)):
        got = answers[number].strip() if number < len(answers) else "nothing"
        if got != want:
            message = f"transaction {number + 1}, {line}: expected {want}, got {got[:40]!r}"
            return {"name": name, "score": 10 * number // count / 10, "max_score": 1, "message": message}
    return {"name": name, "score": 1, "max_score": 1, "message": f"{count} transactions, all right"}


def main():
    rounds = [
        play("deposits and balances", ["deposit", "balance"], 20, seed=1),
        play("withdrawals", ["deposit", "withdraw", "balance"], 200, seed=2),
        play("transfers", ["deposit", "withdraw", "transfer", "balance"], 1000, seed=3),
    ]
    score = sum(r["score"] for r in rounds)
    right = sum(r["score"] == 1 for r in rounds)
    message = f"{right} of {len(rounds)} rounds are all right"
    print(json.dumps({"score": score, "max_score": len(rounds), "message": message, "tests": rounds}))


main()
