"""Following a log: what is new since the last look, looked for again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from ringback.v1.logs_pb2 import LogEntry

# An entry has the time at which it was made, and can be seen once it is stored: one that was made
# earlier may be stored later.
_OVERLAP = timedelta(seconds=5)


def follow(
    entries_since: Callable[[datetime], Iterable[LogEntry]], since: datetime
) -> Iterator[list[LogEntry]]:
    """Yield for each look the entries that are new, oldest first; never ends by itself.

    `entries_since` returns the entries from a time on, oldest first.
    """
    seen = Counter[bytes]()
    start = since
    while True:
        found = list(entries_since(start))
        again = Counter(seen)
        new: list[LogEntry] = []
        for entry in found:
            key = entry.SerializeToString(deterministic=True)
            # The same text may be logged twice at the same time: count, do not just compare.
            if again[key]:
                again[key] -= 1
            else:
                new.append(entry)
        yield new
        latest = max((_time(entry) for entry in found), default=start)
        start = max(start, latest - _OVERLAP)
        seen = Counter(
            entry.SerializeToString(deterministic=True) for entry in found if _time(entry) >= start
        )


def _time(entry: LogEntry) -> datetime:
    return entry.timestamp.ToDatetime(tzinfo=UTC)
