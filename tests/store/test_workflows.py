"""Workflows, revisions and operations in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.errors import AlreadyExistsError, NotFoundError
from ringback_server.model.names import LocationName, OperationName, WorkflowName
from ringback_server.model.resources import CallLogLevel, HistoryLevel
from ringback_server.store import Store, open_store
from ringback_server.store.listing import Query
from ringback_server.store.logs import LogFilter
from ringback_server.store.records import Superseded
from ringback_server.store.workflow_changes import WorkflowChanges
from tests import listed
from tests.replacing import replace
from tests.store.making import (
    FIELDS,
    NAME,
    awaiting,
    commit,
    create,
    deploy,
    ends,
    get,
    logs,
    new_execution,
    request,
    send,
    waits,
)

_PLACE = NAME.parent
_COUNT_ROWS = """
SELECT 'execution', COUNT(*) FROM execution
UNION ALL SELECT 'endpoint', COUNT(*) FROM endpoint
UNION ALL SELECT 'waiter', COUNT(*) FROM waiter
UNION ALL SELECT 'journal', COUNT(*) FROM journal
UNION ALL SELECT 'workflow', COUNT(*) FROM workflow
UNION ALL SELECT 'revision', COUNT(*) FROM revision
UNION ALL SELECT 'payload', COUNT(*) FROM payload
"""


def test_create_when_the_name_is_free(store: Store) -> None:
    """A new workflow is what was asked for, in its first revision, with an operation done."""
    workflow, operation = store.workflows.create(NAME, now=5.0, **FIELDS)

    assert NAME == workflow.name
    assert FIELDS["source"] == workflow.source
    assert FIELDS["service_account"] == workflow.service_account
    assert ("waits", {"team": "blue"}) == (workflow.description, workflow.labels)
    assert {"MODE": "test"} == workflow.user_env_vars
    assert CallLogLevel.LOG_ERRORS_ONLY is workflow.call_log_level
    assert HistoryLevel.EXECUTION_HISTORY_BASIC is workflow.history_level
    times = (workflow.create_time, workflow.update_time, workflow.revision_create_time)
    assert (5.0, 5.0, 5.0) == times
    assert "000001-" == workflow.revision_id[:7]
    assert workflow == store.workflows.get(NAME)
    assert ("create", NAME, 5.0, 5.0) == (
        operation.verb,
        operation.target,
        operation.create_time,
        operation.end_time,
    )
    assert operation == store.workflows.operation(OperationName.parse(operation.name))


def test_create_when_the_name_is_taken(store: Store) -> None:
    """Names are unique within a location of a project, as the caller wrote it."""
    deploy(store)

    with pytest.raises(AlreadyExistsError):
        deploy(store)
    deploy(store, replace(NAME, project="other"))
    deploy(store, replace(NAME, location="europe-west1"))


@pytest.mark.parametrize(
    "name",
    [
        replace(NAME, project="100000000000"),
        replace(NAME, location="europe-west1"),
        replace(NAME, workflow="Basic"),
    ],
)
def test_get_when_the_name_differs(store: Store, name: WorkflowName) -> None:
    """Names match exactly."""
    deploy(store)

    with pytest.raises(NotFoundError) as raised:
        store.workflows.get(name)
    assert "WORKFLOW_NOT_FOUND" == raised.value.reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [(NAME, "REVISION_NOT_FOUND"), (replace(NAME, workflow="Basic"), "WORKFLOW_NOT_FOUND")],
)
def test_get_when_there_is_no_such_revision(store: Store, name: WorkflowName, reason: str) -> None:
    """It is told whether the revision is missing or the workflow itself."""
    deploy(store)

    with pytest.raises(NotFoundError) as raised:
        store.workflows.get(name, "000001-zzz")
    assert reason == raised.value.reason


@pytest.mark.parametrize(
    ("changes", "revised"),
    [
        (WorkflowChanges(), False),
        (WorkflowChanges(description="new", labels={}), False),
        (WorkflowChanges(source=FIELDS["source"], user_env_vars={"MODE": "test"}), False),
        (WorkflowChanges(call_log_level=CallLogLevel.LOG_NONE), False),
        (WorkflowChanges(history_level=HistoryLevel.EXECUTION_HISTORY_DETAILED), False),
        (WorkflowChanges(source="- other:\n    return: 2\n"), True),
        (WorkflowChanges(service_account="projects/-/serviceAccounts/b@local"), True),
        (WorkflowChanges(user_env_vars={}), True),
    ],
)
def test_update_when_fields_change(
    store: Store, changes: WorkflowChanges, *, revised: bool
) -> None:
    """Only another source, service account or environment makes a new revision."""
    before = deploy(store)
    after, operation = store.workflows.update(NAME, changes, 9.0)

    assert "update" == operation.verb
    assert (1.0, 9.0) == (after.create_time, after.update_time)
    assert revised == (after.revision_key != before.revision_key)
    assert ("000002-" if revised else "000001-") == after.revision_id[:7]
    assert (9.0 if revised else 1.0) == after.revision_create_time
    for field in WorkflowChanges.__slots__:
        wanted = getattr(changes, field)
        assert (getattr(before, field) if wanted is None else wanted) == getattr(after, field)
    assert after == store.workflows.get(NAME)


def test_update_when_it_is_missing(store: Store) -> None:
    """Nothing is made by updating what is not there."""
    with pytest.raises(NotFoundError):
        store.workflows.update(NAME, WorkflowChanges(description="x"), 1.0)
    assert [] == store.workflows.list_operations(_PLACE, Query(limit=10)).rows


def test_list_revisions_when_there_are_many(store: Store) -> None:
    """Revisions come newest first, in pages, and each can be read by its id and its key."""
    deploy(store)
    for number in range(4):
        store.workflows.update(NAME, WorkflowChanges(source=f"source {number}"), 2.0)
    first = store.workflows.list_revisions(NAME, limit=3, after=None)
    rest = store.workflows.list_revisions(NAME, limit=3, after=first[-1].revision_key)

    assert ["source 3", "source 2", "source 1"] == [w.source for w in first]
    assert ["source 0", FIELDS["source"]] == [w.source for w in rest]
    for revision in (*first, *rest):
        assert revision == store.workflows.get(NAME, revision.revision_id)
        assert revision == store.workflows.by_revision(revision.revision_key)
    with pytest.raises(NotFoundError):
        store.workflows.get(NAME, "000009-abc")
    with pytest.raises(NotFoundError):
        store.workflows.by_revision(999)


def test_list_when_there_are_many(store: Store) -> None:
    """Workflows of one location come by id, in pages."""
    for workflow in ("c", "a", "d", "b"):
        deploy(store, replace(NAME, workflow=workflow))
    deploy(store, replace(NAME, project="other"))
    store.workflows.update(replace(NAME, workflow="a"), WorkflowChanges(source="x"), 2.0)
    first = store.workflows.list(_PLACE, Query(limit=3))
    second = store.workflows.list(_PLACE, Query(limit=3, after=first.rest))

    assert ["a", "b", "c"] == [w.name.workflow for _, w in first.rows]
    assert ["d"] == [w.name.workflow for _, w in second.rows]
    assert "x" == first.rows[0][1].source
    assert [] == listed.workflows(store, LocationName("local", "mars"))


def test_list_operations_when_there_are_many(store: Store) -> None:
    """Operations come newest first, in pages, and can be forgotten."""
    deploy(store)
    store.workflows.update(NAME, WorkflowChanges(description="x"), 2.0)
    store.workflows.delete(NAME, 3.0)
    first = store.workflows.list_operations(_PLACE, Query(limit=2))
    second = store.workflows.list_operations(_PLACE, Query(limit=2, after=first.rest))

    assert ["delete", "update", "create"] == [o.verb for _, o in (*first.rows, *second.rows)]
    name = OperationName.parse(first.rows[0][1].name)
    store.workflows.delete_operation(name)
    with pytest.raises(NotFoundError) as raised:
        store.workflows.operation(name)
    assert "OPERATION_NOT_FOUND" == raised.value.reason
    with pytest.raises(NotFoundError):
        store.workflows.delete_operation(name)
    with pytest.raises(NotFoundError):
        store.workflows.operation(replace(name, operation="not-a-uuid"))


def test_delete_when_executions_are_under_way(store: Store) -> None:
    """A deleted workflow takes its executions with it, whatever they are doing."""
    workflow = deploy(store)
    queued, waiting = create(store, workflow), awaiting(store, workflow)
    done = create(store, workflow, ends())
    operation, live = store.workflows.delete(NAME, 30.0)

    assert "delete" == operation.verb
    assert [queued.key, waiting.key] == live
    for made in (queued, waiting, done):
        with pytest.raises(NotFoundError):
            get(store, made)
        with pytest.raises(Superseded):
            store.executions.load(made.key)
        with pytest.raises(Superseded):
            commit(store, made, ends())
    with pytest.raises(NotFoundError):
        send(store, waiting)
    (refused,) = store.executions.create([(new_execution(workflow), None)])
    assert isinstance(refused, NotFoundError)
    with pytest.raises(NotFoundError):
        listed.executions(store, NAME, full=False)
    with pytest.raises(NotFoundError):
        store.workflows.delete(NAME, 31.0)
    assert [] == store.executions.runnable(after=0, limit=10)
    assert [] == store.executions.due(1_000.0, after=None, limit=10)


def test_delete_when_there_are_many_executions(store: Store) -> None:
    """Nothing of a deleted workflow stays in any table, and of others everything does."""
    kept = deploy(store, replace(NAME, workflow="kept"))
    advance = replace(waits(endpoints=[0], opened=[(1, 0)]), entries=logs("x"))
    survivor = create(store, kept, advance)
    workflow = deploy(store)
    for _ in range(450):
        store.callbacks.send(request(create(store, workflow, advance).callback()))
    store.workflows.delete(NAME, 30.0)

    rows = store.database.read(lambda c: c.execute(_COUNT_ROWS).fetchall())
    assert [("execution", 1), ("endpoint", 1), ("waiter", 1), ("journal", 1)] == rows[:4]
    assert [("workflow", 1), ("revision", 1), ("payload", 0)] == rows[4:]
    assert survivor.name == get(store, survivor).name
    assert 1 == len(store.logs.list(_PLACE, LogFilter(), limit=10, after=None))


def test_delete_when_the_name_is_used_again(store: Store) -> None:
    """A new workflow of the same name has nothing of the old one, and no key is used twice."""
    old = awaiting(store, deploy(store))
    store.workflows.delete(NAME, 30.0)
    new = create(store, deploy(store))

    assert new.key > old.key
    assert [new.key] == [e.key for e in listed.executions(store, NAME)]
    assert 1 == len(store.workflows.list_revisions(NAME, limit=9, after=None))
    with pytest.raises(NotFoundError):
        get(store, old)


def test_get_when_the_store_is_opened_again(tmp_path: Path) -> None:
    """Everything is there after a restart."""
    store = open_store(tmp_path)
    workflow = deploy(store)
    store.close()
    store.close()
    again = open_store(tmp_path)

    assert workflow == again.workflows.get(NAME)
    again.close()
