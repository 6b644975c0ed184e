"""The scheduler: one thread per execution, and who gets it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ringback_server.engine.mailbox import Wake
from ringback_server.engine.scheduler import Pool, Scheduler, Ticket
from ringback_server.store.records import Delivery
from tests.clocks import PATIENCE, FakeClock

POOL = Pool(threads=2, park_after=5.0)


def queued(scheduler: Scheduler[str], key: int) -> Ticket[str]:
    """Queue an execution and take its ticket."""
    assert scheduler.offer(key)
    ticket = scheduler.take()
    assert ticket is not None
    return ticket


def test_offer_when_in_hand_already() -> None:
    """An execution is in the hands of one thread only."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    queued(scheduler, 1)

    assert not scheduler.offer(1)
    assert repr(scheduler) == "<Scheduler [1 in hand: 0 queued, 0 blocked | 0 idle threads]>"


def test_take_when_nothing_is_queued() -> None:
    """An idle thread blocks until an execution is queued."""
    clock = FakeClock()
    scheduler = Scheduler[str](clock, POOL)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(scheduler.take)
        clock.await_waiters()
        scheduler.offer(7)
        ticket = taken.result(PATIENCE)

    assert ticket is not None
    assert ticket.key == 7


def test_deliver_when_at_rest() -> None:
    """A payload for an execution at rest queues it; the store has the payload."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    scheduler.deliver(5, Delivery(wait=1, payload=b""))
    ticket = scheduler.take()

    assert ticket is not None
    assert (ticket.key, ticket.mailbox.empty()) == (5, True)


def test_deliver_when_in_hand() -> None:
    """A payload for an execution in hand goes to its mailbox."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    ticket = queued(scheduler, 5)
    delivery = Delivery(wait=1, payload=b"")
    scheduler.deliver(5, delivery)

    assert ticket.mailbox.collect() == (delivery,)


def test_retire_when_mail_came_first() -> None:
    """An execution that was just told of a payload is not put to rest with it."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    ticket = queued(scheduler, 5)
    scheduler.deliver(5, Delivery(wait=1, payload=b""))

    assert not scheduler.retire(ticket)
    ticket.mailbox.collect()
    assert scheduler.retire(ticket)
    assert scheduler.offer(5)


def test_drop_when_the_execution_is_in_other_hands() -> None:
    """A thread that gives its ticket back late does not take the execution from the next."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    first = queued(scheduler, 5)
    scheduler.retire(first)
    second = queued(scheduler, 5)
    scheduler.drop(first)

    assert not scheduler.offer(5)
    scheduler.drop(second)
    assert scheduler.offer(5)


def test_offer_when_every_thread_is_blocked() -> None:
    """When the pool is short, the longest-blocked execution gives up its thread."""
    clock = FakeClock()
    scheduler = Scheduler[str](clock, POOL)
    first, second = queued(scheduler, 1), queued(scheduler, 2)
    scheduler.blocking(first, "one")
    scheduler.blocking(second, "two")
    scheduler.offer(3)

    assert first.mailbox.wait(clock, clock.monotonic() + 1) is Wake.PARK
    assert second.mailbox.wait(clock, clock.monotonic()) is Wake.TIME


def test_keep_when_no_thread_is_idle() -> None:
    """A machine is kept in memory only for a thread that is free to block on it."""
    scheduler = Scheduler[str](FakeClock(), POOL)

    assert not scheduler.keep(1, "machine")
    assert scheduler.offer(1)


def test_keep_when_a_thread_is_idle() -> None:
    """An idle thread takes the machine as it is, without a look at the store."""
    clock = FakeClock()
    scheduler = Scheduler[str](clock, POOL)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(scheduler.take)
        clock.await_waiters()
        kept = scheduler.keep(1, "machine")
        ticket = taken.result(PATIENCE)

    assert kept
    assert ticket is not None
    assert ticket.held == "machine"


def test_close_when_threads_are_idle() -> None:
    """Closing sends idle threads home and takes nothing new."""
    clock = FakeClock()
    scheduler = Scheduler[str](clock, POOL)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(scheduler.take)
        clock.await_waiters()
        scheduler.close()

        assert taken.result(PATIENCE) is None
    assert not scheduler.offer(1)
    scheduler.close()


def taken(scheduler: Scheduler[str], count: int) -> list[int]:
    """Take tickets, and return their executions."""
    tickets = [scheduler.take() for _ in range(count)]
    return [ticket.key for ticket in tickets if ticket is not None]


def test_take_when_one_workflow_has_many() -> None:
    """Workflows take turns: what one of them has queued, another's executions do not wait for."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    for key in range(100, 105):
        scheduler.offer(key, 1)
    for key in (200, 201):
        scheduler.offer(key, 2)
    first = taken(scheduler, 3)
    scheduler.offer(300, 3)
    scheduler.wake(202, 2)

    assert [100, 200, 101] == first
    assert [201, 102, 300, 202, 103, 104] == taken(scheduler, 6)


def test_room_when_executions_run_and_block() -> None:
    """Whatever is in hand takes room unless it is blocked; what begins takes it before that."""
    pool = Pool(threads=2, park_after=5.0, running=3, running_each=2)
    scheduler = Scheduler[str](FakeClock(), pool)
    ticket = queued(scheduler, 1)
    entered = [scheduler.enter(7), scheduler.enter(7), scheduler.enter(7), scheduler.enter(8)]
    full = scheduler.room(None), scheduler.admit(2, 9), scheduler.admit(1, 0)
    scheduler.blocking(ticket, "run")
    blocked = scheduler.room(None), scheduler.room(7)
    scheduler.leave(7)
    scheduler.unblocked(ticket)
    scheduler.drop(ticket)

    assert [True, True, False, False] == entered
    assert (0, False, True) == full
    assert (1, 0) == blocked
    assert (2, 1, 2) == (scheduler.room(None), scheduler.room(7), scheduler.room(8))
    assert 1 == scheduler.hands().running


def test_pass_on_when_others_are_queued() -> None:
    """An execution gives its thread to one that is queued, and keeps its mail."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    ticket = queued(scheduler, 1)
    alone = scheduler.pass_on(ticket)
    scheduler.offer(2)
    passed = scheduler.pass_on(ticket)
    scheduler.drop(ticket)
    scheduler.deliver(1, Delivery(wait=1, payload=b""))
    second, again = scheduler.take(), scheduler.take()

    assert (False, True) == (alone, passed)
    assert second is not None
    assert again is not None
    assert (2, 1, 1) == (second.key, again.key, len(again.mailbox.collect()))
    assert 2 == scheduler.hands().running


def test_claim_when_at_rest() -> None:
    """What was claimed from rest is in one hand, and goes to a thread when mail came meanwhile."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    ticket = scheduler.claim(1, 7)
    assert ticket is not None
    twice, offered = scheduler.claim(1, 7), scheduler.offer(1, 7)
    rested = not scheduler.hand_over(ticket, "run", may_rest=True)
    ticket = scheduler.claim(1, 7)
    assert ticket is not None
    scheduler.deliver(1, Delivery(wait=1, payload=b"x"))
    queued_up = scheduler.hand_over(ticket, "run", may_rest=True)
    taken_up = scheduler.take()
    assert taken_up is not None

    assert (twice, offered, rested, queued_up) == (None, False, True, True)
    assert (1, "run", 7) == (taken_up.key, taken_up.held, taken_up.workflow)
    assert not taken_up.mailbox.empty()
    assert 1 == scheduler.hands().running


def test_claim_when_closed() -> None:
    """Nothing is taken up any more."""
    scheduler = Scheduler[str](FakeClock(), POOL)
    ticket = scheduler.claim(1, 7)
    assert ticket is not None
    scheduler.close()

    assert not scheduler.hand_over(ticket, "run", may_rest=False)
    assert scheduler.claim(2, 7) is None
