"""Following a log or the audit: what is new since the last look, looked for again and again."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import typer

from ringback.v1.audit_pb2 import AuditEntry
from ringback.v1.logs_pb2 import LogEntry
from ringback_client.cli.endings import INTERRUPTED

Entry = TypeVar("Entry", LogEntry, AuditEntry)

_LOOK_SECONDS = 1.0
# An entry has the time at which it was made, and can be seen once it is stored: one that was made
# earlier may be stored later.
_OVERLAP = timedelta(seconds=5)


def print_until_interrupted(
    looks: Iterable[list[Entry]], write: Callable[[list[Entry]], None]
) -> None:
    """Write what each look finds, a second after the one before; raises typer.Exit on Ctrl-C."""
    try:
        for entries in looks:
            write(entries)
            sys.stdout.flush()
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def follow(
    entries_since: Callable[[datetime], Iterable[Entry]],
    since: datetime,
    overlap: timedelta = _OVERLAP,
) -> Iterator[list[Entry]]:
    """Yield for each look the entries that are new, oldest first; never ends by itself.

    `entries_since` returns the entries from a time on, oldest first. An entry is stored within
    `overlap` of the time that it has.
    """
    seen = Counter[bytes]()
    start = since
    while True:
        found = list(entries_since(start))
        again = Counter(seen)
        new: list[Entry] = []
        for entry in found:
            key = entry.SerializeToString(deterministic=True)
            # The same text may be logged twice at the same time: count, do not just compare.
            if again[key]:
                again[key] -= 1
            else:
                new.append(entry)
        yield new
        latest = max((_time(entry) for entry in found), default=start)
        start = max(start, latest - overlap)
        seen = Counter(
            entry.SerializeToString(deterministic=True) for entry in found if _time(entry) >= start
        )


def since_filter(text: str, since: datetime) -> str:
    """Join a filter with a time from which on entries are wanted."""
    terms = [f"({text})"] if text.strip() else []
    terms.append(f'timestamp>="{since.isoformat().replace("+00:00", "Z")}"')
    return " AND ".join(terms)


def _time(entry: LogEntry | AuditEntry) -> datetime:
    return entry.timestamp.ToDatetime(tzinfo=UTC)
