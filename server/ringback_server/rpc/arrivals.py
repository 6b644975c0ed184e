"""The message of a call, which a caller may send late, or never.

grpcio would wait for it on the thread that is to answer, before anybody asks who calls: strangers
could take all threads without sending anything. So a call is taken up without its message, which
is read once its caller is known. One that is late is waited for beside the threads that others
need, and of one principal only so many are.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

import grpc
from google.protobuf.message import Message

from ringback_server.errors import InvalidArgumentError, OverloadedError
from ringback_server.rpc.messages import UNREADABLE
from ringback_server.rpc.threads import Threads

#: how long a message may take to come, in seconds; over HTTP a body may take as long
SECONDS = 60.0
#: late messages that are waited for, in all and of one principal
MOST = 256
_MOST_EACH = 32
#: from when on a message is late, in seconds; and how often that is looked at
_LATE_SECONDS = 0.25
_LOOK_SECONDS = 0.25
#: with more late messages at once a principal is slow: until so long after, in seconds, each of
#: its messages is waited for as if it were late already
_FEW = 4
_SLOW_SECONDS = 60.0

#: who calls where nobody has to say who they are; their late messages are not waited for
ANYBODY = "callers without a token"

#: since when a message is awaited, in monotonic seconds, whose it is, and on which thread of which
_Awaited: TypeAlias = tuple[float, str, int, Threads | None]


class Arrivals:
    """Reads messages, and cancels calls whose message does not come."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Take how long messages may take."""
        self._seconds = seconds
        self._closed = threading.Event()
        # Each step is one operation on the dict, so it needs no lock: every call passes here.
        self._awaited: dict[grpc.ServicerContext, _Awaited] = {}
        # Guards the dict below; a thread that lets another go on in its place is told while it is
        # held, so that it does not leave its call meanwhile.
        self._lock = threading.Lock()
        # Those that are late: since when they are awaited, and whose they are.
        self._late: dict[grpc.ServicerContext, tuple[float, str]] = {}
        # Slow principals, and until when. Written by the thread that looks, alone.
        self._slow: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="ringback-arrivals", daemon=True)

    def __repr__(self) -> str:
        return (
            f"<Arrivals [{len(self._awaited)} awaited, {len(self._late)} late, "
            f"{len(self._slow)} slow]>"
        )

    def start(self) -> None:
        """Begin to look for what is late."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; may be called twice, and before the start."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def message(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        kind: type[Message],
        email: str,
        threads: Threads | None,
    ) -> Message | None:
        """Return the first message of a call, None if its caller has gone or was sent away.

        Raise InvalidArgumentError for one that is not of the kind, or if there is none, and what
        `first` raises.
        """
        found = self.first(messages, context, email, threads)
        if found is UNREADABLE:
            raise InvalidArgumentError(f"The request is not a {kind.DESCRIPTOR.full_name}.")
        return found

    def first(
        self,
        messages: Iterator[Message],
        context: grpc.ServicerContext,
        email: str,
        threads: Threads | None,
    ) -> Message | None:
        """Return the first message, UNREADABLE if there is none, None if its caller has gone.

        `email` is its principal; `threads` are those that others need, if this is one of them.
        Raise OverloadedError if too many of a slow principal are awaited.
        """
        awaited = (time.monotonic(), email, threading.get_ident(), threads)
        if email in self._slow:
            self._await_beside(context, awaited)
        else:
            self._awaited[context] = awaited
        try:
            return next(messages, UNREADABLE)
        except grpc.RpcError:
            return None
        finally:
            if self._awaited.pop(context, None) is None:
                with self._lock:
                    self._late.pop(context, None)

    def _await_beside(self, context: grpc.ServicerContext, awaited: _Awaited) -> None:
        with self._lock:
            if not self._step_aside(context, awaited):
                raise OverloadedError(
                    "Too many of your calls wait for their message; try again in a moment."
                )

    def _run(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._seconds)):
            now = time.monotonic()
            for context in [*self._newly_late(now), *self._given_up(now)]:
                context.cancel()
            self._note_slow(now)

    def _newly_late(self, now: float) -> list[grpc.ServicerContext]:
        """Have others go on in the place of those that are late; return what is too many."""
        excess: list[grpc.ServicerContext] = []
        for context, awaited in self._awaited.copy().items():
            if awaited[0] + _LATE_SECONDS > now:
                continue
            with self._lock:
                # What has come meanwhile is not there.
                there = self._awaited.pop(context, None) is not None
                if there and not self._step_aside(context, awaited):
                    excess.append(context)
        return excess

    def _step_aside(self, context: grpc.ServicerContext, awaited: _Awaited) -> bool:
        """Await a message beside the threads that others need; False if there are too many."""
        since, email, thread, threads = awaited
        if email == ANYBODY or len(self._late) >= MOST:
            return False
        if sum(1 for _, other in self._late.values() if other == email) >= _MOST_EACH:
            return False
        self._late[context] = (since, email)
        if threads is not None:
            threads.pass_on(thread)
        return True

    def _given_up(self, now: float) -> list[grpc.ServicerContext]:
        """Return those that were awaited long enough."""
        with self._lock:
            over = [each for each, (since, _) in self._late.items() if since + self._seconds <= now]
            for context in over:
                del self._late[context]
        return over

    def _note_slow(self, now: float) -> None:
        """Note who has more late messages than a few, and forget who had long ago."""
        with self._lock:
            late = Counter(
                email for since, email in self._late.values() if since + _LATE_SECONDS <= now
            )
        for email, until in self._slow.copy().items():
            if until <= now:
                del self._slow[email]
        for email, count in late.items():
            if count > _FEW:
                self._slow[email] = now + _SLOW_SECONDS
