"""What every edge does around a request: its id, its trace, its line in the log, its numbers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from secrets import token_hex
from types import TracebackType
from typing import Protocol

import msgspec

from ringback_server.tracing import FACTS, NoSpans, Scope, Span, Spans, Trace, enter, leave

_log = logging.getLogger("ringback_server.access")

_ID_BYTES = 16
#: what a caller may call its request; anything else is not repeated into logs and headers
_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class Served(msgspec.Struct, kw_only=True):
    """One request while it is answered."""

    #: the RPC, or the part of the HTTP edge that answers
    method: str = "unknown"
    request_id: str = ""
    status: str = ""
    #: whether it is the server's fault that there is no better answer
    failed: bool = False


class RequestObserver(Protocol):
    """Hears of every request; called on the edges' threads, so it must be quick."""

    def answered(self, edge: str, method: str, status: str, seconds: float) -> None:
        """Hear of an answer, and how long it took."""
        ...


class Requests:
    """Serves requests within a scope of their own, and tells of them."""

    def __init__(self, observer: RequestObserver | None = None, spans: Spans | None = None) -> None:
        self._observer = observer
        self._spans = spans or NoSpans()

    def serve(
        self,
        edge: str,
        served: Served,
        *,
        request_id: str | None,
        traceparent: str | None,
        peer: str = "",
    ) -> AbstractContextManager[None]:
        """Name a request, and tell of it when it is answered.

        `request_id` and `traceparent` are as the caller sent them, and need not be well formed;
        `peer` is the address that it came from.
        """
        sane = request_id is not None and _SANE.fullmatch(request_id)
        served.request_id = request_id if request_id and sane else token_hex(_ID_BYTES)
        span = self._spans.span(served.method, "server", Trace.parse(traceparent))
        scope = Scope(request_id=served.request_id, edge=edge, peer=peer, method=served.method)
        return _Serving(served, scope, span, self._tell)

    def _tell(self, edge: str, served: Served, seconds: float) -> None:
        if self._observer is not None:
            self._observer.answered(edge, served.method, served.status, seconds)
        if _log.isEnabledFor(logging.DEBUG):
            facts = {
                "edge": edge,
                "method": served.method,
                "status": served.status,
                "seconds": round(seconds, 6),
            }
            _log.debug(
                "%s %s %s in %.1f ms",
                edge,
                served.method,
                served.status,
                seconds * 1_000,
                extra={FACTS: facts},
            )


class _Serving:
    """One request being served. Not a generator, which takes longer than what it does."""

    __slots__ = ("_begun", "_scope", "_served", "_span", "_spanning", "_tell", "_token")

    def __init__(
        self,
        served: Served,
        scope: Scope,
        spanning: AbstractContextManager[Span],
        tell: Callable[[str, Served, float], None],
    ) -> None:
        self._begun = time.perf_counter()
        self._served = served
        self._scope = scope
        self._spanning = spanning
        self._tell = tell

    def __enter__(self) -> None:
        self._span = self._spanning.__enter__()
        self._scope.trace = self._span.trace
        self._token = enter(self._scope)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        served = self._served
        try:
            self._span.finish(served.method, served.status, failed=served.failed)
            self._tell(self._scope.edge, served, time.perf_counter() - self._begun)
        finally:
            leave(self._token)
            self._spanning.__exit__(kind, error, traceback)
