"""The requests that executions wait for: sent once their wait is stored, kept until it has ended.

An answer is held in memory until an advance that knows it is stored. A process that ends before
forgets it, and the next one sends the request again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from uuid import UUID, uuid5

from ringback_server.clock import Clock
from ringback_server.engine.observer import EngineObserver
from ringback_server.errors import RingbackError
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpAuth,
    HttpFailure,
    HttpRequest,
)
from ringback_server.lang.http_messages import NO_PRIVATE_SERVICE
from ringback_server.model.names import ExecutionName
from ringback_server.tracing import Trace

#: methods that may have another effect each time
_NON_IDEMPOTENT = frozenset({"POST", "PATCH"})
_STATUS_CLASSES = frozenset(range(1, 6))


class Sent(Protocol):
    """A request that was handed over."""

    def cancel(self) -> None:
        """Give it up; nobody is told of an answer any more."""
        ...


class Sender(Protocol):
    """What sends requests."""

    def submit(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> Sent:
        """Send a request without waiting; `answer` is told once what came of it."""
        ...


class Tokens(Protocol):
    """What gives requests the tokens of accounts."""

    def obtain(
        self, account: str, url: str, auth: HttpAuth, told: Callable[[str | RingbackError], None], /
    ) -> None:
        """Tell a token for a request, or why there is none, without waiting for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The way to others."""

    sender: Sender
    tokens: Tokens
    #: a header by which others know a request that is sent again; None: there is none
    idempotency_header: str | None


class Requesting(Protocol):
    """An execution, as far as its requests are concerned."""

    @property
    def name(self) -> ExecutionName:
        """Its name."""
        ...

    @property
    def account(self) -> str:
        """The e-mail address of the service account that it runs as."""
        ...

    @property
    def trace(self) -> Trace | None:
        """The trace that its creation belongs to."""
        ...

    @property
    def requests(self) -> Mapping[int, HttpRequest]:
        """The requests of its open waits, by the waits' numbers."""
        ...


@dataclass(slots=True, eq=False)
class _Open:
    """A request that has no recorded answer yet."""

    #: monotonic seconds when it was asked for
    since: float
    sent: Sent | None = None
    answer: HttpAnswer | None = None
    given_up: bool = False


class Outgoing:
    """The open requests of all executions in this process."""

    def __init__(
        self,
        network: Network,
        clock: Clock,
        wake: Callable[[int], None],
        observer: EngineObserver,
    ) -> None:
        """Take the way to others, and what is told the key of an execution that has an answer."""
        self._network = network
        self._clock = clock
        self._wake = wake
        self._observer = observer
        # Guards the two fields below and what is in them; nothing is sent, given up or told while
        # it is held.
        self._changed = threading.Condition()
        self._open: dict[int, dict[int, _Open]] = {}
        self._draining = False

    def __repr__(self) -> str:
        """Show how many requests have no answer, and how many answers are not recorded."""
        unanswered, answered = self._counts()
        return f"<Outgoing [{unanswered} requests, {answered} answers]>"

    @property
    def unanswered(self) -> int:
        """How many requests have no answer."""
        return self._counts()[0]

    def keep(self, key: int, execution: Requesting) -> None:
        """Send what an execution waits for since it was stored, and forget what has ended.

        Called by whoever has the execution in hand, with the state that is stored.
        """
        wanted = execution.requests
        with self._changed:
            known = self._open.get(key, {})
            ended = [known.pop(number) for number in [*known] if number not in wanted]
            numbers = () if self._draining else wanted.keys() - known.keys()
            fresh = {number: _Open(self._clock.monotonic()) for number in sorted(numbers)}
            known.update(fresh)
            self._put(key, known, ended)
        self._give_up(ended)
        for number, request in fresh.items():
            self._send(key, execution, number, request)

    def answers(self, key: int) -> dict[int, HttpAnswer]:
        """Return the answers to an execution's requests that no stored advance knows of."""
        with self._changed:
            known = self._open.get(key, {})
            return {n: r.answer for n, r in known.items() if r.answer is not None}

    def drop(self, key: int) -> None:
        """Give up the requests of an execution that has ended."""
        with self._changed:
            ended = [*self._open.get(key, {}).values()]
            self._put(key, {}, ended)
        self._give_up(ended)

    def drain(self, seconds: float) -> None:
        """Send nothing more, and wait until all answers are recorded or `seconds` have passed.

        What is asked for meanwhile is sent by the next process.
        """
        until = self._clock.monotonic() + seconds
        with self._changed:
            self._draining = True
            while self._open and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)

    def _counts(self) -> tuple[int, int]:
        with self._changed:
            known = [request for each in self._open.values() for request in each.values()]
            answered = sum(request.answer is not None for request in known)
        return len(known) - answered, answered

    def _put(self, key: int, known: dict[int, _Open], ended: list[_Open]) -> None:
        for request in ended:
            request.given_up = True
        if known:
            self._open[key] = known
        elif self._open.pop(key, None) is not None:
            self._changed.notify_all()

    def _send(self, key: int, execution: Requesting, number: int, request: _Open) -> None:
        complete = self._complete(execution, number)
        if complete.private_service is not None:
            failure = HttpFailure(kind=FailureKind.INVALID, message=NO_PRIVATE_SERVICE)
            self._answered(key, request, failure)
            return
        if complete.auth is None:
            self._submit(key, request, complete)
            return
        self._network.tokens.obtain(
            execution.account,
            complete.url,
            complete.auth,
            partial(self._authorized, key, request, complete),
        )

    def _authorized(
        self, key: int, request: _Open, complete: HttpRequest, token: str | RingbackError
    ) -> None:
        """Send a request with its token; what there is none for has failed."""
        if isinstance(token, RingbackError):
            failure = HttpFailure(kind=FailureKind.AUTH, message=token.message)
            self._answered(key, request, failure)
            return
        headers = [pair for pair in complete.headers if pair[0].lower() != "authorization"]
        headers.append(("Authorization", f"Bearer {token}"))
        self._submit(key, request, replace(complete, headers=tuple(headers)))

    def _submit(self, key: int, request: _Open, complete: HttpRequest) -> None:
        with self._changed:
            if request.given_up:
                return
        sent = self._network.sender.submit(complete, partial(self._answered, key, request))
        with self._changed:
            request.sent = sent
            given_up = request.given_up
        if given_up:
            sent.cancel()

    def _answered(self, key: int, request: _Open, answer: HttpAnswer) -> None:
        with self._changed:
            request.answer = answer
            given_up = request.given_up
        if not given_up:
            self._observer.requested(_outcome(answer), self._clock.monotonic() - request.since)
            self._wake(key)

    def _complete(self, execution: Requesting, number: int) -> HttpRequest:
        """Return a request with the headers by which others know it again, and its trace.

        Those that it has already stay as they are.
        """
        request = execution.requests[number]
        added: list[tuple[str, str]] = []
        header = self._network.idempotency_header
        if header and request.method in _NON_IDEMPOTENT:
            again = str(uuid5(UUID(execution.name.execution), str(number)))
            added.append((header, again))
        if execution.trace is not None:
            added.append(("traceparent", str(execution.trace)))
        given = {name.lower() for name, _ in request.headers}
        new = [pair for pair in added if pair[0].lower() not in given]
        return replace(request, headers=(*request.headers, *new)) if new else request

    def _give_up(self, requests: list[_Open]) -> None:
        for request in requests:
            if request.answer is None:
                self._observer.requested("given_up", self._clock.monotonic() - request.since)
            if request.sent is not None:
                request.sent.cancel()


def _outcome(answer: HttpAnswer) -> str:
    """Return what came of a request in one of few words."""
    if isinstance(answer, HttpFailure):
        return answer.kind.value.replace(" ", "_")
    hundreds = answer.code // 100
    return f"{hundreds}xx" if hundreds in _STATUS_CLASSES else "other"
