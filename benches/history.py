"""Makes a repository of 5,000 commits to measure `--history` with.

    python3 benches/history.py FOLDER [COMMITS]

Several hundred files of source-like text grow and change; now and then one is new, moved or removed; a few
branches are merged. About one line in 10,000 gives a random value to a key. Everything is drawn from a fixed seed, so that each run makes the same commits.
"""

import random
import string
import subprocess
import sys
from pathlib import Path

WORDS = """account address amount answer array balance batch body bound buffer builder cache call cell
channel client clock column command config connect context count cursor customer data date deadline decode
delta depth detail device digest driver edge encode engine entry error event field file filter flag folder
format frame function graph group handle header height index input invoice item join kind label layer length
level limit line list load lock log map mark match message method metric model module name node number object
offset option order origin output owner packet page pair parent parse part path payload plan point policy
pool port prefix price query queue random range rate reader record region remote report request result retry
route row rule scale schema scope score search section segment sender server session shape shard signal size
slot sort source span stage state status step store stream string table tag target task text thread tick time
title total trace tree type unit update user value vector version view wait width window worker writer""".split()
FOLDERS = ["api", "core", "core/index", "core/store", "docs", "jobs", "lib", "lib/net", "tests", "web/views"]
NAMES = ["py", "rs", "ts", "go", "md", "yaml", "java", "css"]


def words(rng, least, most):
    return [rng.choice(WORDS) for _ in range(rng.randint(least, most))]


def line(rng):
    shape = rng.random()
    indent = "    " * rng.randint(0, 3)
    if shape < 0.25:
        return f"{indent}{'_'.join(words(rng, 1, 3))} = {rng.choice(WORDS)}.{rng.choice(WORDS)}({rng.randint(0, 9999)})"
    if shape < 0.4:
        return f"{indent}if {rng.choice(WORDS)} > {rng.choice(WORDS)}.{rng.choice(WORDS)}:"
    if shape < 0.55:
        return f"{indent}return {rng.choice(WORDS)}({', '.join(words(rng, 1, 4))})"
    if shape < 0.7:
        return f"{indent}# {' '.join(words(rng, 5, 14))}."
    if shape < 0.73:
        return f"{indent}token = read_token({rng.choice(WORDS)}, key={rng.choice(WORDS)})"
    if shape < 0.75:
        return f'{indent}password = os.environ["{rng.choice(WORDS).upper()}_PASSWORD"]'
    if shape < 0.7501:
        drawn = "".join(rng.choices(string.ascii_letters + string.digits, k=24))
        return f'{indent}api_key = "{drawn}"'
    if shape < 0.85:
        return f'{indent}{rng.choice(WORDS)}["{rng.choice(WORDS)}"] = "{" ".join(words(rng, 1, 6))}"'
    return f"{indent}{' '.join(words(rng, 3, 12))}"


class Writer:
    def __init__(self, to):
        self.to = to
        self.mark = 0

    def blob(self, text):
        raw = text.encode()
        self.mark += 1
        self.to.write(b"blob\nmark :%d\ndata %d\n" % (self.mark, len(raw)) + raw + b"\n")
        return self.mark

    def commit(self, branch, number, parents, changes):
        self.mark += 1
        when = 1_600_000_000 + number * 3_600
        message = f"change {number}".encode()
        head = f"commit refs/heads/{branch}\nmark :{self.mark}\n"
        head += f"author A <a@example.invalid> {when} +0100\ncommitter A <a@example.invalid> {when} +0100\n"
        self.to.write(head.encode() + b"data %d\n" % len(message) + message + b"\n")
        for word, parent in zip(["from", "merge"], parents):
            self.to.write(f"{word} :{parent}\n".encode())
        self.to.write("".join(changes).encode() + b"\n")
        return self.mark


def make(folder, commits):
    rng = random.Random(5_000)
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    importer = subprocess.Popen(
        ["git", "-C", folder, "fast-import", "--quiet", "--force"], stdin=subprocess.PIPE
    )
    writer = Writer(importer.stdin)
    files = {}

    def add(changes):
        path = f"{rng.choice(FOLDERS)}/{'_'.join(words(rng, 1, 3))}.{rng.choice(NAMES)}"
        files[path] = [line(rng) for _ in range(rng.randint(40, 700))]
        changes.append(put(path))

    def put(path):
        return f"M 100644 :{writer.blob(chr(10).join(files[path]) + chr(10))} {path}\n"

    def change(changes):
        path = rng.choice(list(files))
        lines = files[path]
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(lines))
            lines[at : at + rng.choice([0, 0, 1, 1, 2])] = [line(rng) for _ in range(rng.randint(0, 6))] or [line(rng)]
        changes.append(put(path))

    first = []
    for _ in range(300):
        add(first)
    tip = side = writer.commit("main", 0, [], first)
    for number in range(1, commits):
        changes = []
        for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4])):
            change(changes)
        if rng.random() < 0.06:
            add(changes)
        if rng.random() < 0.01:
            path = rng.choice(list(files))
            files.pop(path)
            changes = [one for one in changes if not one.endswith(f" {path}\n")] + [f"D {path}\n"]
        parents = [tip]
        if number % 40 == 0:
            parents.append(writer.commit("side", number, [side], [put(rng.choice(list(files)))]))
            side = tip
        tip = writer.commit("main", number, parents, changes)
    importer.stdin.close()
    if importer.wait() != 0:
        raise SystemExit("git fast-import failed")
    # What fast-import writes is hardly packed at all.
    subprocess.run(["git", "-C", folder, "repack", "-q", "-a", "-d", "-f"], check=True)
    subprocess.run(["git", "-C", folder, "reset", "-q", "--hard"], check=True)


if __name__ == "__main__":
    make(str(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 5_000)
