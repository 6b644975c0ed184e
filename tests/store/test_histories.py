"""Step entries in the store."""

from __future__ import annotations

from itertools import count

import pytest

from ringback_server.errors import CorruptDataError, NotFoundError
from ringback_server.model.resources import HistoryLevel
from ringback_server.model.steps import (
    ProgressType,
    StepBegun,
    StepEnded,
    StepHistory,
    StepState,
    StepType,
)
from ringback_server.store import Store
from ringback_server.store.creations import Stored
from ringback_server.store.histories import Histories
from ringback_server.store.packed_history import pack_history, unpack_history
from ringback_server.store.records import Advance, Superseded
from tests.replacing import replace
from tests.store.making import FIELDS, commit, create, deploy, ends, new_execution, unhurried, waits


def begun(number: int, parent: int = 0) -> StepBegun:
    """Describe the beginning of an entry."""
    return StepBegun(number, parent, 0, "main", f"s{number}", StepType.STEP_ASSIGN, 11.0)


def ended(number: int) -> StepEnded:
    """Describe the end of an entry."""
    return StepEnded(number, 12.0, StepState.STATE_SUCCEEDED)


def advance(*numbers: int, end: tuple[int, ...] = ()) -> Advance:
    """Describe an advance that begins some entries and ends others."""
    history = StepHistory(
        begun=tuple(map(begun, numbers)), ended=tuple(ended(number) for number in end)
    )
    return replace(waits(), history=history)


FULL = StepHistory(
    begun=(
        StepBegun(7, 3, 2, "main", "loop", StepType.STEP_FOR, 1.5),
        StepBegun(
            8,
            7,
            2,
            "main",
            "loop",
            StepType.STEP_FOR_ITERATION,
            1.5,
            ProgressType.PROGRESS_TYPE_FOR,
            1,
            3,
        ),
    ),
    ended=(
        StepEnded(8, 2.5, StepState.STATE_FAILED, '"oh"', (("v", "1"), ("w", '"ü"')), ("big",)),
        StepEnded(3, 2.5, StepState.STATE_SUCCEEDED),
        StepEnded(2, 2.5, StepState.STATE_SUCCEEDED, None, ()),
    ),
    unrecorded=9,
)


@pytest.mark.parametrize("times", [1, 200], ids=["plain", "deflated"])
def test_history_when_packed(times: int) -> None:
    """It unpacks as it was."""
    more = tuple(begun(number) for number in range(9, 8 + times))
    history = replace(FULL, begun=FULL.begun + more)

    assert history == unpack_history(pack_history(history))


def test_history_when_a_loop_is_long() -> None:
    """A thousand iterations take a few bytes each."""
    history = StepHistory(begun=tuple(begun(1)._replace(id=n) for n in range(1, 1_001)))

    assert len(pack_history(history)) < 3_000


@pytest.mark.parametrize("at", [0, 4, 20, -1])
def test_history_when_damaged(at: int) -> None:
    """Damage is noticed."""
    packed = bytearray(pack_history(FULL))
    packed[at] ^= 0xFF

    with pytest.raises(CorruptDataError):
        unpack_history(bytes(packed))


def test_read_when_advances_were_stored(store: Store) -> None:
    """All that the advances added comes back in their order, and how the execution ended."""
    made = create(store, deploy(store), advance(1, 2, end=(1,)))
    before = store.histories.read(made.name)
    commit(store, made, replace(ends(time=13.0), history=StepHistory(ended=(ended(2),))))
    after = store.histories.read(made.name)

    assert ([1, 2], [1], None) == (
        [each.id for each in before.history.begun],
        [each.id for each in before.history.ended],
        before.outcome,
    )
    assert [1, 2] == [each.id for each in after.history.ended]
    assert ("SUCCEEDED", 13.0) == (after.outcome, after.end_time)


def test_read_when_an_advance_was_refused(store: Store) -> None:
    """An advance that is not stored leaves no entries, nor does one that is stored twice."""
    made = create(store, deploy(store), advance(1))
    commit(store, made, advance(2))

    with pytest.raises(Superseded):
        store.executions.commit(made.key, 0, advance(2))
    assert [1, 2] == [each.id for each in store.histories.read(made.name).history.begun]


def test_read_when_steps_are_only_counted(store: Store) -> None:
    """However many advances only count, they have one row; the largest count is told."""
    made = create(store, deploy(store), advance(1))
    for unrecorded in (3, 8):
        commit(store, made, replace(waits(), history=StepHistory(unrecorded=unrecorded)))
    rows = store.database.read(lambda c: c.execute("SELECT number FROM history").fetchall())

    assert 8 == store.histories.read(made.name).history.unrecorded
    assert [(0,), (1,)] == rows


def test_read_when_nothing_is_recorded(store: Store) -> None:
    """Executions without history have no rows."""
    made = create(store, deploy(store), waits())

    assert not store.histories.read(made.name).history
    assert [] == store.database.read(lambda c: c.execute("SELECT * FROM history").fetchall())


def test_read_when_there_is_no_such_execution(store: Store) -> None:
    """It is NOT_FOUND."""
    made = create(store, deploy(store))

    with pytest.raises(NotFoundError):
        store.histories.read(replace(made.name, execution="0192c3a4-1111-7111-8111-111111111111"))


def test_load_when_levels_differ(store: Store) -> None:
    """An execution begins with its own level, or with its workflow's."""
    workflow = deploy(store)
    detailed = HistoryLevel.EXECUTION_HISTORY_DETAILED
    own = replace(new_execution(workflow), history_level=detailed)
    (stored,) = store.executions.create([(own, None)])
    assert isinstance(stored, Stored)

    basic = store.executions.load(create(store, workflow).key).history_level
    assert (FIELDS["history_level"], detailed) == (
        basic,
        store.executions.load(stored.key).history_level,
    )


def test_forget_when_there_are_many_rows(store: Store) -> None:
    """All go, in small transactions, and those of others stay."""
    workflow = deploy(store)
    made, other = create(store, workflow, advance(1)), create(store, workflow, advance(1))
    for number in range(2, 30):
        commit(store, made, advance(number))
    # By a clock that races, each transaction removes no more than one statement does.
    Histories(store.database, timer=count().__next__).forget(made.name)

    assert not store.histories.read(made.name).history
    assert store.histories.read(other.name).history


def test_forget_when_the_execution_goes_on(store: Store) -> None:
    """What it does later is recorded."""
    made = create(store, deploy(store), advance(1))
    store.histories.forget(made.name)
    commit(store, made, advance(2, end=(1,)))

    assert [2] == [each.id for each in store.histories.read(made.name).history.begun]


def test_retention_when_there_is_a_history(store: Store) -> None:
    """It goes with its execution."""
    made = create(store, deploy(store), advance(1))
    commit(store, made, replace(ends(time=13.0), history=StepHistory(ended=(ended(1),))))

    assert (1, False) == unhurried(store).executions(20.0, 100)
    assert [] == store.database.read(lambda c: c.execute("SELECT * FROM history").fetchall())
