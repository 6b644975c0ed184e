"""What a thread is working for: a request, an execution, a trace (W3C Trace Context).

Whoever writes a log line, stores an execution or calls out looks here. A scope belongs to one
thread or task; the edges and the runner set it and take it back.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self

import msgspec

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_VERSION = "00"
#: the attribute of a log record that holds more facts, by their names
FACTS: Final = "facts"
_INVALID_VERSION = "ff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A place in a distributed trace, in lower-case hexadecimal."""

    #: 32 digits
    trace_id: str
    #: 16 digits: the caller's span
    span_id: str
    #: 2 digits
    flags: str = "00"

    @classmethod
    def parse(cls, traceparent: str | None) -> Trace | None:
        """Read a `traceparent` header; None if there is none or it is not well formed."""
        match = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
        if match is None:
            return None
        version, trace_id, span_id, flags, rest = match.groups()
        if version == _INVALID_VERSION or (rest and version == _VERSION):
            return None
        if not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id=trace_id, span_id=span_id, flags=flags)

    def __str__(self) -> str:
        return f"{_VERSION}-{self.trace_id}-{self.span_id}-{self.flags}"


class Scope(msgspec.Struct, kw_only=True):
    """What is worked for; empty where that is nothing in particular."""

    request_id: str = ""
    trace: Trace | None = None
    #: the execution's name, noted once it is known
    execution: str = ""
    #: of a request: where it came in, from which address, and what it asks for, once that is known
    edge: str = ""
    peer: str = ""
    method: str = ""


_scope: ContextVar[Scope | None] = ContextVar("ringback_scope", default=None)


def current() -> Scope:
    """Return the scope that holds here, an empty one if none does."""
    return _scope.get() or Scope()


def note_execution(name: str) -> None:
    """Note in the scope that holds here which execution it is about."""
    scope = _scope.get()
    if scope is not None:
        scope.execution = name


def note_method(name: str) -> None:
    """Note in the scope that holds here what the request asks for."""
    scope = _scope.get()
    if scope is not None:
        scope.method = name


def enter(scope: Scope) -> Token[Scope | None]:
    """Let a scope hold until what this returns is given to `leave`; see `within`."""
    return _scope.set(scope)


def leave(token: Token[Scope | None]) -> None:
    """Let the scope hold that held before."""
    _scope.reset(token)


@contextmanager
def within(scope: Scope) -> Generator[Scope]:
    """Let a scope hold for the body of a `with`."""
    token = enter(scope)
    try:
        yield scope
    finally:
        leave(token)


class Span(Protocol):
    """A timed piece of work in a trace."""

    @property
    def trace(self) -> Trace | None:
        """Where what is called from here belongs."""
        ...

    def finish(self, name: str, status: str, *, failed: bool) -> None:
        """Say what it was and what came of it; it ends with its `with`."""
        ...


class Spans(Protocol):
    """Where spans are made."""

    def span(
        self, name: str, kind: Literal["server", "internal"], parent: Trace | None
    ) -> AbstractContextManager[Span]:
        """Make a span that lasts as long as the `with`; without a parent it begins a trace."""
        ...


class NoSpan:
    """Stands for a span where none are made."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace | None) -> None:
        """Belong where the caller's span does."""
        self.trace = trace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def finish(self, name: str, status: str, *, failed: bool) -> None:
        """Do nothing."""


class NoSpans:
    """Makes no spans, at no cost."""

    def span(
        self, name: str, kind: Literal["server", "internal"], parent: Trace | None
    ) -> AbstractContextManager[NoSpan]:
        """Return a stand-in."""
        del name, kind
        return NoSpan(parent)
