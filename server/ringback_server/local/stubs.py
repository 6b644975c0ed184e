"""What stands for the world: answers to calls, and callbacks that arrive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ringback_server.lang.problems import nearest, shown
from ringback_server.lang.stdlib.http import METHODS
from ringback_server.local.bodies import Body
from ringback_server.local.documents import FieldError
from ringback_server.local.services import check_call

#: what can go wrong before there is an answer
Failing = Literal[
    "connection refused", "unknown host", "connection reset", "timeout", "tls", "too large", "auth"
]

_OK = 200
_LOOKED_AT: Final = ("step", "call", "url", "method", "args", "body")
Texts = str | tuple[str, ...]

#: the last moment that has a date, and the longest delay, in seconds
_END: Final = 253_402_300_799
_LONGEST: Final = 1_000_000_000

Seconds = Annotated[float, Meta(ge=0, le=_LONGEST)]
Positive = Annotated[int, Meta(ge=1)]
Status = Annotated[int, Meta(ge=100, le=599)]


class Answer(
    Body,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"returns": "return", "raises": "raise"},
):
    """What comes of a call: an HTTP response, a value, an error, or no connection."""

    status: Status | None = None
    #: the call's result itself
    returns: object | UnsetType = UNSET
    #: the error itself
    raises: str | dict[str, object] | None = None
    fail: Failing | None = None
    #: seconds until it is there
    delay: Seconds = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError unless there is one kind of answer."""
        super().__post_init__()
        kinds = {
            "return": self.returns is not UNSET,
            "raise": self.raises is not None,
            "fail": self.fail is not None,
            "a response": self.status is not None or self.is_given or bool(self.headers),
        }
        given = [kind for kind, there in kinds.items() if there]
        if len(given) > 1:
            raise ValueError(f"an answer is one thing, not both {given[0]} and {given[1]}")

    @property
    def code(self) -> int:
        """The status of the response."""
        return _OK if self.status is None else self.status


class Stub(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls are answered, and how. What is not given is not looked at."""

    step: str | None = None
    #: the function's name; * stands for anything
    call: str | None = None
    #: * stands for anything; a query is looked at only if there is one here
    url: str | None = None
    method: str | None = None
    #: what is among the arguments of a connector or child execution
    args: dict[str, object] | None = None
    #: what the request's body is, or has in it
    body: object | UnsetType = UNSET
    answer: Answer | None = None
    #: answers one after the other, the last of them again and again
    sequence: tuple[Answer, ...] | None = None
    #: how many calls are answered; later ones are left to other stubs
    times: Positive | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a stub without calls or without answers."""
        if not self.looked_at:
            raise ValueError(
                "a stub says which calls it answers: by 'step', 'call', 'url', 'method', 'args' or "
                "'body'; write call: \"*\" for all"
            )
        if (self.answer is None) == (self.sequence is None):
            raise ValueError("a stub has 'answer', or 'sequence' with several answers")
        if self.sequence is not None and not self.sequence:
            raise FieldError("sequence", "'sequence' has at least one answer")
        check_call(self.call, self.looked_at)
        if self.method is not None:
            check_method(self.method, self.call)

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The keys that say which calls are answered."""
        return given_of(self, _LOOKED_AT)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers in order."""
        return (self.answer,) if self.answer is not None else self.sequence or ()


class Callback(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to a callback endpoint, the only or first one unless another is named."""

    #: the step that creates the endpoint
    step: str | None = None
    #: which endpoint, from 1: of `step` if that is given, else of all
    endpoint: Positive | None = None
    #: a step that waits; several such callbacks are for its waits, one after the other
    awaiting: str | None = None
    #: seconds after the endpoint was created, or after `awaiting` began to wait
    after: Seconds = 0.0
    #: the endpoint's own unless given
    method: str | None = None
    query: dict[str, Texts] = field(default_factory=dict[str, Texts])

    def __post_init__(self) -> None:
        """Raise ValueError for a callback to two endpoints."""
        super().__post_init__()
        if self.method is not None:
            check_method(self.method)
        if self.awaiting is not None and (self.step is not None or self.endpoint is not None):
            raise ValueError("'awaiting' names the endpoint: leave out 'step' and 'endpoint'")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The query."""
        texts = {key: (of,) if isinstance(of, str) else of for key, of in self.query.items()}
        return tuple((key, text) for key, several in texts.items() for text in several)


class Surroundings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run takes place in; also what a file of stubs holds."""

    #: when it begins: Unix seconds, or RFC 3339
    now: float | str | None = None
    #: what `sys.get_env` reads
    env: dict[str, str] = field(default_factory=dict[str, str])
    stubs: tuple[Stub, ...] = ()
    callbacks: tuple[Callback, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for what is no time."""
        if self.now is not None:
            seconds_of(self.now)


def given_of(record: Struct, keys: Iterable[str]) -> tuple[str, ...]:
    """Return those keys of a record that something was given for."""
    default = {"body": UNSET}
    return tuple(key for key in keys if getattr(record, key) is not default.get(key))


def check_method(method: str, call: str | None = None) -> None:
    """Raise FieldError for a method that no request has, or none of a function such as http.get."""
    name = method.upper()
    if name not in METHODS:
        hint = nearest(name, METHODS) or f"; there are {', '.join(METHODS)}"
        raise FieldError("method", f"there is no method '{shown(method)}'{hint}")
    own = (call or "").removeprefix("http.").upper()
    if own in METHODS and own != name:
        raise FieldError("method", f"{call} sends {own}, not {name}")


def seconds_of(time: float | str) -> float:
    """Return a time in Unix seconds; raises FieldError for a text that is none."""
    example = "2026-01-31T09:00:00Z"
    if not isinstance(time, str):
        if not 0 <= time <= _END:
            raise FieldError("now", f"'now' is no time in Unix seconds: write it like {example}")
        return float(time)
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise FieldError("now", f"'now' is no time: write it like {example}") from None
    if moment.tzinfo is None:
        raise FieldError("now", f"'now' has no time zone: write it like {example}")
    return moment.timestamp()
