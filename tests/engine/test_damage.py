"""Bits that flip in the database: one execution is unavailable, everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.store.database import Connection
from tests import listed
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, Bench, opened

AT_REST = "0 in hand"

#: does not wait before the payload that it is told to ask for is there
LATER = """
- create:
    call: events.create_callback_endpoint
    result: endpoint
- pause:
    call: sys.sleep
    args: {seconds: 60}
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: request
- finish:
    return: ${request.body}
"""


#: how the packed columns of an execution are read and written
_COLUMNS = {
    "state": (
        "SELECT state FROM execution WHERE id = ?",
        "UPDATE execution SET state = ? WHERE id = ?",
    ),
    "steps": (
        "SELECT steps FROM execution WHERE id = ?",
        "UPDATE execution SET steps = ? WHERE id = ?",
    ),
    "request": (
        "SELECT request FROM payload WHERE execution = ?",
        "UPDATE payload SET request = ? WHERE execution = ?",
    ),
}


def _flip(bench: Bench, column: str, key: int, place: int = -1) -> None:
    """Flip one bit of a packed column, by default in its last byte."""
    select, update = _COLUMNS[column]

    def flip(connection: Connection) -> None:
        row = connection.execute(select, (key,)).fetchone()
        assert row is not None
        damaged = bytearray(row[0])
        damaged[place] ^= 0x10
        connection.execute(update, (bytes(damaged), key))

    bench.store.database.write(flip)


def _two(bench: Bench, source: str = WAITS) -> tuple[Execution, Execution]:
    workflow = bench.deploy(source)
    executions = bench.start(workflow), bench.start(workflow)
    bench.await_state("2 blocked")
    bench.clock.advance(5)
    bench.await_state(AT_REST)
    return executions


def _check_alone(bench: Bench, broken: Execution, whole: Execution, reason: str) -> None:
    """Check that the broken one says why and that everything else goes on."""
    found = bench.ended(broken)
    assert (found.state, found.state_detail) == (ExecutionState.UNAVAILABLE, reason)
    bench.send(whole.name, "whole")
    bench.clock.advance(60)
    assert bench.ended(whole).result == '"whole"'
    states = [e.state for e in listed.executions(bench.store, broken.name.parent)]
    assert states == [ExecutionState.SUCCEEDED, ExecutionState.UNAVAILABLE]
    assert "in hand: 0 queued, 0 blocked" in repr(bench.engine)


@pytest.mark.parametrize("place", [0, 3, 4, -1])
def test_load_when_the_state_is_damaged(tmp_path: Path, place: int) -> None:
    """A flipped bit in a state, or in its checksum, is noticed when the execution is loaded."""
    with opened(tmp_path) as bench:
        broken, whole = _two(bench)
        _flip(bench, "state", broken.key, place)
        bench.send(broken.name, "x")

        _check_alone(bench, broken, whole, "The stored state of this execution is damaged.")
        assert bench.late(broken.name) == 1


@pytest.mark.parametrize("place", [0, -1])
def test_load_when_a_given_payload_is_damaged(tmp_path: Path, place: int) -> None:
    """A flipped bit in a payload that waits to be consumed is noticed by the next process."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        broken, whole = _two(bench)
        bench.send(broken.name, "x", tell=False)
        _flip(bench, "request", broken.key, place)
    with opened(tmp_path, clock) as bench:
        _check_alone(bench, broken, whole, "A stored callback of this execution is damaged.")


def test_delivery_when_a_buffered_payload_is_damaged(tmp_path: Path) -> None:
    """A flipped bit in a payload that came early is noticed when a wait finds it."""
    with opened(tmp_path) as bench:
        broken, whole = _two(bench, LATER)
        bench.send(broken.name, "x")
        _flip(bench, "request", broken.key)
        bench.clock.advance(60)

        _check_alone(bench, broken, whole, "A stored callback of this execution is damaged.")


def test_timeout_when_the_state_is_damaged(tmp_path: Path) -> None:
    """A deadline of a damaged execution is met once, by saying what is wrong."""
    with opened(tmp_path) as bench:
        broken, whole = _two(bench)
        _flip(bench, "state", broken.key)
        bench.clock.advance(3_600)

        found = bench.ended(broken)
        assert found.state is ExecutionState.UNAVAILABLE
        assert bench.ended(whole).result == '"TimeoutError"'


def test_list_when_other_columns_are_damaged(tmp_path: Path) -> None:
    """Damage that only reading shows makes one row of a list unavailable, not the list."""
    with opened(tmp_path) as bench:
        broken, whole = _two(bench)
        _flip(bench, "steps", broken.key)
        bench.store.database.write(
            lambda c: c.execute("UPDATE execution SET labels = '{' WHERE id = ?", (whole.key,))
        )
        found = listed.executions(bench.store, broken.name.parent, full=False)

        assert [ExecutionState.UNAVAILABLE] * 2 == [e.state for e in found]
        assert all("damaged" in e.state_detail for e in found)
