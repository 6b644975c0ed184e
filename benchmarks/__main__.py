"""`python -m benchmarks`: measures every row, prints it with its targets, and keeps the figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.asking import ROOT
from benchmarks.bench import Bench, Options
from benchmarks.figures import Figure, as_json, lines
from benchmarks.peers.systems import SYSTEMS
from benchmarks.rows.table import ROWS

_RESULTS = ROOT / "benchmarks" / "results.json"


def main(arguments: Sequence[str]) -> int:
    """Measure the rows that were asked for."""
    asked = _parser().parse_args(arguments)
    rows: list[str] = asked.rows
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        bench = Bench(home=Path(home), options=_options(asked))
        for row in rows:
            for figure in ROWS[row](bench):
                print(*lines(figure), sep="\n", flush=True)
                figures.append(figure)
    out: Path = asked.out
    out.write_text(json.dumps(_results(figures, bench.options), indent=1) + "\n")
    print(f"\nwritten to {out}; `make bench-report` makes tables and plots of it")
    return 0


def _parser() -> argparse.ArgumentParser:
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", allow_abbrev=False)
    parser.add_argument("--rows", type=_names(ROWS), default=list(ROWS), help=", ".join(ROWS))
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of a round")
    parser.add_argument("--rounds", type=int, default=default.rounds)
    parser.add_argument("--clients", type=int, default=default.clients)
    parser.add_argument("--callbacks", type=int, default=default.callbacks, help="in each round")
    parser.add_argument("--waiting", type=_numbers, default=default.waiting, help="N,N,…")
    parser.add_argument("--flood-seconds", type=float, default=default.flood_seconds)
    parser.add_argument("--deadlines", type=int, default=default.deadlines)
    parser.add_argument(
        "--peers", type=_names(SYSTEMS), default=list(SYSTEMS), help="none, or NAME,NAME,…"
    )
    parser.add_argument("--out", type=Path, default=_RESULTS, help="where figures go, as JSON")
    return parser


def _options(asked: argparse.Namespace) -> Options:
    return Options(
        seconds=asked.seconds,
        rounds=asked.rounds,
        clients=asked.clients,
        callbacks=asked.callbacks,
        waiting=asked.waiting,
        flood_seconds=asked.flood_seconds,
        deadlines=asked.deadlines,
        peers=tuple(asked.peers),
    )


def _results(figures: Sequence[Figure], options: Options) -> dict[str, object]:
    return {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "grpcio": version("grpcio"),
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
        },
        "options": {
            "seconds": options.seconds,
            "rounds": options.rounds,
            "clients": options.clients,
            "callbacks": options.callbacks,
        },
        "figures": [as_json(figure) for figure in figures],
    }


def _names(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a reader of some of these names, between commas; `none` for none of them."""
    all_of_them = list(known)

    def read(text: str) -> list[str]:
        names = [] if text == "none" else text.split(",")
        if not set(names) <= set(all_of_them):
            raise argparse.ArgumentTypeError(f"choose among {', '.join(all_of_them)}")
        return names

    return read


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
