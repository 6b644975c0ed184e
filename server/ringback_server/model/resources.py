"""The resources of the service as frozen records. All times are Unix seconds (UTC)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from itertools import chain

import msgspec

from ringback_server.model.names import ExecutionName, WorkflowName


class ExecutionState(StrEnum):
    """The public state of an execution."""

    QUEUED = "QUEUED"  #: stored, waiting for its first advance
    ACTIVE = "ACTIVE"  #: running or waiting; the engine moves it on
    SUCCEEDED = "SUCCEEDED"  #: ended with a result
    FAILED = "FAILED"  #: ended with an error
    CANCELLED = "CANCELLED"  #: ended by a caller
    UNAVAILABLE = "UNAVAILABLE"  #: its stored data is damaged

    @property
    def ended(self) -> bool:
        """Whether nothing can change the execution any more."""
        return self not in {ExecutionState.QUEUED, ExecutionState.ACTIVE}


class CallLogLevel(IntEnum):
    """Which calls a workflow logs; Google's numbers."""

    CALL_LOG_LEVEL_UNSPECIFIED = 0
    LOG_ALL_CALLS = 1
    LOG_ERRORS_ONLY = 2
    LOG_NONE = 3


class HistoryLevel(IntEnum):
    """How much step history is kept; Google's numbers."""

    EXECUTION_HISTORY_LEVEL_UNSPECIFIED = 0
    EXECUTION_HISTORY_BASIC = 1
    EXECUTION_HISTORY_DETAILED = 2

    @classmethod
    def named(cls, word: str) -> HistoryLevel:
        """Return the level that is called none, basic or detailed."""
        return {
            "none": cls.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
            "basic": cls.EXECUTION_HISTORY_BASIC,
            "detailed": cls.EXECUTION_HISTORY_DETAILED,
        }[word]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow with one of its revisions, the newest unless another was asked for."""

    name: WorkflowName
    revision_id: str
    source: str
    service_account: str
    description: str = ""
    labels: Mapping[str, str]
    user_env_vars: Mapping[str, str]
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    create_time: float
    update_time: float
    revision_create_time: float
    #: the store's integer keys
    key: int
    revision_key: int

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        maps = (text for each in (self.labels, self.user_env_vars) for text in _texts(each))
        return _bytes(self.source, self.description, *maps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A long-running operation; ours are done when they are first shown."""

    name: str
    verb: str
    target: WorkflowName
    create_time: float
    end_time: float

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return _bytes(self.name, self.verb)


class StepPlace(msgspec.Struct, frozen=True):
    """A step of a routine (main or a subworkflow)."""

    routine: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFrame:
    """Where a failed execution was; line and column count from 1, length in characters."""

    step: str
    routine: str
    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an execution failed: `payload` is JSON text, `stack` innermost first."""

    payload: str
    context: str
    stack: tuple[StackFrame, ...] = ()


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a workflow. `argument` and `result` are JSON text."""

    name: ExecutionName
    state: ExecutionState
    argument: str
    result: str | None = None
    failure: Failure | None = None
    revision_id: str
    create_time: float
    start_time: float | None = None
    end_time: float | None = None
    labels: Mapping[str, str]
    call_log_level: CallLogLevel = CallLogLevel.CALL_LOG_LEVEL_UNSPECIFIED
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
    #: whether it could be queued when as many as may run were running
    buffered: bool = True
    current_steps: tuple[StepPlace, ...] = ()
    #: why its state is UNAVAILABLE
    state_detail: str = ""
    #: the store's integer key
    key: int

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        failure = (self.failure.payload, self.failure.context) if self.failure else ()
        return _bytes(self.argument, self.result or "", *failure, *_texts(self.labels))


class Outcome(StrEnum):
    """What became of a callback that was accepted."""

    RESUMED = "RESUMED"  #: a waiting step took it
    BUFFERED = "BUFFERED"  #: it is kept for a later await
    DUPLICATE = "DUPLICATE"  #: its idempotency key was seen before; nothing was stored


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEndpoint:
    """A callback endpoint as lists show it."""

    name: str
    method: str
    waiters: int
    #: ids of payloads received and not yet consumed, oldest first
    available_payloads: tuple[str, ...]

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return _bytes(self.name, *self.available_payloads)


class SentCallback(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a sent callback."""

    payload_id: str
    outcome: Outcome
    receive_time: float


#: of log entries, from the least severe on (SPEC 4)
SEVERITIES = (
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry that a workflow wrote: exactly one of `text` and `json` (JSON text) is set."""

    time: float
    severity: str
    text: str | None = None
    json: str | None = None
    step: str
    routine: str

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return _bytes(self.text or "", self.json or "")


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that tokens speak for."""

    email: str
    unique_id: str
    display_name: str
    disabled: bool = False
    description: str = ""
    #: None if it is from before this was recorded
    create_time: float | None = None

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        return _bytes(self.email, self.display_name, self.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """The public half of a service account's key, in PEM."""

    kid: str
    email: str
    public_key: str
    create_time: float
    disabled: bool = False
    #: from when on it counts no longer; None does not expire
    expire_time: float | None = None
    #: the certificate that it came with, in PEM
    certificate: str | None = None
    #: whether its private half was made elsewhere
    uploaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedKey:
    """A key of a service account whose private half this server keeps, and signs with for others.

    It belongs to the account with this unique id: an account made later under the same address
    has others.
    """

    kid: str
    email: str
    unique_id: str
    #: a certificate of its own making, in PEM
    certificate: str
    #: PEM
    public_key: str
    #: the private half as a Sealer stored it; None once it is destroyed
    sealed_key: bytes | None = field(repr=False)
    create_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key of this server's issuer: it signs until rotated, and verifies until it retires."""

    kid: str
    #: as in a token's `alg`
    algorithm: str
    #: PEM; empty when the key was made before public halves were kept
    public_key: str
    #: the private half as a Sealer stored it; None once it is destroyed
    sealed_key: bytes | None = field(repr=False)
    create_time: float
    #: no token that it signed is valid after this
    tokens_until: float = 0.0
    #: when another key took over; None while it signs
    rotate_time: float | None = None
    #: from when on its signatures do not count; None while it signs
    retire_time: float | None = None
    #: whether that was at once, because it was not to be trusted
    revoked: bool = False

    def verifies(self, now: float) -> bool:
        """Tell whether its signatures count at `now`, in Unix seconds."""
        return self.retire_time is None or now < self.retire_time


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A role that an account has on a resource and all below it; "*" is every resource."""

    email: str
    role: str
    resource: str
    #: Unix seconds; None does not expire
    expire_time: float | None = None
    #: what the expiry is called and said to be for
    title: str = ""
    description: str = ""


def _texts(named: Mapping[str, str]) -> Iterable[str]:
    return chain(named, named.values())


def _bytes(*texts: str) -> int:
    return sum(map(len, map(str.encode, texts)))
