"""The mailbox of an execution in hand: the condition variable its thread blocks on."""

from __future__ import annotations

import threading
from enum import Enum

from ringback_server.clock import Clock
from ringback_server.store.records import Delivery


class Cancelled(BaseException):
    """The execution was ended by somebody else: let go of it. Not an error."""


class Wake(Enum):
    """Why a blocked thread woke up."""

    MAIL = "mail"  #: deliveries or answers are there, or the execution came back
    TIME = "time"  #: the time given is over
    PARK = "park"  #: the pool wants the thread back


class Mailbox:
    """Collects what happens to one execution while a thread has it in hand.

    The thread that is blocked on it can be made to lend the execution to another, which drives it
    meanwhile.
    Posting never blocks. Anything posted is also in the store, or with the outgoing requests, so
    that a mailbox may be dropped with its mail when the execution is loaded again.
    """

    def __init__(self) -> None:
        """Make an empty mailbox."""
        # Guards the fields below; nothing else is locked while it is held, but the
        # scheduler posts while holding its own lock.
        self._changed = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._answers = False
        self._cancelled = False
        self._park = False
        self._waited_for = False
        self._lent = False
        self._returned = False

    def __repr__(self) -> str:
        """Show what waits to be taken."""
        flags = " answers" * self._answers + " cancelled" * self._cancelled + " park" * self._park
        return f"<Mailbox [{len(self._deliveries)} deliveries{flags}]>"

    def post(self, delivery: Delivery) -> None:
        """Hand over a payload that the store assigned to one of the execution's waits."""
        with self._changed:
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def notify(self) -> None:
        """Tell that there are answers to requests."""
        with self._changed:
            self._answers = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Make the thread let go: its next call here raises Cancelled."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def park(self) -> None:
        """Ask for the thread back."""
        with self._changed:
            self._park = True
            self._changed.notify_all()

    def lend(self) -> bool:
        """Keep the thread that is blocked here where it is; False if it will go on, or none is."""
        with self._changed:
            free = self._waited_for and not (self._lent or self._returned or self._park)
            self._lent = free and not self._has_mail()
            return self._lent

    def give_back(self) -> None:
        """Let the thread that was kept go on."""
        with self._changed:
            self._lent, self._returned = False, True
            self._changed.notify_all()

    def empty(self) -> bool:
        """Tell whether nothing was posted that has not been taken."""
        with self._changed:
            return not self._has_mail()

    def pause(self, clock: Clock, seconds: float) -> None:
        """Block for `seconds`, leaving the mail where it is; raises Cancelled."""
        until = clock.monotonic() + seconds
        with self._changed:
            while (left := until - clock.monotonic()) > 0:
                self._raise_if_cancelled()
                clock.wait(self._changed, left)

    def collect(self) -> tuple[Delivery, ...]:
        """Take what was posted, perhaps nothing; raises Cancelled.

        Answers that were told of are to be looked for after that, not before.
        """
        with self._changed:
            self._raise_if_cancelled()
            self._answers = False
            taken = tuple(self._deliveries)
            self._deliveries.clear()
            return taken

    def wait(self, clock: Clock, until: float) -> Wake:
        """Block until there is mail, a park is asked for, or `until` (monotonic seconds) passes.

        It is mail too when the execution was lent and has come back. Raises Cancelled when the
        execution was ended meanwhile.
        """
        with self._changed:
            self._waited_for = True
            try:
                while (wake := self._wake(clock, until)) is None:
                    clock.wait(self._changed, None if self._lent else until - clock.monotonic())
                return wake
            finally:
                self._waited_for = False

    def _wake(self, clock: Clock, until: float) -> Wake | None:
        if self._lent:
            return None
        self._raise_if_cancelled()
        if self._deliveries or self._answers or self._returned:
            self._returned = False
            return Wake.MAIL
        if until <= clock.monotonic():
            return Wake.TIME
        if self._park:
            self._park = False
            return Wake.PARK
        return None

    def _has_mail(self) -> bool:
        return bool(self._deliveries) or self._answers or self._cancelled

    def _raise_if_cancelled(self) -> None:
        if self._cancelled:
            raise Cancelled
