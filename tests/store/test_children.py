"""Executions that wait for executions: created once, counted once, never forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import Execution, ExecutionState, Workflow
from ringback_server.store import Store
from ringback_server.store.children import Aftermath, Gone
from ringback_server.store.opening import open_store
from ringback_server.store.records import Advance, NewChildren, Overtaken, Phase
from tests.replacing import replace
from tests.store.making import (
    Made,
    commit,
    create,
    deploy,
    ends,
    get,
    new_execution,
    unhurried,
    waits,
)

OTHER = WorkflowName("local", "us-central1", "other")
ROOM = 1_000_000


def asks(
    workflow: Workflow, count: int = 1, *, number: int = 1, awaited: bool = True, depth: int = 1
) -> NewChildren:
    """Describe a wait for executions of a workflow."""
    executions = tuple(replace(new_execution(workflow), depth=depth) for _ in range(count))
    return NewChildren(number=number, awaited=awaited, executions=executions)


def parent_of(store: Store, workflow: Workflow, *children: NewChildren) -> tuple[Made, list[int]]:
    """Create an execution that waits for others; return it and their keys."""
    made = create(store, workflow)
    committed = commit(store, made, replace(waits(), children=children))
    return made, list(committed.children)


def end(store: Store, key: int, advance: Advance | None = None) -> None:
    """Let an execution end by itself."""
    loaded = store.executions.load(key)
    store.executions.commit(key, loaded.fence, advance or ends())


def phase(store: Store, made: Made) -> Phase:
    """Return where an execution is in its life."""
    return store.executions.load(made.key).phase


def rows(store: Store) -> int:
    """Count the rows that tell who waits for whom."""
    count = "SELECT (SELECT COUNT(*) FROM child) + (SELECT COUNT(*) FROM child_wait)"
    return int(store.database.read(lambda c: c.execute(count).fetchall())[0][0])


def found(store: Store, made: Made, room: int = ROOM) -> Sequence[Execution | Gone]:
    """Return the executions of the one wait that is over."""
    (over,) = store.children.over(made.key, room)
    return over.executions


def states(store: Store, keys: Sequence[int]) -> list[str | None]:
    """Return what became of executions."""
    query = "SELECT id, outcome FROM execution"
    outcomes = dict[int, str | None](store.database.read(lambda c: c.execute(query).fetchall()))
    return [outcomes[key] for key in keys]


def test_commit_when_executions_are_created(store: Store) -> None:
    """They are queued with the advance, know how deep they are, and the parent waits."""
    workflow = deploy(store)
    made, keys = parent_of(store, workflow, asks(workflow, 2, depth=3))
    loaded = [store.executions.load(key) for key in keys]

    assert [(Phase.QUEUED, 3)] * 2 == [(one.phase, one.depth) for one in loaded]
    assert (Phase.WAITING, ()) == (phase(store, made), store.children.over(made.key, ROOM))
    assert keys == store.executions.queued(workflow.key, after=made.key, limit=9)


def test_commit_when_the_workflow_was_deleted_meanwhile(store: Store) -> None:
    """The advance has to be made again: nothing of it is stored."""
    workflow, other = deploy(store), deploy(store, OTHER)
    made = create(store, workflow)
    store.workflows.delete(OTHER, 5.0)
    advance = replace(waits(), children=(asks(workflow), asks(other, number=2)))

    with pytest.raises(Overtaken):
        commit(store, made, advance)
    assert (Phase.QUEUED, 0) == (phase(store, made), rows(store))


def test_end_when_others_are_awaited_too(store: Store) -> None:
    """The last end makes the parent runnable, and the results come in order."""
    workflow = deploy(store)
    made, (first, second) = parent_of(store, workflow, asks(workflow, 2))
    end(store, second)
    between = phase(store, made), store.children.aftermath(second)
    end(store, first, ends(ExecutionState.FAILED))
    over = found(store, made)

    assert (Phase.WAITING, Aftermath(parent=None, orphans=False)) == between
    assert Phase.RUNNABLE is phase(store, made)
    assert Aftermath(parent=made.key, orphans=False) == store.children.aftermath(first)
    assert [(first, "FAILED"), (second, "SUCCEEDED")] == [
        (one.key, one.state) for one in over if isinstance(one, Execution)
    ]


def test_end_when_the_parent_is_being_advanced(store: Store) -> None:
    """A parent that commits a wait for others finds itself runnable."""
    workflow = deploy(store)
    made, (child,) = parent_of(store, workflow, asks(workflow))
    end(store, child)
    commit(store, made, waits(state=b"other"))

    assert Phase.RUNNABLE is phase(store, made)
    commit(store, made, replace(waits(), finished=(1,)))
    assert (Phase.WAITING, 0) == (phase(store, made), rows(store))


def test_timeout_when_the_executions_have_ended(store: Store) -> None:
    """The timeout has come too late; a moment before it would have won."""
    workflow = deploy(store)
    made, (child,) = parent_of(store, workflow, asks(workflow))
    other, (late,) = parent_of(store, workflow, asks(workflow))
    commit(store, other, waits(expired=[1]))
    end(store, child)
    end(store, late)

    with pytest.raises(Overtaken):
        commit(store, made, waits(expired=[1]))
    assert Aftermath(parent=None, orphans=False) == store.children.aftermath(late)
    assert Phase.WAITING is phase(store, other)


def test_wait_when_only_the_creation_is_awaited(store: Store) -> None:
    """It is over at once, and an end later tells nobody; so with a first advance."""
    workflow = deploy(store)
    made, (child,) = parent_of(store, workflow, asks(workflow, awaited=False))
    at_once = create(store, workflow, replace(waits(), children=(asks(workflow, awaited=False),)))
    over = found(store, made)
    commit(store, made, replace(waits(), finished=(1,)))
    end(store, child)

    assert [child] == [one.key for one in over if isinstance(one, Execution)]
    assert Phase.WAITING is phase(store, made)
    assert Phase.RUNNABLE is phase(store, at_once)


@pytest.mark.parametrize("way", ["cancel", "fail", "unavailable", "delete"])
def test_end_when_the_parent_ends(store: Store, way: str) -> None:
    """Those it waits for are cancelled, and theirs, in batches; those that have ended are not."""
    workflow, other = deploy(store), deploy(store, OTHER)
    asked = asks(other, 5), asks(other, number=2, awaited=False)
    made, keys = parent_of(store, workflow, *asked)
    loaded = store.executions.load(keys[1])
    grandchildren = store.executions.commit(
        keys[1], loaded.fence, replace(waits(), children=(asks(other, 2),))
    ).children
    end(store, keys[0])
    if way == "cancel":
        store.executions.cancel(made.name, 30.0)
    elif way == "fail":
        commit(store, made, ends(ExecutionState.FAILED))
    elif way == "unavailable":
        store.executions.mark_unavailable(made.key, "damaged", 30.0)
    else:
        store.workflows.delete(workflow.name, 30.0)
    told = store.children.aftermath(made.key)
    batches: list[list[int]] = []
    while store.children.orphans():
        batches.append(store.children.cancel_orphans(31.0, 2))

    assert Aftermath(parent=None, orphans=True) == told
    assert sorted([*keys[1:5], *grandchildren]) == sorted(key for one in batches for key in one)
    assert all(len(batch) <= 2 for batch in batches)
    assert ["SUCCEEDED", *["CANCELLED"] * 4, None] == states(store, keys)
    assert ["CANCELLED"] * 2 == states(store, grandchildren)
    assert 0 == rows(store)


def test_over_when_some_orphans_are_cancelled(store: Store) -> None:
    """A parent that has ended has no wait that is over, though all others end by themselves."""
    workflow = deploy(store)
    made, (first, second, third) = parent_of(store, workflow, asks(workflow, 3))
    end(store, first)
    store.executions.cancel(made.name, 30.0)
    cancelled = store.children.cancel_orphans(31.0, 1)
    end(store, second)
    end(store, third)

    assert store.children.orphans()
    assert ([], ()) == (cancelled, store.children.over(made.key, ROOM))


def test_delete_when_the_executions_of_a_workflow_are_awaited(store: Store) -> None:
    """The parent is runnable; it learns which is gone, and nothing of what it was."""
    workflow, other = deploy(store), deploy(store, OTHER)
    asked = asks(other, 2)
    made, (first, _) = parent_of(store, workflow, asked)
    end(store, first)
    _, ended = store.workflows.delete(OTHER, 30.0)

    assert Phase.RUNNABLE is phase(store, made)
    assert [Gone(new.uid) for new in asked.executions] == list(found(store, made))
    assert [Aftermath(parent=made.key, orphans=False)] == [
        store.children.aftermath(key) for key in ended
    ]


def test_over_when_there_is_no_room_for_results(store: Store) -> None:
    """From where the texts have more bytes than asked for, results are left out."""
    workflow = deploy(store)
    made, keys = parent_of(store, workflow, asks(workflow, 3))
    for key in keys:
        end(store, key)
    results = [one.result for one in found(store, made, 30) if isinstance(one, Execution)]

    assert ['"done"', '"done"', None] == results


def test_expiry_when_an_end_is_still_awaited(store: Store) -> None:
    """An execution that ended long ago is kept while another waits for it and for more."""
    workflow = deploy(store)
    made, (first, second) = parent_of(store, workflow, asks(workflow, 2))
    end(store, first)
    kept = unhurried(store).executions(1e9, 10)
    end(store, second)
    commit(store, made, replace(waits(), finished=(1,)))

    assert ((0, False), (2, False)) == (kept, unhurried(store).executions(1e9, 10))


def test_open_when_a_parent_had_ended(tmp_path: Path) -> None:
    """What a process left to be cancelled is known to the next one."""
    store = open_store(tmp_path)
    workflow = deploy(store)
    made, (child,) = parent_of(store, workflow, asks(workflow))
    store.executions.cancel(made.name, 30.0)
    store.close()
    store = open_store(tmp_path)
    try:
        assert store.children.orphans()
        assert [child] == store.children.cancel_orphans(31.0, 200)
        assert get(store, made).state is ExecutionState.CANCELLED
    finally:
        store.close()
