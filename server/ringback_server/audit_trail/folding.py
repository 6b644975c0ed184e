"""Refusals that repeat become one entry with a number, so that nobody fills a disk with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringback_server.model.audit import AuditEntry

#: how long refusals that are alike are counted together, in seconds
WINDOW: Final = 60.0
_OTHERS: Final = "OTHERS"

_Key = tuple[str, ...]


@dataclass(slots=True)
class _Window:
    began: float
    #: the last entry, which stands for all that were counted
    last: AuditEntry
    counted: int = 0


class Folding:
    """Lets the first of each kind through, and counts what follows.

    Of strangers only the address counts, not the port nor what they asked for: they choose both.
    It is used by one thread at a time.
    """

    def __init__(self, most: int) -> None:
        """Tell `most` kinds apart within a window; what comes beyond them is counted as one."""
        self._most = most
        self._windows: dict[_Key, _Window] = {}

    def __repr__(self) -> str:
        return f"<Folding {len(self._windows)} kinds>"

    @property
    def counting(self) -> bool:
        """Whether there is anything that `due` will return."""
        return any(window.counted for window in self._windows.values())

    def first(self, entry: AuditEntry, now: float) -> AuditEntry | None:
        """Return the entry if it is to be kept by itself; `now` is in monotonic seconds."""
        key = _key(entry)
        window = self._windows.get(key)
        if window is None and len(self._windows) >= self._most:
            key, entry = (_OTHERS,), _other(entry)
            window = self._windows.get(key)
        if window is None or (now - window.began >= WINDOW and not window.counted):
            self._windows[key] = _Window(now, entry)
            return entry
        window.last = entry
        window.counted += 1
        return None

    def due(self, now: float) -> list[AuditEntry]:
        """Return what was counted in windows that are over, and forget those."""
        over = [key for key, one in self._windows.items() if now - one.began >= WINDOW]
        windows = [self._windows.pop(key) for key in over]
        return [one.last._replace(times=one.counted) for one in windows if one.counted]


def _key(entry: AuditEntry) -> _Key:
    if not entry.principal:
        return (entry.status, entry.reason, entry.edge, entry.peer.rpartition(":")[0])
    return (
        entry.status,
        entry.reason,
        entry.principal,
        entry.token_id,
        entry.method,
        entry.resource,
    )


def _other(entry: AuditEntry) -> AuditEntry:
    """Return what is left of an entry that stands for very different ones."""
    return entry._replace(
        project="",
        principal="",
        token_id="",
        method="",
        resource="",
        permission="",
        status=_OTHERS,
        reason="",
        peer="",
        request_id="",
    )
