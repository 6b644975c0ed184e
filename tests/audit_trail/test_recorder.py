"""What waits in memory, what is counted, and what is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ringback_server.audit_trail.folding import WINDOW, Folding
from ringback_server.audit_trail.recorder import Recorder
from ringback_server.errors import StorageFullError
from ringback_server.model.audit import AuditEntry, AuditKind
from tests.audit_trail.trails import Dropped
from tests.clocks import FakeClock

#: how many different refusals a minute may have in memory and on disk
_MOST = 320


def entry(principal: str = "", peer: str = "10.0.0.1:1", resource: str = "") -> AuditEntry:
    """Return an entry of a refusal."""
    return AuditEntry(
        time=1.0,
        project="",
        kind=AuditKind.NONE,
        principal=principal,
        token_id="",
        method="",
        resource=resource,
        permission="",
        status="UNAUTHENTICATED",
        reason="TOKEN_INVALID",
        peer=peer,
        edge="http",
        request_id="",
    )


@dataclass(slots=True)
class Entries:
    """Takes entries while there is room."""

    full: bool = False
    stored: list[AuditEntry] = field(default_factory=list[AuditEntry])

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Take them, or raise StorageFullError."""
        if self.full:
            raise StorageFullError
        self.stored += entries


def test_strangers_when_they_are_many() -> None:
    """A flood from more addresses than are told apart is a bounded number of entries."""
    entries, clock = Entries(), FakeClock()
    recorder = Recorder(entries, clock, Dropped(), level="writes")
    for number in range(20_000):
        recorder.refused(entry(peer=f"10.{number % 250}.0.{number % 7}:{number}"))
        recorder.refused(entry("a@b", resource=f"projects/{number}"))
    recorder.start()
    recorder.close()

    assert 40_000 == sum(one.times for one in entries.stored)
    assert 2 * (_MOST + 2) >= len(entries.stored)
    assert {"OTHERS", "UNAUTHENTICATED"} == {one.status for one in entries.stored}


def test_refusals_when_a_minute_is_over() -> None:
    """What was counted is told, and the next one is an entry of its own again."""
    folding = Folding(8, each=8)
    first = [folding.first(entry(), float(second)) for second in range(3)]
    early = folding.due(WINDOW - 1)
    late = folding.due(WINDOW)
    again = folding.first(entry(), WINDOW + 1)

    assert [entry(), None, None] == first
    assert ([], [entry()._replace(times=2)], entry()) == (early, late, again)


def test_refusals_when_one_caller_makes_up_many() -> None:
    """Its own are counted together, by project while it has a share; those of others are kept."""
    folding = Folding(100, each=2)
    for project in ("red", "blue", "green", "black"):
        for number in range(50):
            name = f"projects/{project}/{number}"
            folding.first(entry("a@b", resource=name)._replace(project=project), 0.0)
    other = entry("c@d", resource="projects/red/1")

    assert other == folding.first(other, 0.0)
    counted = [(one.status, one.project, one.principal, one.times) for one in folding.due(WINDOW)]
    # Of each, the first is an entry of its own.
    assert [
        ("OTHERS", "red", "a@b", 47),
        ("OTHERS", "blue", "a@b", 49),
        ("OTHERS", "", "a@b", 99),
    ] == counted
    assert other == folding.first(other, WINDOW)
    for number in range(3):
        again = entry("a@b", resource=str(number))
        kept = folding.first(again, WINDOW)
        assert kept is not None
        assert (again.status if number < 2 else "OTHERS") == kept.status


def test_entries_when_nothing_can_be_stored() -> None:
    """They wait as long as there is room in memory, and are stored later."""
    entries, dropped, clock = Entries(full=True), Dropped(), FakeClock()
    recorder = Recorder(entries, clock, dropped, level="all")
    for number in range(10_005):
        recorder.offer(entry("a@b", resource=str(number)))
    entries.full = False
    recorder.start()
    recorder.close()

    assert (5, 10_000) == (dropped.count, len(entries.stored))
    assert [str(number) for number in range(10_000)] == [one.resource for one in entries.stored]
