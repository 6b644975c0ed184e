"""`ringback backup`: copies the data of a server, also while it runs, and checks such copies."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ringback_server.settings import Settings
from ringback_server.store.backup import BackupError, back_up, inspect
from ringback_server.store.data_dir import database_of


def backup(arguments: Sequence[str]) -> int:
    """Make or check a copy; returns the exit code."""
    return run(arguments, os.environ)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Make or check a copy; returns the exit code: 1 when that failed or the copy is damaged."""
    parser = argparse.ArgumentParser(
        prog="ringback backup",
        description="Copy all data of a server into one file, while it runs or not.",
        epilog="To restore, put FILE as ringback.db into an empty data dir and start a server.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the copy, a new file")
    parser.add_argument("--verify", action="store_true", help="check a copy that was made before")
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        default=Path(environment.get("RINGBACK_DATA_DIR") or Settings().data_dir),
        help="what to copy (default %(default)s) [RINGBACK_DATA_DIR]",
    )
    given = parser.parse_args(arguments)
    try:
        return _verify(given.file) if given.verify else _back_up(given.data_dir, given.file)
    except BackupError as error:
        sys.stderr.write(f"ringback backup: {error}\n")
        return 1


def _back_up(data_dir: Path, file: Path) -> int:
    size = back_up(database_of(data_dir), file)
    sys.stdout.write(
        f"{file}: {size} bytes, all of {data_dir}.\n"
        "It holds the keys that sign tokens: whoever can read it can act as anybody. "
        "Only you can (mode 0600).\n"
    )
    return 0


def _verify(file: Path) -> int:
    contents = inspect(file)
    sys.stdout.write(f"schema {contents.schema}\n")
    for name, count in contents.counts.items():
        sys.stdout.write(f"{name}: {count}\n")
    for complaint in contents.complaints:
        sys.stderr.write(f"ringback backup: {file}: {complaint}\n")
    sys.stdout.write("damaged\n" if contents.complaints else "ok\n")
    return 1 if contents.complaints else 0
