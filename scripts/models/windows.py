#!/usr/bin/env python3
"""Counts how common four bytes in a row are in source text, for `src/engines/secret/windows.bin`.

    scripts/models/windows.py FOLDER... > src/engines/secret/windows.bin

The table that is in the tree was made from the texts that `bigrams.py` names.

Each byte of the output is for all windows of one hash: how many eighths of a bit they are more common than
one in 2^32, at most 255. Letters count in either case.
"""

import collections
import math
import pathlib
import sys

HASH_BITS = 15
FOLD = 0x20202020
SUFFIXES = {".py", ".rs"}


def slot_of(window: int) -> int:
    """The same hash as in `keywords.rs`."""
    return ((window | FOLD) * 0x9E3779B1 & 0xFFFFFFFF) >> (32 - HASH_BITS)


def main() -> None:
    """Counts all files below the folders, then writes the table."""
    counts: collections.Counter[bytes] = collections.Counter()
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix in SUFFIXES and "test" not in path.as_posix():
                text = path.read_bytes()
                counts.update(text[at : at + 4] for at in range(len(text) - 3))
    total = sum(counts.values())
    slots = [0] * (1 << HASH_BITS)
    for window, count in counts.items():
        slots[slot_of(int.from_bytes(window, "little"))] += count
    table = bytes(
        min(255, round(8 * (32 + math.log2(count / total)))) if count else 0 for count in slots
    )
    sys.stdout.buffer.write(table)


if __name__ == "__main__":
    main()
