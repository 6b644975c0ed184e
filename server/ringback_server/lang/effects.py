"""What a machine and its engine say to one another: inputs of an advance and its outcome.

The machine itself does nothing to the world: it asks for effects, which start once the advance
that asked for them is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ringback_server.lang.http_exchange import HttpAnswer, HttpRequest
from ringback_server.lang.values import Value
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import Failure, StepPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stays the same over an execution's life in one process."""

    name: ExecutionName
    #: what `sys.get_env` reads: user variables and GOOGLE_CLOUD_… ones
    environment: Mapping[str, str]
    #: scheme and authority in front of callback paths, without a final slash
    callback_base_url: str


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


Event = Delivered | Expired | Responded


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Write a log entry: `text`, or `json` as JSON text."""

    severity: str
    text: str | None
    json: str | None
    place: StepPlace


Effect = OpenEndpoint | Log


@dataclass(frozen=True, slots=True)
class Wait:
    """A blocked strand: waits for a callback at `endpoint`, for `deadline`, or for either.

    Or for the answer to `request`, which is an effect too: the engine sends it while the wait is
    open, and again when an answer was lost. `number` is unique within the execution and grows in
    the order in which waits begin; `deadline` is in Unix seconds.
    """

    number: int
    endpoint: int | None
    deadline: float | None
    request: HttpRequest | None = None


class Status(Enum):
    """How an advance ended."""

    WAITING = "waiting"  #: every strand is blocked
    RUNNABLE = "runnable"  #: the budget is used up
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an advance did; the machine has moved on accordingly."""

    status: Status
    effects: tuple[Effect, ...]
    #: JSON text, when SUCCEEDED
    result: str | None = None
    #: when FAILED
    failure: Failure | None = None
    #: innermost steps of the strands, or the last step when ended
    current_steps: tuple[StepPlace, ...]
