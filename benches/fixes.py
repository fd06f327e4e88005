#!/usr/bin/env python3
"""Whether suggested repairs resolve, and audit clean: on published crates with the lockfiles they came with.

Usage: benches/fixes.py SEAWORTHY INDEX

For each crate: cargo fetches it, `seaworthy fix --dependencies` repairs a copy, cargo resolves the result with
`--locked`, and an audit looks at it again. Exit code 1 if a suggested repair failed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CRATES = [
    "bat@0.12.1",
    "bat@0.18.3",
    "cargo-audit@0.15.0",
    "hyperfine@1.9.0",
    "hyperfine@1.13.0",
    "just@0.9.4",
    "nu@0.32.0",
    "oha@0.4.7",
    "oha@0.5.1",
    "ripgrep@12.1.1",
]
RULES = {"vulnerable", "malicious", "unsound", "unmaintained"}
LINE = "{:20} {:>8} {:>9} {:>6} {:>7} {:>5} {:>8} {:>6} {}"


def source(crate: str) -> Path:
    """The folder into which cargo unpacks a crate once it is asked about it."""
    ask = ["cargo", "info", "--quiet", crate]
    subprocess.run(ask, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return next(home.glob(f"registry/src/*/{crate.replace('@', '-')}"))


def findings(seaworthy: str, index: str, folder: Path) -> list[dict]:
    """What an audit finds against packages."""
    scan = [seaworthy, "scan", str(folder), "--only", "dependency", "--offline", "--pedantic",
            "--advisory-db", index, "--report", "json", "--no-progress"]
    report = json.loads(subprocess.run(scan, stdout=subprocess.PIPE, check=False).stdout)
    return [one for one in report["findings"] if one["rule"].split("/")[1] in RULES]


def commands(found: list[dict]) -> set[tuple[str, str]]:
    """The packages that the suggested commands move."""
    moved = set()
    for one in found:
        words = ((one.get("fix") or {}).get("command") or "").split()
        if words:
            name, _, version = words[3].partition("@")
            moved.add((name, version or one["package"]["version"]))
    return moved


def measure(seaworthy: str, index: str, crate: str, folder: Path) -> tuple[list, bool]:
    """One row of the table, and whether all that was suggested went well."""
    shutil.copytree(source(crate), folder)
    before = findings(seaworthy, index, folder)
    suggested = commands(before)
    fix = [seaworthy, "fix", "--dependencies", str(folder), "--advisory-db", index]
    told = subprocess.run(fix, stdout=subprocess.PIPE, text=True, check=False).stdout
    (folder.parent / f"{folder.name}.txt").write_text(told)
    moved = set(re.findall(r"^moved (\S+) (\S+) → (\S+)", told, re.M))
    refused = re.findall(r"^blocked: (\S+) (\S+) → .*", told, re.M)
    locked = ["cargo", "metadata", "--locked", "--format-version", "1"]
    resolved = subprocess.run(locked, cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0
    after = findings(seaworthy, index, folder)
    weak = {(one["package"]["name"], one["package"]["version"]) for one in after
            if not one["rule"].endswith("/unmaintained")}
    unclean = [step for step in moved if (step[0], step[2]) in weak or step[:2] in weak]
    parents = sum((one.get("fix") or {}).get("command") is None and one.get("fix") is not None
                  for one in after)
    good = resolved and not refused and not unclean and not commands(after)
    row = [crate, len(before), len(suggested), len(moved), len(refused), len(unclean),
           "yes" if resolved else "NO", len(after), f"({parents} blocked by parents)"]
    return row, good


def main() -> int:
    seaworthy, index = str(Path(sys.argv[1]).resolve()), str(Path(sys.argv[2]).resolve())
    print(LINE.format("crate", "findings", "suggested", "moved", "refused", "dirty", "resolves",
                      "left", ""))
    total = True
    with tempfile.TemporaryDirectory() as scratch:
        for crate in CRATES:
            row, good = measure(seaworthy, index, crate, Path(scratch) / crate)
            print(LINE.format(*row), flush=True)
            total &= good
        if keep := os.environ.get("KEEP"):
            shutil.copytree(scratch, keep, dirs_exist_ok=True)
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
