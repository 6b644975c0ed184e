"""What came of a run: its end, and everything it did on the way. All times are Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringback_server.local.differences import compact
from ringback_server.local.matching import is_list, is_map
from ringback_server.model.resources import StackFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that a stub answered, or should have."""

    #: the function's name, such as `http.get`
    call: str
    step: str
    routine: str
    line: int
    time: float
    #: of a request
    method: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    #: whose token goes with it, if any: OIDC (an ID token) or OAuth2 (an access token)
    auth: str | None = None
    #: a value, a text, or bytes; None for none
    body: object = None
    #: of a connector or child execution
    args: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A log entry: `text`, or `json`."""

    severity: str
    text: str | None
    json: object
    step: str
    routine: str
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a callback that was due."""

    #: the number of the endpoint, from 1
    endpoint: int
    method: str
    time: float
    #: resumed, buffered, or refused because the endpoint takes another method
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Why a run failed."""

    #: what `except` would have bound: a map or a string
    value: object
    #: for people, with the stack below
    context: str
    #: innermost first
    stack: tuple[StackFrame, ...]

    @property
    def message(self) -> str:
        """The error's message, or the error itself if it is a string."""
        if isinstance(self.value, str):
            return self.value
        message = self.field("message")
        return message if isinstance(message, str) else ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The error's tags."""
        tags = self.field("tags")
        return tuple(map(str, tags)) if is_list(tags) else ()

    @property
    def code(self) -> object:
        """The HTTP status of an error that has one."""
        return self.field("code")

    @property
    def headline(self) -> str:
        """The first tag and the message; the error itself if it has no message."""
        told = self.message or compact(self.value)
        tag = next(iter(self.tags), "")
        return told if told.startswith(tag) else f"{tag}: {told}"

    def field(self, name: str) -> object:
        """Return what the error has at a key; None for nothing."""
        return self.value.get(name) if is_map(self.value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended, and what it did."""

    #: SUCCEEDED or FAILED; ACTIVE if it could not go on
    state: str
    result: object = None
    error: Error | None = None
    calls: tuple[Call, ...] = ()
    logs: tuple[Entry, ...] = ()
    callbacks: tuple[Sent, ...] = ()
    #: how many of the callbacks were never due
    unsent: int = 0
    #: why callbacks reached nothing, for people
    callback_notes: tuple[str, ...] = ()
    #: in virtual seconds
    duration: float = 0.0
    #: as they are counted against the limit
    steps: int = 0

    def __repr__(self) -> str:
        """Return a line that begins with how it ended: of a longer one, pytest shows the ends."""
        of = f"result={self.result!r}" if self.error is None else f"error={self.error.headline!r}"
        calls = [f"{call.step}: {call.call}" for call in self.calls]
        return f"Result({of}, state={self.state!r}, duration={self.duration:g}, {calls=})"

    @property
    def succeeded(self) -> bool:
        """Whether there is a result."""
        return self.state == "SUCCEEDED"


class StuckError(AssertionError):
    """A run cannot go on: a call has no stub, or nothing would ever happen."""

    def __init__(self, message: str, so_far: Result) -> None:
        super().__init__(message)
        self.message = message
        #: what it did until then
        self.so_far = so_far
