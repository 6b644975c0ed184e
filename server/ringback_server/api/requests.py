"""What every edge does around a request: its id, its trace, its line in the log, its numbers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from ringback_server.tracing import FACTS, NoSpans, Scope, Spans, Trace, within

_log = logging.getLogger("ringback_server.access")

#: what a caller may call its request; anything else is not repeated into logs and headers
_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


@dataclass(slots=True, kw_only=True)
class Served:
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

    @contextmanager
    def serve(
        self,
        edge: str,
        served: Served,
        *,
        request_id: str | None,
        traceparent: str | None,
        peer: str = "",
    ) -> Generator[None]:
        """Name a request, and tell of it when it is answered.

        `request_id` and `traceparent` are as the caller sent them, and need not be well formed;
        `peer` is the address that it came from.
        """
        begun = time.perf_counter()
        sane = request_id is not None and _SANE.fullmatch(request_id)
        served.request_id = request_id if request_id and sane else uuid4().hex
        with self._spans.span(served.method, "server", Trace.parse(traceparent)) as span:
            scope = Scope(
                request_id=served.request_id,
                trace=span.trace,
                edge=edge,
                peer=peer,
                method=served.method,
            )
            with within(scope):
                try:
                    yield
                finally:
                    span.finish(served.method, served.status, failed=served.failed)
                    self._tell(edge, served, time.perf_counter() - begun)

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
