"""What a machine and its engine say to one another: inputs of an advance and its outcome.

The machine itself does nothing to the world: it asks for effects, which start once the advance
that asked for them is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from ringback_server.lang.connectors import ConnectorCall, Connectors
from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest
from ringback_server.lang.values import Map, Value
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    Failure,
    HistoryLevel,
    StepPlace,
)
from ringback_server.model.steps import StepHistory


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same over an execution's life in one process."""

    name: ExecutionName
    #: what `sys.get_env` reads: user variables and GOOGLE_CLOUD_… ones
    environment: Mapping[str, str]
    #: scheme and authority in front of callback paths, without a final slash
    callback_base_url: str
    #: what is known of Google's services
    connectors: Connectors


@dataclass(frozen=True, slots=True)
class Delivered:
    """The wait ended with a callback's request map."""

    wait: int
    value: Value


@dataclass(frozen=True, slots=True)
class Expired:
    """The wait's deadline came first."""

    wait: int


@dataclass(frozen=True, slots=True)
class Responded:
    """The wait ended with what came of its request."""

    wait: int
    answer: HttpAnswer


@dataclass(frozen=True, slots=True)
class Finished:
    """The wait ended with the executions that it had created, in the order of its requests.

    They have ended if the wait was for that; else they are as they were created.
    """

    wait: int
    executions: tuple[Execution, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The wait ended because an execution could not be created: an HTTP status and its name."""

    wait: int
    code: int
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The call ended with a value, whatever it was waiting for: tests stand in for the world."""

    wait: int
    value: Value


@dataclass(frozen=True, slots=True)
class Raised:
    """The call ended with an error, a string or a map, whatever it was waiting for."""

    wait: int
    error: str | Map


#: a deadline nearer than this, in seconds, has come: what sums of times differ by is less
TICK: Final = 1e-6

Event = Delivered | Expired | Responded | Finished | Refused | Returned | Raised


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything from outside that one advance may depend on."""

    #: Unix seconds; what `sys.now` returns throughout this advance
    now: float
    #: 16 random bytes, from which the advance derives what it needs of randomness
    seed: bytes
    #: ends of waits; an event for a wait that is no longer open is ignored
    events: Sequence[Event] = ()
    #: steps after which the advance pauses at the next opportunity
    budget: int


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """Create the execution's `number`-th callback endpoint (from 0)."""

    number: int
    method: str
    #: the step that asked for it
    place: StepPlace | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Write a log entry: `text`, or `json` as JSON text."""

    severity: str
    text: str | None
    json: str | None
    place: StepPlace


Effect = OpenEndpoint | Log


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRequest:
    """An execution to create; `argument` is JSON text."""

    workflow: WorkflowName
    argument: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    #: shown, and nothing else: there is always room in the queue for it
    buffered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """Executions that are created when the wait is stored, once and for all."""

    requests: tuple[ChildRequest, ...]
    #: whether the wait is for their ends, or for their creation only
    awaited: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """A blocked strand: waits for a callback at `endpoint`, for `deadline`, or for either.

    Or for the answer to `request`, which is an effect too: the engine sends it while the wait is
    open, and again when an answer was lost. Or for `children`, or for what a `connector` returns
    that nothing is known of here. `number` is unique within the execution and grows in the order
    in which waits begin; `deadline` is in Unix seconds.
    """

    number: int
    endpoint: int | None
    deadline: float | None
    request: HttpRequest | None = None
    children: Children | None = None
    connector: ConnectorCall | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a wait is part of: the library function that a step calls; None: a retry."""

    function: str | None
    place: StepPlace


class Status(Enum):
    """How an advance ended."""

    WAITING = "waiting"  #: every strand is blocked
    RUNNABLE = "runnable"  #: the budget is used up
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an advance did; the machine has moved on accordingly."""

    status: Status
    effects: tuple[Effect, ...]
    #: JSON text, when SUCCEEDED
    result: str | None = None
    #: when FAILED
    failure: Failure | None = None
    #: innermost steps of the strands, or the last step when ended
    current_steps: tuple[StepPlace, ...]
    #: None: nothing was recorded
    history: StepHistory | None = None
