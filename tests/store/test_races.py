"""Callback, await, timeout, cancellation and deletion in every order: one of them wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from ringback_server.errors import FailedPreconditionError, NotFoundError
from ringback_server.model.resources import ExecutionState, Outcome
from ringback_server.store import Store
from ringback_server.store.payloads import unpack
from ringback_server.store.records import Overtaken, Phase, Superseded
from tests import listed
from tests.clocks import PATIENCE
from tests.store.making import (
    NAME,
    Made,
    awaiting,
    commit,
    create,
    deploy,
    ends,
    get,
    listening,
    send,
    waits,
)


def _phase(store: Store, made: Made) -> Phase:
    return store.executions.load(made.key).phase


def _bodies(store: Store, made: Made) -> dict[int, object]:
    loaded = store.executions.load(made.key)
    return {d.wait: unpack(d.payload)["body"] for d in loaded.deliveries}


def _late(store: Store, made: Made) -> list[str]:
    late = listed.endpoints(store, made.name, late=True)
    return [uid for endpoint in late for uid in endpoint.available_payloads]


def test_await_when_a_payload_came_before(store: Store) -> None:
    """A new wait takes the oldest payload in the same commit, and the execution is runnable."""
    made = listening(store, deploy(store))
    for body in ("first", "second"):
        send(store, made, body)
    committed = commit(store, made, waits(opened=[(1, 0)]))

    assert [(1, {"body": "first"})] == [(d.wait, unpack(d.payload)) for d in committed.deliveries]
    assert Phase.RUNNABLE is _phase(store, made)
    assert {1: "first"} == _bodies(store, made)
    committed = commit(store, made, waits(consumed=[1], opened=[(2, 0)]))
    assert [{"body": "second"}] == [unpack(d.payload) for d in committed.deliveries]
    committed = commit(store, made, waits(consumed=[2], opened=[(3, 0)]))
    assert () == committed.deliveries
    assert Phase.WAITING is _phase(store, made)


def test_await_when_several_wait(store: Store) -> None:
    """Payloads go to waits of their endpoint in the order in which both came."""
    made = create(
        store, deploy(store), waits(endpoints=[0, 1], opened=[(4, 0), (2, 0), (3, 1), (9, 0)])
    )
    sent = [send(store, made, str(n)) for n in range(4)]

    waiters = [s.delivery.wait if s.delivery else None for s in sent]
    assert [2, 4, 9, None] == waiters
    assert {2: "0", 4: "1", 9: "2"} == _bodies(store, made)
    committed = commit(store, made, waits(consumed=[4], opened=[(11, 0), (10, 0)]))
    assert [10] == [d.wait for d in committed.deliveries]
    assert {2: "0", 9: "2", 10: "3"} == _bodies(store, made)


def test_commit_when_another_wait_was_given_a_payload(store: Store) -> None:
    """A payload that came while the execution advanced for another reason is not slept over."""
    made = create(store, deploy(store), waits(endpoints=[0, 1], opened=[(1, 0), (2, 1)]))
    send(store, made, "one", endpoint=0)
    send(store, made, "two", endpoint=1)
    committed = commit(store, made, waits(consumed=[1], opened=[(3, 0)]))

    assert () == committed.deliveries
    assert Phase.RUNNABLE is _phase(store, made)
    assert {2: "two"} == _bodies(store, made)


def test_timeout_when_it_comes_first(store: Store) -> None:
    """A wait that timed out takes no payload; the endpoint keeps it for the next await."""
    made = awaiting(store, deploy(store))
    commit(store, made, waits(expired=[1]))
    sent = send(store, made)

    assert Outcome.BUFFERED is sent.answer.outcome
    committed = commit(store, made, waits(opened=[(2, 0)]))
    assert [2] == [d.wait for d in committed.deliveries]


def test_timeout_when_the_payload_comes_first(store: Store) -> None:
    """A timeout that a payload overtook changes nothing, and the payload is taken instead."""
    made = awaiting(store, deploy(store))
    send(store, made)
    for attempt in (waits(state=b"timed out", expired=[1]), ends(expired=[1])):
        with pytest.raises(Overtaken):
            commit(store, made, attempt)

    loaded = store.executions.load(made.key)
    assert (b"state", Phase.RUNNABLE) == (loaded.state, loaded.phase)
    commit(store, made, ends(consumed=[1]))
    assert ExecutionState.SUCCEEDED is get(store, made).state
    assert [] == _late(store, made)


def test_timeout_when_one_of_two_was_overtaken(store: Store) -> None:
    """An advance is stored as a whole or not at all."""
    made = create(store, deploy(store), waits(endpoints=[0, 1], opened=[(1, 0), (2, 1)]))
    send(store, made, endpoint=1)
    with pytest.raises(Overtaken):
        commit(store, made, waits(expired=[1, 2]))

    assert {2: "hello"} == _bodies(store, made)
    assert Outcome.RESUMED is send(store, made, endpoint=0).answer.outcome


def test_timeout_when_the_wait_was_never_stored(store: Store) -> None:
    """A wait that began and expired between two commits leaves no trace."""
    made = listening(store, deploy(store))
    commit(store, made, waits(expired=[1]))

    assert Outcome.BUFFERED is send(store, made).answer.outcome


def test_cancel_when_a_payload_was_given(store: Store) -> None:
    """A payload that nothing consumed before the cancellation is late, not lost."""
    made = awaiting(store, deploy(store))
    sent = send(store, made)
    store.executions.cancel(made.name, 30.0)

    assert [sent.answer.payload_id] == _late(store, made)
    with pytest.raises(Superseded):
        commit(store, made, waits(consumed=[1]))
    assert [] == store.executions.runnable(after=0, limit=5)


def _steps(store: Store, made: Made) -> dict[str, Callable[[], object]]:
    return {
        "callback": lambda: send(store, made),
        "consume": lambda: commit(store, made, ends(consumed=[1])),
        "timeout": lambda: commit(store, made, ends(ExecutionState.FAILED, expired=[1])),
        "cancel": lambda: store.executions.cancel(made.name, 30.0),
        "delete": lambda: store.workflows.delete(NAME, 30.0),
    }


_REFUSALS = (Overtaken, Superseded, FailedPreconditionError, NotFoundError, LookupError)


@pytest.mark.parametrize("order", list(permutations(["callback", "consume", "timeout", "cancel"])))
def test_end_when_all_compete(store: Store, order: tuple[str, ...]) -> None:
    """Whatever the order, the execution ends once, by the first that was entitled to end it."""
    made = awaiting(store, deploy(store))
    steps = _steps(store, made)
    went: list[str] = []
    for step in order:
        try:
            steps[step]()
        except _REFUSALS:
            continue
        went.append(step)

    enders = [step for step in went if step != "callback"]
    assert 1 == len(enders)
    state = {
        "consume": ExecutionState.SUCCEEDED,
        "timeout": ExecutionState.FAILED,
        "cancel": ExecutionState.CANCELLED,
    }[enders[0]]
    assert state is get(store, made).state
    late = "callback" in went and enders[0] != "consume"
    assert late == bool(_late(store, made))


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("order", list(permutations(["callback", "consume", "timeout"])))
def test_end_when_the_workflow_is_deleted(store: Store, order: tuple[str, ...], place: int) -> None:
    """After a deletion nothing goes through any more, and nothing is left."""
    made = awaiting(store, deploy(store))
    steps = _steps(store, made)
    for step in order[:place]:
        try:
            steps[step]()
        except _REFUSALS:
            continue
    steps["delete"]()

    for step in (*order[place:], "cancel"):
        with pytest.raises(_REFUSALS):
            steps[step]()
    rows = store.database.read(lambda c: c.execute("SELECT id FROM execution").fetchall())
    assert [] == rows


def test_send_when_many_threads_compete(store: Store) -> None:
    """Under concurrency each payload is consumed once and in order, whatever the timing."""
    made = listening(store, deploy(store))
    sends, rounds = 4, 25

    def sender(name: int) -> list[str]:
        return [send(store, made, f"{name}-{n}").answer.payload_id for n in range(rounds)]

    consumed: list[str] = []

    def driver() -> None:
        wait = 0
        pending: tuple[int, ...] = ()
        while len(consumed) < sends * rounds:
            wait += 1
            commit(store, made, waits(consumed=pending, opened=[(wait, 0)]))
            while not (deliveries := store.executions.load(made.key).deliveries):
                pass
            assert [wait] == [d.wait for d in deliveries]
            consumed.append(unpack(deliveries[0].payload)["body"])
            pending = (wait,)
        commit(store, made, ends(consumed=pending))

    with ThreadPoolExecutor() as pool:
        driving = pool.submit(driver)
        sending = [pool.submit(sender, name) for name in range(sends)]
        driving.result(PATIENCE * 4)
        for future in sending:
            future.result(PATIENCE)

    for name in range(sends):
        mine = [body for body in consumed if body.startswith(f"{name}-")]
        assert [f"{name}-{n}" for n in range(rounds)] == mine


@pytest.mark.parametrize("seed", range(20))
def test_wait_when_steps_come_at_random(store: Store, seed: int) -> None:
    """Any interleaving of callbacks, awaits and timeouts consumes payloads in order, once."""
    made = listening(store, deploy(store))
    sent, taken, open_waits, last = 0, list[object](), list[int](), 0
    for chance in hashlib.sha512(seed.to_bytes()).digest():
        step = ("send", "await", "timeout", "consume")[chance % 4]
        if step == "send":
            send(store, made, str(sent))
            sent += 1
        elif step == "await":
            last += 1
            open_waits.append(last)
            commit(store, made, waits(opened=[(last, 0)]))
        elif open_waits:
            bodies = _bodies(store, made)
            wait = open_waits[0] if step == "consume" else open_waits[-1]
            if wait in bodies:
                with pytest.raises(Overtaken):
                    commit(store, made, waits(expired=[wait]))
            if step == "consume" and wait in bodies:
                taken.append(bodies[wait])
                commit(store, made, waits(consumed=[wait]))
                open_waits.remove(wait)
            elif wait not in bodies:
                commit(store, made, waits(expired=[wait]))
                open_waits.remove(wait)
        expected = min(sent - len(taken), len(open_waits))
        assert expected == len(_bodies(store, made))
        assert (Phase.RUNNABLE if expected else Phase.WAITING) is _phase(store, made)

    assert [str(n) for n in range(len(taken))] == taken
