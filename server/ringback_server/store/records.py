"""What goes into the store for executions and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import (
    CallLogLevel,
    ExecutionState,
    Failure,
    HistoryLevel,
    LogEntry,
    StepPlace,
)
from ringback_server.model.steps import StepHistory


class Phase(IntEnum):
    """Where an execution is in its life, as its driver sees it."""

    QUEUED = 0  #: stored, never advanced
    RUNNABLE = 1  #: an advance can move it on now
    WAITING = 2  #: nothing but an event or its wake time can
    ENDED = 3


class RequestId(msgspec.Struct, frozen=True):
    """The id of a request that may be repeated, and a digest of what it asks for."""

    id: str
    digest: bytes


class NewExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as it is created."""

    #: UUIDv7, 16 bytes
    uid: bytes
    workflow_key: int
    revision_key: int
    #: JSON text
    argument: str
    labels: Mapping[str, str]
    call_log_level: CallLogLevel
    history_level: HistoryLevel
    #: what its creator said; shown, and nothing else
    buffered: bool = True
    create_time: float
    #: W3C traceparent of the request that creates it
    trace: str | None = None
    #: how many executions wait for its end, one for another
    depth: int = 0
    request: RequestId | None = None
    #: it is refused if it would be queued and as many are; None: it may be, whatever there is
    max_queued: int | None = None


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A callback endpoint that an advance created."""

    number: int
    method: str


class NewWait(msgspec.Struct, frozen=True, kw_only=True):
    """An await of a callback that began; waits for time alone are not stored."""

    number: int
    endpoint: int


class NewChildren(msgspec.Struct, frozen=True, kw_only=True):
    """A wait for executions that begins by creating them."""

    number: int
    #: whether it is over once they have ended, or at once
    awaited: bool
    executions: tuple[NewExecution, ...]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How an execution ended; `result` is JSON text."""

    state: ExecutionState
    result: str | None
    failure: Failure | None
    time: float


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What one advance did; it is stored in one transaction."""

    phase: Phase
    #: the packed machine; None once ended
    state: bytes | None
    #: earliest deadline of the open waits
    wake: float | None
    current_steps: tuple[StepPlace, ...]
    #: how many of the open waits are for an answer to a request
    requests: int = 0
    endpoints: tuple[NewEndpoint, ...] = ()
    opened: tuple[NewWait, ...] = ()
    #: waits that ended with the payload they were given
    consumed: tuple[int, ...] = ()
    #: waits for a callback that ended without one: by their deadline, or given up; waits for
    #: executions that ended by their deadline
    expired: tuple[int, ...] = ()
    children: tuple[NewChildren, ...] = ()
    #: waits for executions that ended because they were over
    finished: tuple[int, ...] = ()
    entries: tuple[LogEntry, ...] = ()
    history: StepHistory = msgspec.field(default_factory=StepHistory)
    end: End | None = None
    #: when its first slice began
    began: float
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A payload that a wait was given: the request map as `payloads` packs it."""

    wait: int
    payload: bytes
    #: when it came, in Unix seconds; None if it was there before the wait
    received: float | None = field(default=None, compare=False)


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A stored advance, and the payloads that its newly opened waits found."""

    deliveries: tuple[Delivery, ...] = ()
    #: keys of the executions that it created; they are queued
    children: tuple[int, ...] = ()


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to drive an execution on."""

    key: int
    name: ExecutionName
    revision_key: int
    argument: str
    #: None: it was never advanced
    state: bytes | None
    fence: int
    deliveries: tuple[Delivery, ...]
    phase: Phase
    #: what it says itself, or else its workflow
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    #: W3C traceparent of the request that created it
    trace: str | None = None
    #: how many executions wait for its end, one for another
    depth: int = 0


class Refused(Exception):  # noqa: N818 - a signal between store and engine, not a failure
    """An advance was not stored: something else came first."""


class Overtaken(Refused):
    """Something came before a timeout, or a workflow was deleted: load again and advance."""


class Superseded(Refused):
    """The execution has ended, is gone, or was taken over: let go of it."""
