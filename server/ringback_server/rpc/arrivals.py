"""The message of a call, which a caller may send late, or never.

grpcio would wait for it on the thread that is to answer, before anybody asks who calls: strangers
could take all threads without sending anything. So a call is taken up without its message, which
is read once its caller is known, and for so long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import grpc
from google.protobuf.message import Message

from ringback_server.errors import InvalidArgumentError
from ringback_server.rpc.messages import UNREADABLE

#: how long a message may take to come, in seconds; over HTTP a body may take as long
SECONDS = 60.0
_LOOK_SECONDS = 1.0


class Arrivals:
    """Reads messages, and cancels calls whose message does not come."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Take how long messages may take."""
        self._seconds = seconds
        self._closed = threading.Event()
        # Guards the dict; nothing else is locked while it is held.
        self._lock = threading.Lock()
        # In the order in which they give up: what cancels the call, and when, in monotonic seconds.
        self._awaited: dict[object, tuple[float, Callable[[], object]]] = {}
        self._thread = threading.Thread(target=self._run, name="ringback-arrivals", daemon=True)

    def __repr__(self) -> str:
        return f"<Arrivals of {len(self._awaited)}>"

    def start(self) -> None:
        """Begin to cancel."""
        self._thread.start()

    def close(self) -> None:
        """Cancel no more; may be called twice, and before the start."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def message(
        self, messages: Iterator[Message], context: grpc.ServicerContext, kind: type[Message]
    ) -> Message | None:
        """Return the first message of a call, None if its caller has gone or was sent away.

        Raise InvalidArgumentError for one that is not of the kind, or if there is none.
        """
        try:
            with self._watched(context.cancel):
                found = next(messages, UNREADABLE)
        except grpc.RpcError:
            return None
        if found is UNREADABLE:
            raise InvalidArgumentError(f"The request is not a {kind.DESCRIPTOR.full_name}.")
        return found

    @contextmanager
    def _watched(self, cancel: Callable[[], object]) -> Generator[None]:
        key = object()
        with self._lock:
            self._awaited[key] = (time.monotonic() + self._seconds, cancel)
        try:
            yield
        finally:
            with self._lock:
                self._awaited.pop(key, None)

    def _run(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._seconds)):
            for cancel in self._late(time.monotonic()):
                cancel()

    def _late(self, now: float) -> list[Callable[[], object]]:
        with self._lock:
            late = [key for key, (until, _) in self._awaited.items() if until <= now]
            return [self._awaited.pop(key)[1] for key in late]
