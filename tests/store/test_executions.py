"""Executions in the store: created, advanced, ended, found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.errors import CorruptDataError, FailedPreconditionError, NotFoundError
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    ExecutionState,
    HistoryLevel,
)
from ringback_server.store import Store, open_store
from ringback_server.store.creations import Stored
from ringback_server.store.ids import new_uid
from ringback_server.store.listing import Query
from ringback_server.store.records import Committed, Phase, Superseded
from tests import listed
from tests.replacing import replace
from tests.store.making import (
    FAILURE,
    NAME,
    PLACE,
    Made,
    awaiting,
    commit,
    create,
    deploy,
    ends,
    get,
    new_execution,
    send,
    waits,
)

OTHER = WorkflowName("local", "us-central1", "other")

#: packed columns, and how to read and write each
_COLUMNS = {
    "state": (
        "SELECT state FROM execution WHERE id = ?",
        "UPDATE execution SET state = ? WHERE id = ?",
    ),
    "failure": (
        "SELECT failure FROM execution WHERE id = ?",
        "UPDATE execution SET failure = ? WHERE id = ?",
    ),
    "steps": (
        "SELECT steps FROM execution WHERE id = ?",
        "UPDATE execution SET steps = ? WHERE id = ?",
    ),
}


def _damage(store: Store, made: Made, column: str) -> None:
    """Flip the last bit of a packed column."""
    select, update = _COLUMNS[column]
    row = store.database.read(lambda c: c.execute(select, (made.key,)).fetchone())
    assert row is not None
    damaged = row[0][:-1] + bytes([row[0][-1] ^ 1])
    store.database.write(lambda c: c.execute(update, (damaged, made.key)).rowcount)


def test_create_when_nothing_has_run(store: Store) -> None:
    """Without an advance the execution is queued, with what its creator said."""
    workflow = deploy(store)
    new = replace(
        new_execution(workflow),
        labels={"a": "b"},
        call_log_level=CallLogLevel.LOG_ALL_CALLS,
        history_level=HistoryLevel.EXECUTION_HISTORY_DETAILED,
        buffered=False,
    )
    (stored,) = store.executions.create([(new, None)])
    (execution,) = listed.executions(store, NAME)

    assert isinstance(stored, Stored)
    key = stored.key
    assert stored == Stored(
        key=key, uid=new.uid, workflow_key=workflow.key, begun=False, committed=Committed()
    )
    expected = Execution(
        name=execution.name,
        state=ExecutionState.QUEUED,
        argument='{"n":1}',
        revision_id=workflow.revision_id,
        create_time=10.0,
        labels={"a": "b"},
        call_log_level=CallLogLevel.LOG_ALL_CALLS,
        history_level=HistoryLevel.EXECUTION_HISTORY_DETAILED,
        buffered=False,
        key=key,
    )
    assert expected == execution
    assert new.uid == execution.name.uid
    loaded = store.executions.load(key)
    assert (None, Phase.QUEUED, 0) == (loaded.state, loaded.phase, loaded.fence)
    assert (execution.name, workflow.revision_key) == (loaded.name, loaded.revision_key)
    assert [key] == store.executions.queued(workflow.key, after=0, limit=5)


def test_create_when_it_ran_already(store: Store) -> None:
    """With its first advance the execution is where that left it, in one transaction."""
    workflow = deploy(store)
    waiting, done = awaiting(store, workflow), create(store, workflow, ends())

    assert ExecutionState.ACTIVE is get(store, waiting).state
    assert (11.0, None) == (get(store, waiting).start_time, get(store, waiting).end_time)
    assert (PLACE,) == get(store, waiting).current_steps
    loaded = store.executions.load(waiting.key)
    assert (b"state", Phase.WAITING, ()) == (loaded.state, loaded.phase, loaded.deliveries)
    ended = get(store, done)
    assert (ExecutionState.SUCCEEDED, '"done"', None) == (ended.state, ended.result, ended.failure)
    assert (12.0, 12.0) == (ended.start_time, ended.end_time)
    with pytest.raises(Superseded):
        store.executions.load(done.key)
    assert [] == store.executions.runnable(after=0, limit=5)


def test_commit_when_it_goes_on(store: Store) -> None:
    """Each advance replaces state and steps and leaves the start where it was."""
    made = create(store, deploy(store))
    commit(store, made, replace(waits(), time=13.0))
    later = waits(state=b"next", phase=Phase.RUNNABLE, wake=None)
    commit(store, made, replace(later, began=14.0, time=15.0))

    loaded = store.executions.load(made.key)
    assert (b"next", Phase.RUNNABLE) == (loaded.state, loaded.phase)
    assert 11.0 == get(store, made).start_time
    assert None is store.executions.next_wake(0.0)


def test_commit_when_it_fails(store: Store) -> None:
    """A failed execution keeps its error with the stack, and nothing to wake it."""
    made = awaiting(store, deploy(store))
    commit(store, made, ends(ExecutionState.FAILED, expired=[1]))

    execution = get(store, made)
    assert (ExecutionState.FAILED, FAILURE, None) == (
        execution.state,
        execution.failure,
        execution.result,
    )
    assert [] == store.executions.due(1e12, after=None, limit=5)
    with pytest.raises(Superseded):
        commit(store, made, ends())


def test_commit_when_the_fence_has_moved(store: Store) -> None:
    """Whoever drove an execution before it was taken away cannot store anything."""
    made = awaiting(store, deploy(store))
    with pytest.raises(Superseded):
        commit(store, made, waits(), fence=7)
    with pytest.raises(Superseded):
        store.executions.commit(999, 0, waits())

    assert b"state" == store.executions.load(made.key).state


def test_commit_when_it_consumes_what_was_not_given(store: Store) -> None:
    """A wait without a payload cannot be consumed, and nothing of the advance is stored."""
    made = awaiting(store, deploy(store))
    with pytest.raises(LookupError):
        commit(store, made, waits(state=b"new", consumed=[1], endpoints=[1]))

    assert b"state" == store.executions.load(made.key).state


def test_cancel_when_it_waits(store: Store) -> None:
    """A cancelled execution has ended: no wake, no state, and its driver is superseded."""
    made = awaiting(store, deploy(store))
    key, execution = store.executions.cancel(made.name, 40.0)

    assert (made.key, ExecutionState.CANCELLED, 40.0) == (key, execution.state, execution.end_time)
    assert execution == get(store, made)
    assert None is store.executions.next_wake(0.0)
    for attempt in (waits(), ends()):
        with pytest.raises(Superseded):
            commit(store, made, attempt)
    with pytest.raises(Superseded):
        store.executions.load(made.key)


def test_cancel_when_it_is_queued(store: Store) -> None:
    """What never started can be cancelled."""
    made = create(store, deploy(store))
    store.executions.cancel(made.name, 40.0)

    assert None is get(store, made).start_time
    assert [] == store.executions.runnable(after=0, limit=5)


def test_cancel_when_it_has_ended(store: Store) -> None:
    """What has ended stays as it is."""
    made = create(store, deploy(store), ends())
    with pytest.raises(FailedPreconditionError):
        store.executions.cancel(made.name, 40.0)

    assert ExecutionState.SUCCEEDED is get(store, made).state


def test_get_when_the_name_is_not_exact(store: Store) -> None:
    """An execution is found under its own name alone."""
    made = create(store, deploy(store))
    deploy(store, replace(NAME, workflow="other"))
    for wrong in (
        replace(made.name, project="100000000000"),
        replace(made.name, location="mars"),
        replace(made.name, workflow="other"),
        replace(made.name, execution=made.name.execution.upper()),
        replace(made.name, execution="x"),
        replace(made.name, execution="00000000-0000-7000-8000-000000000000"),
    ):
        with pytest.raises(NotFoundError) as raised:
            store.executions.get(wrong)
        assert "EXECUTION_NOT_FOUND" == raised.value.reason
        with pytest.raises(NotFoundError):
            store.executions.cancel(wrong, 1.0)


def test_list_when_there_are_many(store: Store) -> None:
    """Executions come newest first, in pages; the basic view lacks what is large."""
    workflow = deploy(store)
    keys = [create(store, workflow, ends()).key for _ in range(5)]
    create(store, deploy(store, replace(NAME, workflow="other")))
    first = store.executions.list(NAME, Query(limit=3), full=True)
    second = store.executions.list(NAME, Query(limit=3, after=first.rest), full=False)

    assert keys[::-1] == [e.key for _, e in (*first.rows, *second.rows)]
    assert {('{"n":1}', '"done"')} == {(e.argument, e.result) for _, e in first.rows}
    assert {("", None)} == {(e.argument, e.result) for _, e in second.rows}
    assert {ExecutionState.SUCCEEDED} == {e.state for _, e in second.rows}


def test_due_when_deadlines_pass(store: Store) -> None:
    """Whoever has a wake time that has come is found in order, in pages, and nobody else."""
    workflow = deploy(store)
    wakes = [30.0, 10.0, 20.0, 20.0, 20.0, None, 50.0]
    keys = [create(store, workflow, waits(wake=wake)).key for wake in wakes]
    first = store.executions.due(30.0, after=None, limit=3)
    rest = store.executions.due(30.0, after=first[-1], limit=3)

    assert [(10.0, keys[1]), (20.0, keys[2]), (20.0, keys[3])] == first
    assert [(20.0, keys[4]), (30.0, keys[0])] == rest
    assert [30.0, 50.0, None] == [store.executions.next_wake(t) for t in (20.0, 30.0, 50.0)]


def test_runnable_when_some_are(store: Store) -> None:
    """Recovery finds what is runnable, in pages, and not what is queued, waits or has ended."""
    workflow = deploy(store)
    ready = waits(phase=Phase.RUNNABLE)
    advances = [None, ready, waits(), ready, ends()]
    keys = [create(store, workflow, advance).key for advance in advances]
    given = awaiting(store, workflow)
    send(store, given)

    assert [keys[1], keys[3]] == store.executions.runnable(after=0, limit=2)
    assert [given.key] == store.executions.runnable(after=keys[3], limit=9)


def test_queued_when_some_are(store: Store) -> None:
    """Queued ones are found by workflow, the oldest first, in pages, until they are advanced."""
    first, second = deploy(store), deploy(store, OTHER)
    mine = [create(store, first) for _ in range(3)]
    other = create(store, second)
    create(store, first, waits())
    keys = [made.key for made in mine]
    commit(store, mine[0], waits())

    assert [keys[1]] == store.executions.queued(first.key, after=0, limit=1)
    assert [keys[2]] == store.executions.queued(first.key, after=keys[1], limit=9)
    assert [first.key, second.key] == store.executions.queued_workflows()
    store.executions.cancel(other.name, 20.0)
    assert [first.key] == store.executions.queued_workflows()
    assert {keys[0]: first.key, other.key: second.key} == store.executions.workflows(
        [keys[0], other.key, 999]
    )


def test_runnable_when_requests_have_no_answer(store: Store) -> None:
    """Recovery finds what waits for an answer, until that is recorded or the execution ends."""
    workflow = deploy(store)
    asking = replace(waits(wake=None), requests=2)
    answered, cancelled, ended, open_ = (create(store, workflow, asking) for _ in range(4))
    late = create(store, workflow, waits())
    commit(store, late, replace(asking, phase=Phase.RUNNABLE))
    commit(store, answered, waits())
    store.executions.cancel(cancelled.name, 20.0)
    commit(store, ended, ends())

    assert [open_.key, late.key] == store.executions.runnable(after=0, limit=5)
    assert [late.key] == store.executions.runnable(after=open_.key, limit=5)


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT wake, id FROM execution WHERE wake <= 9 AND (wake, id) > (1, 1) ORDER BY wake, id",
         "execution_by_wake"),
        ("SELECT MIN(wake) FROM execution WHERE wake > 9", "execution_by_wake"),
        ("SELECT id FROM execution WHERE phase = 1 AND id > 9 ORDER BY id", "execution_ready"),
        ("SELECT id FROM execution WHERE phase = 0 AND workflow = 1 AND id > 9 ORDER BY id",
         "execution_queued"),
        ("SELECT MIN(workflow) FROM execution WHERE phase = 0 AND workflow > 9",
         "execution_queued"),
        ("SELECT id FROM execution WHERE requests > 0 AND id > 9 ORDER BY id",
         "execution_requesting"),
        ("SELECT id FROM execution WHERE workflow=1 AND create_time<=9 ORDER BY create_time DESC",
         "execution_by_creation"),
    ],
)  # fmt: skip
def test_recovery_when_millions_wait(store: Store, sql: str, index: str) -> None:
    """Start-up, timers and lists read an index and sort nothing."""
    plan = store.database.read(lambda c: c.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())

    assert 1 == len(plan)
    assert f"INDEX {index}" in plan[0][3]


def test_load_when_the_state_is_damaged(store: Store) -> None:
    """A flipped bit makes that one execution unreadable and no other."""
    workflow = deploy(store)
    damaged, sound = awaiting(store, workflow), awaiting(store, workflow)
    _damage(store, damaged, "state")

    with pytest.raises(CorruptDataError):
        store.executions.load(damaged.key)
    assert b"state" == store.executions.load(sound.key).state
    store.executions.mark_unavailable(damaged.key, "its state is damaged", 50.0)
    execution = get(store, damaged)
    assert (ExecutionState.UNAVAILABLE, "its state is damaged", 50.0) == (
        execution.state,
        execution.state_detail,
        execution.end_time,
    )
    with pytest.raises(Superseded):
        commit(store, damaged, waits())
    store.executions.mark_unavailable(damaged.key, "again", 60.0)
    assert execution == get(store, damaged)


@pytest.mark.parametrize("column", ["failure", "steps"])
def test_get_when_a_column_is_damaged(store: Store, column: str) -> None:
    """A damaged execution is shown as unavailable, in lists too, beside sound ones."""
    workflow = deploy(store)
    damaged = create(store, workflow, ends(ExecutionState.FAILED))
    create(store, workflow, ends())
    _damage(store, damaged, column)

    found = listed.executions(store, NAME)
    assert [ExecutionState.SUCCEEDED, ExecutionState.UNAVAILABLE] == [e.state for e in found]
    assert get(store, damaged) == found[1]
    assert found[1].state_detail


def test_load_when_the_store_is_opened_again(tmp_path: Path) -> None:
    """A waiting execution with a payload on its way is the same after a restart."""
    store = open_store(tmp_path)
    made = awaiting(store, deploy(store))
    sent = send(store, made)
    before = store.executions.load(made.key)
    store.close()
    again = open_store(tmp_path)

    assert (sent.delivery,) == before.deliveries
    assert before == again.executions.load(made.key)
    assert [made.key] == again.executions.runnable(after=0, limit=5)
    again.close()


def test_new_uid_when_many_are_made() -> None:
    """Ids are UUIDs of version 7: distinct, and in the order of their making."""
    ids = [new_uid() for _ in range(10_000)]
    name = ExecutionName("p", "l", "w", "00000000-0000-7000-8000-000000000000")

    assert 10_000 == len(set(ids))
    assert {7} == {uid[6] >> 4 for uid in ids}
    assert {0b10} == {uid[8] >> 6 for uid in ids}
    assert [uid[:6] for uid in ids] == sorted(uid[:6] for uid in ids)
    assert name.uid is not None
