"""Removing what is old."""

from __future__ import annotations

from itertools import count

import pytest

from ringback_server.errors import NotFoundError
from ringback_server.model.names import CallbackName
from ringback_server.model.resources import Binding, Workflow
from ringback_server.store import Store
from ringback_server.store.expiry import Expiry
from ringback_server.store.listing import Query
from tests.replacing import replace
from tests.store.making import (
    NAME,
    Made,
    awaiting,
    commit,
    create,
    deploy,
    ends,
    get,
    logs,
    send,
    unhurried,
    waits,
)

_ROWS = """
SELECT (SELECT COUNT(*) FROM execution), (SELECT COUNT(*) FROM endpoint),
       (SELECT COUNT(*) FROM payload), (SELECT COUNT(*) FROM journal)
"""


def rows(store: Store) -> tuple[int, ...]:
    """Count executions, endpoints, payloads and journal rows."""
    return store.database.read(lambda c: c.execute(_ROWS).fetchall())[0]


def full(store: Store, workflow: Workflow, *, time: float) -> Made:
    """Make an execution that ended at `time` and left a row in each table, two of them payloads."""
    advance = replace(waits(endpoints=[0], opened=[(1, 0)]), entries=logs("hello"))
    made = create(store, workflow, advance)
    send(store, made)
    send(store, made)
    commit(store, made, ends(time=time, consumed=[1]))
    return made


def test_executions_when_some_are_old(store: Store) -> None:
    """An old execution goes with all that belongs to it; younger and unfinished ones stay."""
    workflow = deploy(store)
    old = full(store, workflow, time=100.0)
    young = full(store, workflow, time=200.0)
    waiting = awaiting(store, workflow)
    removed = unhurried(store).executions(200.0, 100)

    assert removed == (1, False)
    assert rows(store) == (2, 2, 2, 1)
    assert (get(store, young).state, get(store, waiting).state) == ("SUCCEEDED", "ACTIVE")
    with pytest.raises(NotFoundError):
        get(store, old)


def test_executions_when_their_callbacks_have_policies(store: Store) -> None:
    """The policy of a callback goes with its execution, and no other does."""
    workflow = deploy(store)
    old, young = (full(store, workflow, time=time) for time in (100.0, 200.0))
    names = [str(CallbackName.of(made.name, 0)) for made in (old, young)]
    for name in names:
        store.credentials.add_binding(Binding(email="a@b", role="r", resource=name))
    unhurried(store).executions(200.0, 100)

    assert [0, 1] == [len(store.credentials.policy(name).bindings) for name in names]


def test_executions_when_the_batch_is_small(store: Store) -> None:
    """No call removes more rows than it may, not even for one execution."""
    workflow = deploy(store)
    for _ in range(2):
        full(store, workflow, time=100.0)
    calls = [unhurried(store).executions(200.0, 3) for _ in range(5)]

    assert calls == [(0, True), (1, True), (0, True), (1, False), (0, False)]
    assert rows(store) == (0, 0, 0, 0)


def test_executions_when_the_time_is_over(store: Store) -> None:
    """A call ends soon however large the rows are, and each gets on by some of them."""
    workflow = deploy(store)
    for _ in range(2):
        full(store, workflow, time=100.0)
    slow = Expiry(store.database, timer=count().__next__)
    calls = [slow.executions(200.0, 100) for _ in range(9)]

    assert calls == [*[(0, True), (0, True), (0, True), (1, True)] * 2, (0, False)]
    assert rows(store) == (0, 0, 0, 0)


def test_purge_when_a_workflow_has_much(store: Store) -> None:
    """A deleted workflow goes with all of its executions, which take several transactions."""
    workflow, other = deploy(store), deploy(store, replace(NAME, workflow="other"))
    kept = full(store, other, time=1.0)
    for _ in range(60):
        full(store, workflow, time=1.0)
    store.workflows.delete(workflow.name, 2.0)

    assert rows(store) == (1, 1, 2, 1)
    assert get(store, kept).state == "SUCCEEDED"


def test_operations_when_some_are_old(store: Store) -> None:
    """Old operations go, in batches; younger ones stay."""
    workflow = deploy(store, now=1.0)
    for now in (2.0, 3.0):
        store.workflows.delete(workflow.name, now)
        workflow = deploy(store, now=now)
    calls = [store.expiry.operations(3.0, 2) for _ in range(3)]
    left = store.workflows.list_operations(workflow.name.parent, Query(limit=10)).rows

    assert calls == [(2, True), (1, False), (0, False)]
    assert [operation.create_time for _, operation in left] == [3.0, 3.0]


def test_revoked_tokens_when_some_have_expired(store: Store) -> None:
    """A revocation is forgotten once the token would have expired by itself, not before."""
    store.credentials.revoke("old", 10.0)
    store.credentials.revoke("new", 20.0)
    removed = store.expiry.revoked_tokens(15.0, 100)

    assert removed == (1, False)
    assert (store.credentials.revoked("old"), store.credentials.revoked("new")) == (False, True)


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (
            "SELECT id FROM execution WHERE phase = 3 AND end_time < 1 ORDER BY end_time LIMIT 1",
            "SEARCH execution USING INDEX execution_by_end",
        ),
        (
            "SELECT token_id FROM revoked_token WHERE until < 1 ORDER BY until LIMIT 1",
            "SEARCH revoked_token USING COVERING INDEX revoked_token_by_until",
        ),
        (
            """DELETE FROM operation WHERE end_time < 1
               AND id IN (SELECT id FROM operation ORDER BY id LIMIT 1)""",
            "SEARCH operation USING INTEGER PRIMARY KEY",
        ),
    ],
    ids=["executions", "tokens", "operations"],
)
def test_removal_when_planned(store: Store, sql: str, index: str) -> None:
    """What is old is found by an index or by key order, never by looking at every row."""
    steps = store.database.read(lambda c: c.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())

    assert index in "\n".join(str(step[3]) for step in steps)
