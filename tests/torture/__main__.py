"""`python -m tests.torture`: kills servers for as long as it is told to."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.siege import Siege
from tests.torture.verdict import complaints


def main(arguments: list[str]) -> int:
    """Run one siege after the other; 1 if a store was not what its clients had been told."""
    options = _options(arguments)
    began, kills, number = time.monotonic(), 0, 0
    while kills < options.kills and (left := options.seconds - time.monotonic() + began) > 0:
        seed = options.seed + number
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            siege = Siege(home, seed)
            print(f"seed {seed}:", end=" ", flush=True)
            report = siege.run(kills=min(options.each, options.kills - kills), seconds=left)
            print(report, flush=True)
            found = complaints(siege.directory, report.ledgers)
            if found:
                print(*found, (home / "server.log").read_text()[-10_000:], sep="\n")
                return 1
        kills += report.kills
        number += 1
    print(f"{kills} kills, nothing lost, nothing twice")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--kills", type=int, default=500, help="how many in all")
    parser.add_argument("--seconds", type=float, default=1_200, help="stop after so long")
    parser.add_argument("--each", type=int, default=100, help="how many on one data dir")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
