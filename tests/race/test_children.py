"""Executions that execute others, in processes that die between any two operations of the store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ringback_server.errors import NotFoundError, ShuttingDownError
from ringback_server.model.resources import ExecutionState
from ringback_server.store.database import Database
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, opened
from tests.engine.test_children import CREATE, RUN, children
from tests.race.mortal import Mortal
from tests.replacing import replace

#: awaits two executions at the same time, then creates one and returns
PARENT = f"""
main:
  steps:
    - init: {{assign: [{{sum: 0}}]}}
    - both:
        parallel:
          shared: [sum]
          for:
            value: n
            in: [1, 2]
            steps:
              - start:
                  call: {RUN}
                  args: {{workflow_id: child, argument: "${{n}}"}}
                  result: r
              - add: {{assign: [{{sum: "${{sum + r}}"}}]}}
    - later:
        call: {CREATE}
        args:
          parent: projects/local/locations/us-central1/workflows/child
          body: {{argument: "3"}}
        result: made
    - done: {{return: "${{sum}}"}}
"""
#: returns ten times its argument, and that by another execution
CHILD = f"""
main:
  params: [n]
  steps:
    - log: {{call: sys.log, args: {{text: once}}}}
    - start:
        call: {RUN}
        args: {{workflow_id: grandchild, argument: "${{n}}"}}
        result: r
    - done: {{return: "${{r}}"}}
"""
GRANDCHILD = """
main:
  params: [n]
  steps:
    - log: {call: sys.log, args: {text: once}}
    - done: {return: "${10 * n}"}
"""

#: awaits two executions that await one each
WIDE = """
- both:
    call: experimental.executions.map
    args: {workflow_id: child, arguments: [1, 2]}
"""

#: as many operations as there are, and a few more
_OPERATIONS = 60
_OPERATIONS_OF_A_CANCEL = 12
_LEFT = "SELECT (SELECT COUNT(*) FROM child), (SELECT COUNT(*) FROM child_wait)"


@pytest.mark.parametrize("number", range(_OPERATIONS))
def test_run_when_the_process_dies(tmp_path: Path, number: int) -> None:
    """Whenever it dies, each execution was created once, ran once and is heard of once."""
    clock, mortals = FakeClock(), list[Mortal]()

    def between(database: Database) -> Mortal:
        mortals.append(Mortal(database, number))
        return mortals[0]

    with opened(tmp_path, clock, between=between) as bench:
        bench.deploy(GRANDCHILD, "grandchild")
        bench.deploy(CHILD, "child")
        workflow = bench.deploy(PARENT)
        mortals[0].begin()
        with suppress(ShuttingDownError):
            bench.start(workflow)
        clock.await_that(lambda: mortals[0].dead or "0 in hand" in repr(bench.engine))
    with opened(tmp_path, clock) as bench:
        parents = children(bench, workflow.name)
        results = [bench.ended(parent).result for parent in parents]
        arguments: list[list[str]] = []
        for name in ("child", "grandchild"):
            started = children(bench, replace(workflow.name, workflow=name))
            results += [bench.ended(one).result for one in started]
            arguments.append(sorted(one.argument for one in started))
            assert all(["once"] == [log.text for log in bench.logs(one.name)] for one in started)
        left = bench.store.database.read(lambda c: c.execute(_LEFT).fetchall())

    expected = ["1", "2", "3"] if parents else []
    assert [expected] * 2 == arguments
    assert (["30"] if parents else []) == results[: len(parents)]
    assert all(results)
    assert [(0, 0)] == left


@pytest.mark.parametrize("number", range(_OPERATIONS_OF_A_CANCEL))
@pytest.mark.parametrize("deletes", [False, True], ids=["cancel", "delete"])
def test_cancel_when_the_process_dies(tmp_path: Path, number: int, *, deletes: bool) -> None:
    """Whenever it dies, either nothing was cancelled, or in the end all below is."""
    clock, mortals = FakeClock(), list[Mortal]()

    def between(database: Database) -> Mortal:
        mortals.append(Mortal(database, number))
        return mortals[0]

    with opened(tmp_path, clock, threads=6, between=between) as bench:
        waits = bench.deploy(WAITS, "grandchild").name
        child = bench.deploy(CHILD, "child").name
        workflow = bench.deploy(WIDE).name
        parent = bench.start(bench.store.workflows.get(workflow))
        bench.await_state("5 blocked")
        mortals[0].begin()
        with suppress(ShuttingDownError):
            if deletes:
                bench.delete(workflow)
            else:
                bench.cancel(parent.name)
    with opened(tmp_path, clock) as bench:
        try:
            over = bench.store.executions.get(parent.name).state.ended
        except NotFoundError:
            over = True
        expected = ExecutionState.CANCELLED if over else ExecutionState.ACTIVE

        def states() -> set[ExecutionState]:
            below = [*children(bench, child), *children(bench, waits)]
            assert 4 == len(below)
            return {one.state for one in below}

        clock.await_that(lambda: states() == {expected})
        assert over == (number > 0)
