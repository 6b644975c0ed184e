"""Executions that create executions: awaited or not, ended with them, bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from ringback_server.engine.scheduler import Pool
from ringback_server.lang.limits import RunLimits
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.tracing import Scope, Trace, within
from tests import listed
from tests.clocks import FakeClock
from tests.engine.bench import WAITS, Bench, opened, pooled
from tests.replacing import replace

AT_REST = "0 in hand"
RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"
CREATE = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.create"

#: runs `child`, for up to a minute, and returns its result or the error
RUNS = f"""
main:
  params: [argument]
  steps:
    - start:
        try:
          call: {RUN}
          args:
            workflow_id: child
            argument: ${{argument}}
            connector_params: {{timeout: 60}}
          result: r
        except:
          as: e
          steps:
            - caught: {{return: "${{e}}"}}
    - done: {{return: "${{r}}"}}
"""

DOUBLES = """
main:
  params: [n]
  steps:
    - done: {return: "${n * 2}"}
"""


def children(bench: Bench, workflow: WorkflowName) -> list[Execution]:
    """Return the executions of a workflow, oldest first."""
    return listed.executions(bench.store, workflow, limit=2_000)[::-1]


def child_of(bench: Bench, workflow: WorkflowName) -> Execution:
    """Return the one execution of a workflow, once there is one."""
    bench.clock.await_that(lambda: bool(children(bench, workflow)))
    (child,) = children(bench, workflow)
    return child


def result_of(execution: Execution) -> object:
    """Return what a succeeded execution returned."""
    assert execution.state is ExecutionState.SUCCEEDED, execution.failure
    return cast("object", json.loads(execution.result or ""))


def map_of(execution: Execution) -> dict[str, Any]:
    """Return the map that a succeeded execution returned, such as an error that it caught."""
    return cast("dict[str, Any]", result_of(execution))


def states(bench: Bench, workflow: WorkflowName) -> list[ExecutionState]:
    """Return the states of a workflow's executions."""
    return [child.state for child in children(bench, workflow)]


def test_run_when_the_child_ends_at_once(tmp_path: Path) -> None:
    """A parent goes on with its child's result; there is one child, of the revision of now."""
    with opened(tmp_path) as bench:
        child = bench.deploy(DOUBLES, "child")
        parent = bench.ended(bench.start(bench.deploy(RUNS), "21"))
        (found,) = children(bench, child.name)
        left = bench.store.database.read(
            lambda c: c.execute(
                "SELECT * FROM child UNION ALL SELECT *, 0 FROM child_wait"
            ).fetchall()
        )

    assert 42 == result_of(parent)
    assert ("21", child.revision_id) == (found.argument, found.revision_id)
    assert [] == left


@pytest.mark.parametrize("parked", [False, True])
def test_run_when_the_child_waits(tmp_path: Path, *, parked: bool) -> None:
    """A parent that blocks, or that is parked, goes on once its child has ended."""
    with opened(tmp_path, park_after=5.0) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        bench.await_state("2 blocked")
        if parked:
            bench.clock.advance(5)
            bench.await_state(AT_REST)
        bench.send(child_of(bench, child.name).name, "back")

        assert "back" == result_of(bench.ended(parent))


def test_run_when_the_process_was_replaced(tmp_path: Path) -> None:
    """A parent and its child that waited in one process go on in the next."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        bench.await_state("2 blocked")
    with opened(tmp_path, clock) as bench:
        bench.send(child_of(bench, child.name).name, "back")

        assert "back" == result_of(bench.ended(parent))
        assert [ExecutionState.SUCCEEDED] == states(bench, child.name)


def test_run_when_the_child_fails(tmp_path: Path) -> None:
    """The OperationError has the child as the REST interface shows it."""
    with opened(tmp_path) as bench:
        child = bench.deploy('- fail: {raise: "boom"}', "child")
        error = map_of(bench.ended(bench.start(bench.deploy(RUNS))))
        found = child_of(bench, child.name)

    assert ["OperationError"] == error["tags"]
    operation = error["operation"]
    assert (str(found.name), "FAILED") == (operation["name"], operation["state"])
    assert '"boom"' == operation["error"]["payload"]
    assert "fail" == operation["error"]["stackTrace"]["elements"][0]["step"]


def test_run_when_the_child_is_cancelled(tmp_path: Path) -> None:
    """A child that somebody cancels is an error of its parent's, which goes on."""
    with opened(tmp_path) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        bench.cancel(child_of(bench, child.name).name)

        assert "CANCELLED" == map_of(bench.ended(parent))["operation"]["state"]


def test_run_when_the_workflow_of_the_child_is_deleted(tmp_path: Path) -> None:
    """A child that is deleted with its workflow is one that was cancelled."""
    with opened(tmp_path) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        name = child_of(bench, child.name).name
        bench.delete(child.name)
        error = map_of(bench.ended(parent))

    assert (["OperationError"], "CANCELLED") == (error["tags"], error["operation"]["state"])
    assert str(name) == error["operation"]["name"]


def test_run_when_the_process_ends_right_after_the_deletion(tmp_path: Path) -> None:
    """A parent that was not told of its child's deletion hears of it in the next process."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        bench.await_state("2 blocked")
        bench.store.workflows.delete(child.name, clock.now())
    with opened(tmp_path, clock) as bench:
        error = map_of(bench.ended(parent))

    assert (["OperationError"], "CANCELLED") == (error["tags"], error["operation"]["state"])


def test_run_when_the_workflow_is_unknown(tmp_path: Path) -> None:
    """A refusal is an HttpError, also in the very first slice, and nothing is created."""
    with opened(tmp_path) as bench:
        error = map_of(bench.ended(bench.start(bench.deploy(RUNS))))

    assert (["HttpError"], 404, "NOT_FOUND") == (
        error["tags"],
        error["code"],
        error["body"]["error"]["status"],
    )


def test_run_when_its_timeout_passes(tmp_path: Path) -> None:
    """The parent goes on without its child, which goes on as well."""
    with opened(tmp_path, park_after=10_000) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        found = child_of(bench, child.name)
        bench.await_state("2 blocked")
        bench.clock.advance(60)
        error = map_of(bench.ended(parent))
        bench.send(found.name, "late")

        assert "late" == result_of(bench.ended(found))
    assert ["TimeoutError"] == error["tags"]


def test_run_when_the_child_ended_before_its_timeout(tmp_path: Path) -> None:
    """An end that is stored before the timeout wins, even if the parent's thread hears late."""
    with opened(tmp_path, park_after=10_000) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        found = child_of(bench, child.name)
        bench.await_state("2 blocked")
        bench.store.executions.cancel(found.name, bench.clock.now())
        bench.clock.advance(60)

        assert ["OperationError"] == map_of(bench.ended(parent))["tags"]


def test_cancel_when_children_wait(tmp_path: Path) -> None:
    """Children are cancelled with their parent, and theirs with them, when it is answered."""
    with opened(tmp_path) as bench:
        grandchild = bench.deploy(WAITS, "grandchild")
        child = bench.deploy(RUNS.replace("workflow_id: child", "workflow_id: grandchild"), "child")
        parent = bench.start(bench.deploy(RUNS))
        child_of(bench, grandchild.name)
        bench.cancel(parent.name)
        found = states(bench, child.name) + states(bench, grandchild.name)
        bench.await_state(AT_REST)

    assert [ExecutionState.CANCELLED] * 2 == found


def test_cancel_when_the_process_ends_right_after_it(tmp_path: Path) -> None:
    """Children that were not cancelled with their parent are cancelled by the next process."""
    clock = FakeClock()
    with opened(tmp_path, clock) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(RUNS))
        child_of(bench, child.name)
        bench.await_state("2 blocked")
        bench.store.executions.cancel(parent.name, clock.now())
        assert [ExecutionState.ACTIVE] == states(bench, child.name)
    with opened(tmp_path, clock) as bench:
        clock.await_that(lambda: states(bench, child.name) == [ExecutionState.CANCELLED])


def test_delete_when_children_wait(tmp_path: Path) -> None:
    """Children are cancelled with their parent's workflow."""
    with opened(tmp_path) as bench:
        child = bench.deploy(WAITS, "child")
        workflow = bench.deploy(RUNS)
        bench.start(workflow)
        child_of(bench, child.name)
        bench.delete(workflow.name)

        assert [ExecutionState.CANCELLED] == states(bench, child.name)


def test_failure_when_children_wait(tmp_path: Path) -> None:
    """A parent that ends by itself while a branch waits for a child cancels it."""
    source = """
- start:
    parallel:
      branches:
        - waits:
            steps:
              - run: {call: experimental.executions.run, args: {workflow_id: child}}
        - fails:
            steps:
              - later: {call: sys.sleep, args: {seconds: 10}}
              - large: {assign: [{x: '${text.replace_all(long, "x", long)}'}]}
"""
    source = f'- init: {{assign: [{{long: "{"x" * 2_000}"}}]}}\n{source}'
    with opened(tmp_path, park_after=10_000) as bench:
        child = bench.deploy(WAITS, "child")
        parent = bench.start(bench.deploy(source))
        child_of(bench, child.name)
        bench.await_state("2 blocked")
        bench.clock.advance(10)
        ended = bench.ended(parent)
        bench.clock.await_that(lambda: states(bench, child.name) == [ExecutionState.CANCELLED])

    assert ExecutionState.FAILED is ended.state


def test_create_when_it_is_not_awaited(tmp_path: Path) -> None:
    """The parent goes on at once, and its end is nothing to the child."""
    source = f"""
- start:
    call: {CREATE}
    args:
      parent: projects/1/locations/us-central1/workflows/child
      body:
        argument: "[1]"
        labels: {{team: blue}}
        disableConcurrencyQuotaOverflowBuffering: true
    result: r
- again:
    call: {CREATE}
    args: {{parent: projects/local/locations/us-central1/workflows/child, body: {{}}}}
- done: {{return: "${{r}}"}}
"""
    with opened(tmp_path) as bench:
        child = bench.deploy(WAITS, "child")
        shown = map_of(bench.ended(bench.start(bench.deploy(source))))
        first, second = children(bench, child.name)
        bench.send(first.name, 1)
        bench.ended(first)

    assert ("[1]", {"team": "blue"}, "null") == (first.argument, first.labels, second.argument)
    assert [False, True] == [first.buffered, second.buffered]
    assert (str(first.name), "ACTIVE", child.revision_id) == (
        shown["name"],
        shown["state"],
        shown["workflowRevisionId"],
    )
    assert second.state is not ExecutionState.CANCELLED


def test_create_when_the_labels_are_wrong(tmp_path: Path) -> None:
    """What the interface would refuse about a body is refused the same way."""
    source = f"""
- start:
    try:
      call: {CREATE}
      args:
        parent: projects/local/locations/us-central1/workflows/w
        body: {{labels: {{Team: blue}}}}
    except:
      as: e
      steps:
        - caught: {{return: "${{e.body.error}}"}}
"""
    with opened(tmp_path) as bench:
        error = map_of(bench.ended(bench.start(bench.deploy(source))))

    assert (400, "INVALID_ARGUMENT") == (error["code"], error["status"])


def test_map_when_there_are_a_thousand(tmp_path: Path) -> None:
    """A thousand executions each run once, and their results come in order."""
    source = """
main:
  steps:
    - init: {assign: [{all: []}]}
    - gather:
        for:
          value: n
          range: [1, 1000]
          steps:
            - one: {assign: [{all: "${list.concat(all, n)}"}]}
    - start:
        call: experimental.executions.map
        args: {workflow_id: child, arguments: "${all}"}
        result: r
    - done: {return: "${r}"}
"""
    with opened(tmp_path) as bench:
        child = bench.deploy(DOUBLES, "child")
        parent = bench.start(bench.deploy(source))
        bench.clock.await_that(lambda: bench.store.executions.get(parent.name).state.ended)
        found = children(bench, child.name)

        assert [2 * n for n in range(1, 1_001)] == result_of(bench.ended(parent))
    assert [str(n) for n in range(1, 1_001)] == [child.argument for child in found]


def test_map_when_there_are_too_many(tmp_path: Path) -> None:
    """More executions than one call may create are a ValueError."""
    source = """
- start:
    call: experimental.executions.map
    args: {workflow_id: child, arguments: [1, 2, 3]}
"""
    with opened(tmp_path, limits=replace(RunLimits(), children=2)) as bench:
        ended = bench.ended(bench.start(bench.deploy(source)))

    assert ended.failure is not None
    assert ["ValueError"] == json.loads(ended.failure.payload)["tags"]


def test_map_when_the_results_are_too_large(tmp_path: Path) -> None:
    """Results that no variable could hold are a ResourceLimitError, unless nothing keeps them."""
    source = """
- start:
    call: experimental.executions.map
    args: {workflow_id: child, arguments: [1, 2, 3]}
    result: r
"""
    child = '- done: {return: \'${text.replace_all("xxxxxxxxxx", "x", "0123456789")}\'}'
    with opened(tmp_path, limits=replace(RunLimits(), memory_bytes=30)) as bench:
        bench.deploy(child, "child")
        ended = bench.ended(bench.start(bench.deploy(source)))

        unused = bench.ended(bench.start(bench.deploy(source.replace("    result: r\n", ""), "x")))

    assert ended.failure is not None
    assert ["ResourceLimitError"] == json.loads(ended.failure.payload)["tags"]
    assert ExecutionState.SUCCEEDED is unused.state


def test_run_when_a_workflow_runs_itself(tmp_path: Path) -> None:
    """Executions that wait for one another are bounded in number; all of them end."""
    source = RUNS.replace("workflow_id: child", "workflow_id: w")
    with opened(tmp_path, limits=replace(RunLimits(), child_depth=5)) as bench:
        workflow = bench.deploy(source)
        error = map_of(bench.ended(bench.start(workflow)))
        found = states(bench, workflow.name)

    assert ([ExecutionState.SUCCEEDED] * 6, 429) == (found, error["code"])


def test_run_when_too_many_executions_are_queued(tmp_path: Path) -> None:
    """Executions create no more while as many are queued as may be."""
    with pooled(tmp_path, Pool(threads=4, park_after=5.0, queued=0)) as bench:
        bench.deploy(DOUBLES, "child")
        error = map_of(bench.ended(bench.start(bench.deploy(RUNS))))

    assert (429, "RESOURCE_EXHAUSTED") == (error["code"], error["body"]["error"]["status"])


def test_run_when_the_parent_belongs_to_a_trace(tmp_path: Path) -> None:
    """Its child belongs to the same one."""
    trace = Trace(trace_id="0" * 31 + "1", span_id="0" * 15 + "2", flags="01")
    with opened(tmp_path) as bench:
        child = bench.deploy(WAITS, "child")
        workflow = bench.deploy(RUNS)
        with within(Scope(trace=trace)):
            bench.start(workflow)
        key = child_of(bench, child.name).key

        assert str(trace) == bench.store.executions.load(key).trace
