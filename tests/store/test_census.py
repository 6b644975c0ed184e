"""Numbers about the whole store."""

from __future__ import annotations

import pytest

from ringback_server.model.resources import ExecutionState
from ringback_server.store import Store
from ringback_server.store.records import Superseded
from tests.store.making import awaiting, commit, create, deploy, ends, waits

_NONE = dict.fromkeys(("ACTIVE", "CANCELLED", "FAILED", "QUEUED", "SUCCEEDED", "UNAVAILABLE"), 0)


def test_executions_when_they_come_and_go(store: Store) -> None:
    """Each execution counts once, in its present state, until it is removed."""
    workflow = deploy(store)
    for _ in range(3):
        create(store, workflow)
    commit(store, create(store, workflow), waits())
    awaiting(store, workflow)
    commit(store, awaiting(store, workflow), ends(expired=[1]))
    create(store, workflow, ends(ExecutionState.FAILED))
    store.executions.cancel(awaiting(store, workflow).name, 20.0)
    store.executions.mark_unavailable(awaiting(store, workflow).key, "damaged", 20.0)
    before = store.census.executions()
    store.workflows.delete(workflow.name, 30.0)

    assert before == {
        "QUEUED": 3,
        "ACTIVE": 2,
        "SUCCEEDED": 1,
        "FAILED": 1,
        "CANCELLED": 1,
        "UNAVAILABLE": 1,
    }
    assert _NONE == store.census.executions()


def test_executions_when_an_operation_fails(store: Store) -> None:
    """What is rolled back is not counted."""
    made = awaiting(store, deploy(store))
    commit(store, made, ends(expired=[1]))
    with pytest.raises(Superseded):
        commit(store, made, ends(expired=[1]), fence=0)

    assert store.census.executions() == _NONE | {"SUCCEEDED": 1}


def test_wal_bytes_when_something_was_written(store: Store) -> None:
    """The write-ahead log has a size, which is that of its file."""
    store.census.probe()

    assert store.census.wal_bytes() == (store.data_dir.path / "ringback.db-wal").stat().st_size
