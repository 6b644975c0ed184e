"""What a client asked for and what it was told, to be held against the store afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class Answer(Enum):
    """What a client knows about something it asked for."""

    ACKNOWLEDGED = "acknowledged"
    #: an answer that says no: nothing was stored
    REFUSED = "refused"
    #: no answer, or one that leaves it open
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Payload:
    """A callback that was sent, perhaps several times with the same key."""

    id: str
    key: str | None
    last: bool
    answer: Answer = Answer.UNKNOWN
    #: as the answer named it
    payload_id: str = ""


@dataclass(slots=True)
class Entry:
    """An execution and what was done to it, in the order in which it was done."""

    id: str
    workflow: str
    answer: Answer = Answer.UNKNOWN
    name: str = ""
    payloads: list[Payload] = field(default_factory=list[Payload])
    cancelled: Answer = Answer.REFUSED
    #: an answer said that it had ended, or it was asked to end
    over: bool = False


@dataclass(slots=True)
class Ledger:
    """The record of one client: nobody else touches what it creates."""

    entries: list[Entry] = field(default_factory=list[Entry])
    #: workflows whose deletion was acknowledged
    deleted: set[str] = field(default_factory=set[str])
    #: workflows whose deletion was asked for and not answered
    perhaps_deleted: set[str] = field(default_factory=set[str])
    #: how many answers of which kind there were, for the report
    answers: Counter[str] = field(default_factory=Counter[str])

    def live(self) -> list[Entry]:
        """Return the executions that callbacks can be sent to."""
        return [e for e in self.entries if e.answer is Answer.ACKNOWLEDGED and not e.over]
