"""Which executions this process has in hand, and which of them gets a thread next."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ringback_server.clock import Clock
from ringback_server.engine.lanes import Lanes
from ringback_server.engine.mailbox import Mailbox
from ringback_server.engine.observer import Hands
from ringback_server.store.records import Delivery

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many threads there are, and how many executions may run.

    Those run that a thread drives or that are ready for one; those that wait do not.
    """

    threads: int
    #: how long a waiting execution may keep its thread, in seconds
    park_after: float
    running: int = 10_000
    #: of each workflow; None: as many as of all
    running_each: int | None = None
    #: beyond them, how many wait in the store to begin
    queued: int = 100_000


@dataclass(slots=True)
class Ticket(Generic[Held]):
    """An execution in hand; `held` is its machine when that is in memory already.

    While its thread is blocked, `held` is what the thread goes on with: None once that is out of
    date.
    """

    key: int
    mailbox: Mailbox
    held: Held | None = None
    #: the key of its workflow, 0 if that is not known: threads are shared out by workflow
    workflow: int = 0
    blocked: bool = False


class Scheduler(Generic[Held]):
    """A run queue and the register of executions in hand: each is in the hands of one thread.

    An execution is *in hand* from the moment it is queued until its thread retires it; before
    and after, it is at rest in the store. It *runs* while it is in hand and not blocked. The bounds
    hold for executions that begin; those that go on always may.
    """

    def __init__(self, clock: Clock, pool: Pool) -> None:
        """Start with nothing in hand and no thread."""
        self._clock = clock
        self._pool = pool
        # Guards every field below. Mailboxes are posted to while it is held; it is never taken
        # while a mailbox's own lock is held.
        self._changed = threading.Condition()
        self._in_hand: dict[int, Ticket[Held]] = {}
        self._queue = Lanes[Ticket[Held]]()
        # Executions that run, and those that begin before they are in hand: by workflow, in all.
        self._running_each: Counter[int] = Counter()
        self._running = 0
        self._blocked: OrderedDict[int, Ticket[Held]] = OrderedDict()
        self._idle = 0
        self._closed = False

    def __repr__(self) -> str:
        """Show how many executions and threads are in which state."""
        with self._changed:
            return (
                f"<Scheduler [{len(self._in_hand)} in hand: {len(self._queue)} queued, "
                f"{len(self._blocked)} blocked | {self._idle} idle threads]>"
            )

    def hands(self) -> Hands:
        """Count executions and threads."""
        with self._changed:
            return Hands(
                in_hand=len(self._in_hand),
                queued=len(self._queue),
                blocked=len(self._blocked),
                running=self._running,
                idle_threads=self._idle,
            )

    def room(self, workflow: int | None) -> int:
        """Return how many more executions of a workflow may run; None: of any."""
        with self._changed:
            return self._room(workflow)

    def enter(self, workflow: int) -> bool:
        """Take a place for an execution that begins; False if there is none."""
        with self._changed:
            if self._room(workflow) <= 0:
                return False
            self._count(workflow, 1)
            return True

    def leave(self, workflow: int) -> None:
        """Give back the place of an execution that has begun."""
        with self._changed:
            self._count(workflow, -1)

    def admit(self, key: int, workflow: int) -> bool:
        """Queue an execution that is to begin; False if there is no room for it."""
        with self._changed:
            if key not in self._in_hand and self._room(workflow) <= 0:
                return False
            self._queue_up(key, workflow)
            return True

    def offer(self, key: int, workflow: int = 0) -> bool:
        """Queue an execution at rest; False if it is in hand already."""
        with self._changed:
            return self._queue_up(key, workflow)

    def offer_unless(self, offered: Iterable[tuple[int, int]], *, most: int) -> bool:
        """Queue executions at rest, each a key and its workflow, unless `most` of it can run.

        So that many of one workflow take neither all the memory nor anything from others. Tell
        whether all are in hand.
        """
        with self._changed:
            taken = [self._offered(key, workflow, most) for key, workflow in offered]
        return all(taken)

    def keep(self, key: int, held: Held, workflow: int = 0) -> bool:
        """Give an execution whose machine is in memory to an idle thread.

        False if there is no idle thread or somebody queued it first: it then stays at rest.
        """
        with self._changed:
            if self._closed or key in self._in_hand or self._idle <= len(self._queue):
                return False
            self._push(Ticket(key, Mailbox(), held, workflow))
            return True

    def claim(self, key: int, workflow: int) -> Ticket[Held] | None:
        """Take an execution that waits, from rest or from the thread that is blocked on it.

        None if others are about to drive it. What was claimed from rest, `held` is None, is to be
        handed over afterwards, or dropped; what a thread had is to be given back.
        """
        with self._changed:
            ticket = self._in_hand.get(key)
            if ticket is None:
                fresh: Ticket[Held] = Ticket(key, Mailbox(), None, workflow)
                return None if self._closed else self._register(fresh)
            if ticket.held is None or not ticket.mailbox.lend():
                return None
            self._blocked.pop(key, None)
            return ticket

    def hand_over(self, ticket: Ticket[Held], held: Held | None, *, may_rest: bool) -> bool:
        """Give an execution that was claimed from rest to a thread.

        If it may, and there is no mail, it goes to an idle thread or to rest: False then.
        """
        with self._changed:
            if self._in_hand.get(ticket.key) is not ticket or self._closed:
                return False
            self._forget(ticket)
            idle = self._idle > len(self._queue)
            if may_rest and not idle and ticket.mailbox.empty():
                return False
            self._push(Ticket(ticket.key, ticket.mailbox, held, ticket.workflow))
            self._ask_for_threads()
            return True

    def deliver(self, key: int, delivery: Delivery, workflow: int = 0) -> None:
        """Tell an execution of a payload; wakes it if it is blocked, queues it if at rest."""
        with self._changed:
            ticket = self._in_hand.get(key)
            if ticket is None:
                self._queue_up(key, workflow)
            else:
                ticket.mailbox.post(delivery)

    def notify(self, key: int) -> bool:
        """Tell an execution that there are answers; False if it is at rest."""
        with self._changed:
            return self._notified(key)

    def wake(self, key: int, workflow: int = 0) -> None:
        """Tell an execution that there are answers; queues it if it is at rest."""
        with self._changed:
            if not self._notified(key):
                self._queue_up(key, workflow)

    def cancel(self, key: int) -> None:
        """Make the thread that has an execution in hand let go of it."""
        with self._changed:
            ticket = self._in_hand.get(key)
            if ticket is not None:
                ticket.mailbox.cancel()

    def take(self) -> Ticket[Held] | None:
        """Block until an execution is queued and return it; None once closed."""
        with self._changed:
            self._idle += 1
            try:
                while not self._queue and not self._closed:
                    self._clock.wait(self._changed, None)
                return None if self._closed else self._queue.pop()
            finally:
                self._idle -= 1

    def blocking(self, ticket: Ticket[Held], held: Held) -> None:
        """Note that a thread is about to block on its execution's mailbox."""
        with self._changed:
            ticket.held = held
            self._blocked[ticket.key] = ticket
            if not ticket.blocked:
                ticket.blocked = True
                self._count(ticket.workflow, -1)
            self._ask_for_threads()

    def unblocked(self, ticket: Ticket[Held]) -> None:
        """Note that the thread goes on."""
        with self._changed:
            self._blocked.pop(ticket.key, None)
            if ticket.blocked:
                ticket.blocked = False
                self._count(ticket.workflow, 1)

    def retire(self, ticket: Ticket[Held]) -> bool:
        """Put an execution to rest in the store; False if mail came in first."""
        with self._changed:
            if not ticket.mailbox.empty():
                return False
            self._forget(ticket)
            return True

    def pass_on(self, ticket: Ticket[Held]) -> bool:
        """Let others have the thread of an execution that could go on; False if none is queued.

        It is queued again, to be taken up from the store.
        """
        with self._changed:
            if not self._queue or self._in_hand.get(ticket.key) is not ticket:
                return False
            self._forget(ticket)
            self._push(Ticket(ticket.key, ticket.mailbox, None, ticket.workflow))
            return True

    def drop(self, ticket: Ticket[Held]) -> None:
        """Let go of an execution whatever its mailbox holds."""
        with self._changed:
            self._forget(ticket)

    def close(self) -> None:
        """Wake every thread: blocked ones let go, idle ones end."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            for ticket in self._in_hand.values():
                ticket.mailbox.cancel()
            self._changed.notify_all()

    def _notified(self, key: int) -> bool:
        ticket = self._in_hand.get(key)
        if ticket is not None:
            ticket.mailbox.notify()
        return ticket is not None

    def _room(self, workflow: int | None) -> int:
        if self._closed:
            return 0
        room, each = self._pool.running - self._running, self._pool.running_each
        return (
            room
            if each is None or workflow is None
            else min(room, each - self._running_each[workflow])
        )

    def _count(self, workflow: int, change: int) -> None:
        self._running += change
        self._running_each[workflow] += change
        if not self._running_each[workflow]:
            del self._running_each[workflow]

    def _offered(self, key: int, workflow: int, most: int) -> bool:
        if key in self._in_hand:
            return True
        return self._running_each[workflow] < most and self._queue_up(key, workflow)

    def _queue_up(self, key: int, workflow: int) -> bool:
        if self._closed or key in self._in_hand:
            return False
        self._push(Ticket(key, Mailbox(), None, workflow))
        self._ask_for_threads()
        return True

    def _push(self, ticket: Ticket[Held]) -> None:
        self._queue.push(ticket.workflow, self._register(ticket))
        self._changed.notify()

    def _register(self, ticket: Ticket[Held]) -> Ticket[Held]:
        self._in_hand[ticket.key] = ticket
        self._count(ticket.workflow, 1)
        return ticket

    def _ask_for_threads(self) -> None:
        """Park the longest-blocked executions when queued ones outnumber idle threads."""
        for _ in range(len(self._queue) - self._idle):
            if not self._blocked:
                return
            _, ticket = self._blocked.popitem(last=False)
            ticket.mailbox.park()

    def _forget(self, ticket: Ticket[Held]) -> None:
        if self._in_hand.get(ticket.key) is ticket:
            del self._in_hand[ticket.key]
            self._blocked.pop(ticket.key, None)
            if not ticket.blocked:
                self._count(ticket.workflow, -1)
