"""The mailbox: what wakes the thread that blocks on it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ringback_server.engine.mailbox import Cancelled, Mailbox, Wake
from ringback_server.store.records import Delivery
from tests.clocks import PATIENCE, FakeClock

FAR = 10_000.0


def test_wait_when_a_delivery_is_posted() -> None:
    """A posted payload wakes the blocked thread, which then collects it once."""
    clock, mailbox = FakeClock(), Mailbox()
    delivery = Delivery(wait=3, payload=b"x")
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, FAR)
        clock.await_waiters()
        mailbox.post(delivery)

        assert blocked.result(PATIENCE) is Wake.MAIL
    assert mailbox.collect() == (delivery,)
    assert mailbox.collect() == ()


def test_wait_when_mail_is_there_already() -> None:
    """Mail that came before the wait is not waited for, and not lost."""
    mailbox = Mailbox()
    mailbox.post(Delivery(wait=1, payload=b"early"))

    assert mailbox.wait(FakeClock(), FAR) is Wake.MAIL


def test_wait_when_there_are_answers() -> None:
    """Answers to requests are mail too, until they have been collected."""
    mailbox = Mailbox()
    mailbox.notify()

    assert "answers" in repr(mailbox)
    assert not mailbox.empty()
    assert mailbox.wait(FakeClock(), FAR) is Wake.MAIL
    assert mailbox.collect() == ()
    assert mailbox.empty()


def test_wait_when_its_time_passes() -> None:
    """The time given ends the wait when it has passed, and not before."""
    clock, mailbox = FakeClock(), Mailbox()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, clock.monotonic() + 10)
        clock.await_waiters()
        clock.advance(9)
        clock.await_waiters()
        clock.advance(1)

        assert blocked.result(PATIENCE) is Wake.TIME


def test_wait_when_the_wall_clock_is_set_back() -> None:
    """A wait is measured monotonically: setting the wall clock back does not lengthen it."""
    clock, mailbox = FakeClock(), Mailbox()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, clock.monotonic() + 10)
        clock.await_waiters()
        clock.jump(-3_600)
        clock.await_waiters()
        clock.advance(10)

        assert blocked.result(PATIENCE) is Wake.TIME


def test_wait_when_asked_to_park() -> None:
    """A request to park wakes the thread once; the next wait blocks again."""
    clock, mailbox = FakeClock(), Mailbox()
    mailbox.park()

    assert mailbox.wait(clock, FAR) is Wake.PARK
    assert mailbox.wait(clock, clock.monotonic()) is Wake.TIME


def test_mail_wins_when_asked_to_park_too() -> None:
    """An execution that has mail goes on before it gives its thread back."""
    mailbox = Mailbox()
    mailbox.park()
    mailbox.post(Delivery(wait=1, payload=b""))

    assert mailbox.wait(FakeClock(), FAR) is Wake.MAIL


CALLS: dict[str, Callable[[Mailbox, FakeClock], object]] = {
    "wait": lambda mailbox, clock: mailbox.wait(clock, FAR),
    "collect": lambda mailbox, _: mailbox.collect(),
    "pause": lambda mailbox, clock: mailbox.pause(clock, 1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_raises_when_cancelled(call: Callable[[Mailbox, FakeClock], object]) -> None:
    """Whatever the thread does with its mailbox next, it learns of the cancellation."""
    mailbox = Mailbox()
    mailbox.cancel()

    with pytest.raises(Cancelled):
        call(mailbox, FakeClock())


def test_lend_when_a_thread_is_blocked() -> None:
    """A thread whose execution is lent stays where it is, whatever comes, until it is back."""
    clock, mailbox = FakeClock(), Mailbox()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, FAR)
        clock.await_waiters()
        lent = mailbox.lend()
        again = mailbox.lend()
        mailbox.post(Delivery(wait=1, payload=b"x"))
        clock.advance(2 * FAR)
        kept = not blocked.done()
        mailbox.give_back()

        assert blocked.result(PATIENCE) is Wake.MAIL
    assert (lent, again, kept) == (True, False, True)


def test_lend_when_nobody_is_blocked_or_mail_is_there() -> None:
    """Nothing is lent by a thread that goes on anyway."""
    clock, mailbox = FakeClock(), Mailbox()
    nobody = mailbox.lend()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, FAR)
        clock.await_waiters()
        mailbox.park()
        parking = mailbox.lend()
        blocked.result(PATIENCE)

    assert (nobody, parking) == (False, False)


def test_lend_when_it_is_cancelled_meanwhile() -> None:
    """A cancellation counts once the execution is back."""
    clock, mailbox = FakeClock(), Mailbox()
    with ThreadPoolExecutor() as pool:
        blocked = pool.submit(mailbox.wait, clock, FAR)
        clock.await_waiters()
        mailbox.lend()
        mailbox.cancel()
        mailbox.give_back()

        with pytest.raises(Cancelled):
            blocked.result(PATIENCE)


def test_repr_shows_what_waits() -> None:
    """The state can be read from outside."""
    mailbox = Mailbox()
    mailbox.post(Delivery(wait=1, payload=b""))
    mailbox.park()

    assert repr(mailbox) == "<Mailbox [1 deliveries park]>"
