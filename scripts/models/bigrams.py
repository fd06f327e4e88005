#!/usr/bin/env python3
"""Counts which character follows which in words and source text, for `src/engines/secret/bigrams.bin`.

    scripts/models/bigrams.py FOLDER... > src/engines/secret/bigrams.bin

The table that is in the tree was made from CPython 3.11's standard library without its tests (PSF licence)
and from the crates rayon, regex-automata, syn and clap_builder (MIT or Apache-2.0).

The output has 42 rows of 42 bytes: for each character the cost of each one that may follow it, in eighths of
a bit (8 * -log2(probability), at most 255). Characters are a to z (either case), 0 to 9, `_`, `-`,
`.`, `/`, blank (line ends, too), and all others as one.
"""

import math
import pathlib
import sys

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789_-./ "
OTHER = len(ALPHABET)
SIZE = OTHER + 1
SUFFIXES = {".py", ".rs"}


def index_of(byte: int) -> int:
    """The row of a byte."""
    character = " " if byte in b"\t\r\n" else chr(byte).lower()
    found = ALPHABET.find(character) if byte < 128 else -1
    return found if found >= 0 else OTHER


def main() -> None:
    """Counts all files below the folders, then writes the table."""
    rows = [index_of(byte) for byte in range(256)]
    counts = [[1] * SIZE for _ in range(SIZE)]
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix not in SUFFIXES or "test" in path.as_posix():
                continue
            before = OTHER
            for byte in path.read_bytes():
                row = rows[byte]
                if row != ALPHABET.index(" ") or before != row:
                    counts[before][row] += 1
                before = row
    table = bytearray()
    for row in counts:
        total = sum(row)
        table.extend(min(255, round(-8 * math.log2(count / total))) for count in row)
    sys.stdout.buffer.write(bytes(table))


if __name__ == "__main__":
    main()
