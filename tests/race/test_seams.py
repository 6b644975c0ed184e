"""Chosen moments between an operation of the store and whoever asked for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_server.errors import (
    NotFoundError,
    OverloadedError,
    RingbackError,
    ShuttingDownError,
    StorageFullError,
)
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import Execution, ExecutionState, Outcome
from ringback_server.store.database import Connection, Database
from tests import listed
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, Bench, opened
from tests.race.seam import Seam
from tests.services import PARENT
from tests.waiting import until

BLOCKED = "1 blocked"
AT_REST = "0 in hand"

#: returns what two awaits of one endpoint bring
TWICE = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- first:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: a
- second:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: b
- finish:
    return: ["${a.body}", "${b.body}"]
"""


@contextmanager
def staged(
    directory: Path, clock: FakeClock | None = None, *, threads: int = 4
) -> Generator[tuple[Bench, Seam]]:
    """Run an engine over a store with a seam."""
    seams: list[Seam] = []

    def between(database: Database) -> Seam:
        seams.append(Seam(database))
        return seams[0]

    with opened(directory, clock, threads=threads, between=between) as bench:
        yield bench, seams[0]


def _raise(error: RingbackError) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


def _newest(bench: Bench) -> Execution:
    (workflow,) = listed.workflows(bench.store, PARENT)
    return listed.executions(bench.store, workflow.name)[0]


def _park(bench: Bench) -> None:
    bench.await_state(BLOCKED)
    bench.clock.advance(5)
    bench.await_state(AT_REST)


def _patiently(bench: Bench, execution: ExecutionName) -> Execution:
    """Return an execution that ends although the store makes its driver try again."""

    def ended() -> bool:
        bench.clock.advance(0.5)
        return bench.store.executions.get(execution).state.ended

    until(ended)
    return bench.store.executions.get(execution)


def test_create_when_the_execution_goes_on_before_its_creator_does(tmp_path: Path) -> None:
    """A creator that is slow to hand over its machine does not put an old one in charge."""
    with staged(tmp_path) as (bench, seam):

        def go_on() -> None:
            bench.send(_newest(bench).name, "one")
            _park(bench)

        workflow = bench.deploy(TWICE)
        seam.after("Executions.create", go_on)
        execution = bench.start(workflow)
        bench.send(execution.name, "two")

        assert bench.ended(execution).result == '["one","two"]'


def test_create_when_the_execution_is_cancelled_before_its_creator_goes_on(tmp_path: Path) -> None:
    """A machine whose execution has ended meanwhile takes no thread."""
    with staged(tmp_path) as (bench, seam):
        workflow = bench.deploy(TWICE)
        seam.after("Executions.create", lambda: bench.cancel(_newest(bench).name))
        execution = bench.start(workflow)
        bench.await_state(AT_REST)

        assert bench.store.executions.get(execution.name).state is ExecutionState.CANCELLED


@pytest.mark.parametrize("method", ["Executions.load", "Workflows.by_revision"])
@pytest.mark.parametrize("error", [OverloadedError(), StorageFullError()])
def test_load_when_the_store_fails_for_a_while(
    tmp_path: Path, method: str, error: RingbackError
) -> None:
    """A store that cannot be read at present delays an execution and does not end it."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        execution = bench.start(bench.deploy(WAITS))
    with staged(tmp_path, clock) as (bench, seam):
        seam.before(method, _raise(error))
        bench.store_and_tell(execution.name, "here")
        found = _patiently(bench, execution.name)

        assert not seam.pending
        assert (found.state, found.result) == (ExecutionState.SUCCEEDED, '"here"')


@pytest.mark.parametrize("method", ["Executions.load", "Executions.commit"])
def test_drive_when_the_store_has_closed(tmp_path: Path, method: str) -> None:
    """An execution whose driver finds the store closed goes on in the next process."""
    clock = FakeClock()
    with staged(tmp_path, clock) as (bench, seam):
        execution = bench.start(bench.deploy(WAITS))
        _park(bench)
        seam.before(method, _raise(ShuttingDownError()))
        bench.store_and_tell(execution.name, "kept")
        bench.clock.await_that(lambda: not seam.pending and AT_REST in repr(bench.engine))
    with opened(tmp_path, clock) as bench:
        assert bench.ended(execution).result == '"kept"'


def test_damage_when_it_cannot_be_noted_at_once(tmp_path: Path) -> None:
    """A damaged execution is marked as soon as the store can, not forgotten."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(WAITS))
        _park(bench)
        seam.before("Executions.mark_unavailable", _raise(StorageFullError()))
        bench.store.database.write(_damage_states)
        bench.send(execution.name, "x")

        assert _patiently(bench, execution.name).state is ExecutionState.UNAVAILABLE
        assert not seam.pending


def _damage_states(connection: Connection) -> None:
    connection.execute("UPDATE execution SET state = x'00' || state")


def test_timeout_when_a_payload_comes_right_before_its_commit(tmp_path: Path) -> None:
    """A payload that is stored while the timeout is being made wins."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(WAITS))
        outcomes: list[Outcome] = []
        _park(bench)
        seam.before(
            "Executions.commit",
            lambda: outcomes.append(bench.send(execution.name, "just in time", tell=False)),
        )
        bench.clock.advance(3_600)

        assert bench.ended(execution).result == '"just in time"'
        assert outcomes == [Outcome.RESUMED]


_MOMENTS = [
    ("before", "Executions.load"),
    ("after", "Executions.load"),
    ("before", "Executions.commit"),
    ("after", "Executions.commit"),
]


def _stage(seam: Seam, moment: tuple[str, str], action: Callable[[], object]) -> threading.Event:
    done = threading.Event()

    def act() -> None:
        action()
        done.set()

    side, method = moment
    (seam.before if side == "before" else seam.after)(method, act)
    return done


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("moment", _MOMENTS)
def test_resume_when_another_payload_comes(
    tmp_path: Path, moment: tuple[str, str], *, told: bool
) -> None:
    """A second payload at any moment of a resume is taken second, by the same run or the next."""
    clock = FakeClock()
    with staged(tmp_path, clock) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _park(bench)
        done = _stage(seam, moment, lambda: bench.send(execution.name, "two", tell=told))
        bench.store_and_tell(execution.name, "one")
        assert done.wait(5)
        if told or moment != _MOMENTS[-1]:
            assert bench.ended(execution).result == '["one","two"]'
    with opened(tmp_path, clock) as bench:
        assert bench.ended(execution).result == '["one","two"]'


@pytest.mark.parametrize("moment", _MOMENTS)
def test_resume_when_it_is_cancelled(tmp_path: Path, moment: tuple[str, str]) -> None:
    """A payload that a cancellation kept from its commit is late; one that was consumed is not."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _park(bench)
        done = _stage(seam, moment, lambda: bench.cancel(execution.name))
        bench.store_and_tell(execution.name, "one")
        assert done.wait(5)
        bench.await_state(AT_REST)

        assert bench.store.executions.get(execution.name).state is ExecutionState.CANCELLED
        assert bench.late(execution.name) == (0 if moment == _MOMENTS[-1] else 1)
        with pytest.raises(NotFoundError):
            bench.send(execution.name, "too late")


@pytest.mark.parametrize("moment", _MOMENTS)
def test_resume_when_its_workflow_is_deleted(tmp_path: Path, moment: tuple[str, str]) -> None:
    """Of a deleted execution nothing is left, and its thread is free."""
    with staged(tmp_path) as (bench, seam):
        workflow = bench.deploy(TWICE)
        execution = bench.start(workflow)
        _park(bench)
        done = _stage(seam, moment, lambda: bench.delete(workflow.name))
        bench.store_and_tell(execution.name, "one")
        assert done.wait(5)
        bench.await_state(AT_REST)

        with pytest.raises(NotFoundError):
            bench.store.executions.get(execution.name)
        rows = bench.store.database.read(
            lambda c: c.execute("SELECT execution FROM payload").fetchall()
        )
        assert rows == []


@pytest.mark.parametrize("moment", _MOMENTS)
def test_resume_when_the_deadline_passes(tmp_path: Path, moment: tuple[str, str]) -> None:
    """A deadline that passes during a resume takes nothing from the payload that came first."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _park(bench)
        done = _stage(seam, moment, lambda: bench.clock.advance(3_600))
        bench.store_and_tell(execution.name, "one")
        assert done.wait(5)
        if "load" in moment[1]:
            bench.await_state(BLOCKED)
            bench.send(execution.name, "two")
        found = bench.ended(execution)

        assert bench.late(execution.name) == 0
        if "load" in moment[1]:
            assert found.result == '["one","two"]'
        else:
            assert found.failure is not None
            assert "TimeoutError" in found.failure.payload


_SENDERS_MOMENTS = [
    ("before", "Callbacks.awaited"),
    ("after", "Callbacks.awaited"),
    ("before", "Callbacks.send"),
    ("after", "Callbacks.send"),
]
_STORED = _SENDERS_MOMENTS[-1]


def _settle(bench: Bench, *, resident: bool) -> None:
    if resident:
        bench.await_state(BLOCKED)
    else:
        _park(bench)


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("moment", _SENDERS_MOMENTS)
def test_send_when_another_payload_comes(
    tmp_path: Path, moment: tuple[str, str], *, alone: bool, resident: bool
) -> None:
    """Two senders at once: the payload that is stored first is taken first, each of them once."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _settle(bench, resident=resident)
        send = bench.store_and_tell if alone else bench.send
        done = _stage(seam, moment, lambda: send(execution.name, "other"))
        bench.send(execution.name, "one")

        assert done.is_set()
        first = '["one","other"]' if moment == _STORED else '["other","one"]'
        assert bench.ended(execution).result == first


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("moment", _SENDERS_MOMENTS)
def test_send_when_it_is_cancelled(
    tmp_path: Path, moment: tuple[str, str], *, resident: bool
) -> None:
    """A sender is told that the execution has ended, or its payload was consumed."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _settle(bench, resident=resident)
        done = _stage(seam, moment, lambda: bench.cancel(execution.name))
        if moment == _STORED:
            assert bench.send(execution.name, "one") is Outcome.RESUMED
        else:
            with pytest.raises(NotFoundError):
                bench.send(execution.name, "one")
        bench.await_state(AT_REST)

        assert done.is_set()
        assert bench.store.executions.get(execution.name).state is ExecutionState.CANCELLED
        assert bench.late(execution.name) == 0


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("moment", _SENDERS_MOMENTS)
def test_send_when_the_deadline_passes(
    tmp_path: Path, moment: tuple[str, str], *, resident: bool
) -> None:
    """A payload that is stored before a timeout is, is taken; nothing waits for ever."""
    with staged(tmp_path) as (bench, seam):
        execution = bench.start(bench.deploy(WAITS))
        _settle(bench, resident=resident)
        done = _stage(seam, moment, lambda: bench.clock.advance(3_600))
        sent: list[Outcome] = []
        try:
            sent.append(bench.send(execution.name, "one"))
        except NotFoundError:
            assert "TimeoutError" in (bench.ended(execution).result or "")
        found = bench.ended(execution)

        assert done.is_set()
        assert found.result == ('"one"' if sent == [Outcome.RESUMED] else '"TimeoutError"')
        bench.await_state(AT_REST)


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("error", [OverloadedError(), StorageFullError(), ShuttingDownError()])
def test_send_when_the_store_refuses(
    tmp_path: Path, error: RingbackError, *, resident: bool
) -> None:
    """A payload that could not be stored changes nothing: the next one is the first."""
    clock = FakeClock()
    with staged(tmp_path, clock) as (bench, seam):
        execution = bench.start(bench.deploy(WAITS))
        _settle(bench, resident=resident)
        seam.before("Callbacks.send", _raise(error))
        with pytest.raises(type(error)):
            bench.send(execution.name, "lost")
        bench.send(execution.name, "kept")

        assert bench.ended(execution).result == '"kept"'


@pytest.mark.parametrize("resident", [True, False])
def test_send_when_the_process_dies_before_the_answer(tmp_path: Path, *, resident: bool) -> None:
    """What was stored with a payload is there in the next process, and nothing is done twice."""
    clock = FakeClock()
    with staged(tmp_path, clock) as (bench, seam):
        execution = bench.start(bench.deploy(TWICE))
        _settle(bench, resident=resident)
        seam.after("Callbacks.send", _raise(ShuttingDownError()))
        with pytest.raises(ShuttingDownError):
            bench.send(execution.name, "one")
    with opened(tmp_path, clock) as bench:
        bench.send(execution.name, "two")

        assert bench.ended(execution).result == '["one","two"]'
