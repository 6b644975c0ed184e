"""Turns: who computes next."""

from __future__ import annotations

import threading
from functools import partial

from ringback_server.engine.turns import Turns
from tests.waiting import PATIENCE, until


def waits(turns: Turns, number: int) -> bool:
    """Tell whether so many threads wait."""
    return repr(turns) == f"<Turns [{number} waiting]>"


def test_turn_when_one_workflow_waits_in_many_threads() -> None:
    """Workflows take turns, and within one it is who waited longest."""
    turns = Turns()
    order: list[tuple[int, int]] = []

    def wait(workflow: int, number: int) -> None:
        with turns.turn(workflow):
            order.append((workflow, number))

    wanted = [(1, 0), (1, 1), (1, 2), (2, 0), (1, 3), (2, 1)]
    threads = [threading.Thread(target=wait, args=each) for each in wanted]
    with turns.turn(1):
        for number, thread in enumerate(threads, 1):
            thread.start()
            until(partial(waits, turns, number))
    for thread in threads:
        thread.join(PATIENCE)

    assert [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (1, 3)] == order
    with turns.turn(3):
        assert "<Turns [0 waiting]>" == repr(turns)
