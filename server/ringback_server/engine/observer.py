"""What the engine lets others measure: a seam for metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ringback_server.tracing import NoSpans, Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """How many executions and threads are in which state, at one moment."""

    #: executions that a thread drives, or that are queued for one
    in_hand: int
    #: of those, waiting for a thread
    queued: int
    #: of those, resident: a thread is blocked on their mailbox
    blocked: int
    idle_threads: int
    #: executions that threads drive or that are ready to be driven; those that begin too
    running: int = 0
    #: requests of executions that have no answer yet
    requests: int = 0


class EngineObserver(Protocol):
    """Hears of what happens, on the threads that do it, so it must be quick; times in seconds."""

    def resumed(self, seconds: float) -> None:
        """Hear how long after a callback came its execution went on with it."""
        ...

    def expired(self, lag: float) -> None:
        """Hear how long after a deadline its execution went on."""
        ...

    def requested(self, outcome: str, seconds: float) -> None:
        """Hear what came of a request of an execution, one of few words, and how long it took."""
        ...

    def deleted(self, kind: str, count: int) -> None:
        """Hear how many rows of a kind were removed because they were old."""
        ...


class NoEngineObserver:
    """Measures nothing."""

    def resumed(self, seconds: float) -> None:
        """Do nothing."""

    def expired(self, lag: float) -> None:
        """Do nothing."""

    def requested(self, outcome: str, seconds: float) -> None:
        """Do nothing."""

    def deleted(self, kind: str, count: int) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who looks on while the engine works."""

    observer: EngineObserver = field(default_factory=NoEngineObserver)
    spans: Spans = field(default_factory=NoSpans)
