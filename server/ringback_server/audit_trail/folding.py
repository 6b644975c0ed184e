"""Refusals that repeat become one entry with a number, so that nobody fills a disk with them."""

from __future__ import annotations

from collections import Counter
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
    Others choose what they ask for, so each has a share of its own: nobody hides what somebody
    else was refused. It is used by one thread at a time.
    """

    def __init__(self, most: int, *, each: int) -> None:
        """Tell `most` kinds apart within a window, and `each` of one principal.

        What comes beyond that is counted by principal and project, for as many again; then by
        principal; and beyond `most` as one.
        """
        self._most = most
        self._each = each
        self._windows: dict[_Key, _Window] = {}
        #: how many of them each principal has
        self._shares = Counter[str]()

    def __repr__(self) -> str:
        return f"<Folding {len(self._windows)} kinds>"

    @property
    def counting(self) -> bool:
        """Whether there is anything that `due` will return."""
        return any(window.counted for window in self._windows.values())

    def first(self, entry: AuditEntry, now: float) -> AuditEntry | None:
        """Return the entry if it is to be kept by itself; `now` is in monotonic seconds."""
        key, entry = self._told_apart(entry)
        window = self._windows.get(key)
        if window is None:
            self._shares[entry.principal] += 1
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
        self._shares -= Counter(one.last.principal for one in windows)
        return [one.last._replace(times=one.counted) for one in windows if one.counted]

    def _told_apart(self, entry: AuditEntry) -> tuple[_Key, AuditEntry]:
        """Return what an entry is counted by, and what is left of it then."""
        key, principal = _key(entry), entry.principal
        had = self._shares[principal]
        others = _other(entry)._replace(principal=principal, token_id=entry.token_id)
        ways = [(key, entry, had < self._each or not principal)]
        if principal:
            of_project = others._replace(project=entry.project)
            its = (_OTHERS, principal, entry.project)
            ways += [(its, of_project, had < 2 * self._each), ((_OTHERS, principal), others, True)]
        room = len(self._windows) < self._most
        for way, left, share in ways:
            if way in self._windows or (share and room):
                return way, left
        return (_OTHERS,), _other(entry)


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
