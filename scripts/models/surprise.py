#!/usr/bin/env python3
"""Prints how surprising drawn values are, and the values that source trees give to names of secrets.

    scripts/models/surprise.py FOLDER...

The thresholds in `src/engines/secret/generic/randomness.rs` were read off this. Each line has a kind, a length
(or the least and the most), how many values, and the bits per character, by the table that
`scripts/models/bigrams.py` makes, below which 1 in 1,000, 1 %, 5 %, 50 %, 95 % and 99 % of them are.
"""

import pathlib
import random
import re
import string
import sys

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789_-./ "
SIZE = len(ALPHABET) + 1
SHARES = (0.001, 0.01, 0.05, 0.5, 0.95, 0.99)
KINDS = {
    "hexadecimal": string.hexdigits[:16],
    "letters and digits": string.ascii_letters + string.digits,
    "lower case and digits": string.ascii_lowercase + string.digits,
    "with marks": string.ascii_letters + string.digits + "!#$%&*+-=?@^_~",
}
ASSIGNED = re.compile(
    rb"(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)"
    rb"\w{0,12}[\"'\]]{0,2}\s{0,3}(?::|=|=>|:=)\s{0,3}[\"'`]([!#-&*-;=?-Z^-_a-z|~]{8,200})[\"'`]"
)
TABLE = pathlib.Path(__file__).parents[2] / "src/engines/secret/bigrams.bin"


def surprise(value: bytes, table: bytes) -> float:
    """Bits per character but the first, as `likelihood.rs` counts them."""
    rows = []
    for byte in value:
        found = ALPHABET.find(" " if byte in b"\t\r\n" else chr(byte).lower())
        rows.append(found if found >= 0 else SIZE - 1)
    costs = [table[before * SIZE + after] for before, after in zip(rows, rows[1:])]
    return sum(costs) / 8 / max(1, len(costs))


def tell(kind: str, length: str, bits: list[float]) -> None:
    """Prints one line."""
    bits.sort()
    shares = "  ".join(f"{bits[int(len(bits) * share)]:5.2f}" for share in SHARES)
    print(f"{kind:24} {length:>7} {len(bits):6}  {shares}")


def main() -> None:
    """Draws, reads, prints."""
    table = TABLE.read_bytes()
    drawer = random.Random(1)
    for kind, characters in KINDS.items():
        for length in (8, 12, 16, 24, 32, 40):
            values = ["".join(drawer.choices(characters, k=length)).encode() for _ in range(4000)]
            tell(kind, str(length), [surprise(value, table) for value in values])
    seen = set()
    for folder in sys.argv[1:]:
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 3_000_000:
                seen.update(ASSIGNED.findall(path.read_bytes()))
    seen = {value for value in seen if re.search(rb"[0-9]", value)}
    for least, most in ((8, 11), (12, 19), (20, 31), (32, 200)):
        bits = [surprise(value, table) for value in seen if least <= len(value) <= most]
        if bits:
            tell("in the folders", f"{least}-{most}", bits)


if __name__ == "__main__":
    main()
