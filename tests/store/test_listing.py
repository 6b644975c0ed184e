"""Lists that are filtered and ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import pytest

from ringback_server.control.filter_reader import read_condition
from ringback_server.control.list_fields import CALLBACKS, EXECUTIONS, OPERATIONS, WORKFLOWS
from ringback_server.control.listing import read_order
from ringback_server.errors import FailedPreconditionError, InvalidArgumentError
from ringback_server.model.filters import Wanted
from ringback_server.model.names import CallbackName
from ringback_server.model.resources import CallLogLevel, Execution, ExecutionState, StepPlace
from ringback_server.store import Store
from ringback_server.store.creations import Stored
from ringback_server.store.database import Connection, Cursor, Database, Parameters
from ringback_server.store.endpoint_lists import ENDPOINTS, endpoints_of
from ringback_server.store.execution_lists import COLUMNS, executions_of
from ringback_server.store.listing import PAGE_ROWS, SORTED_ROWS, Position, Query
from ringback_server.store.lookups import execution_id
from ringback_server.store.records import Advance
from ringback_server.store.workflow_changes import WorkflowChanges
from ringback_server.store.workflow_lists import OPERATIONS as OPERATION_SOURCE
from ringback_server.store.workflow_lists import WORKFLOWS as WORKFLOW_SOURCE
from tests.replacing import replace
from tests.store.making import (
    FIELDS,
    NAME,
    Made,
    commit,
    create,
    deploy,
    ends,
    new_execution,
    send,
    waits,
)

T = TypeVar("T")

DAY = 86_400.0
#: 2026-01-01
NEW_YEAR = 1_767_225_600.0
LATER = NEW_YEAR + 10

_MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
INSERT INTO execution (uid, workflow, revision, phase, outcome, fence, call_log_level,
                       history_level, create_time, start_time, end_time, argument)
SELECT randomblob(16), :workflow, :revision, 3, 'SUCCEEDED', 0, 0, 0, i, i, i + 1, 'null' FROM n
"""


def query(text: str = "", order: str = "", *, limit: int = 100, now: float = 0.0) -> Query:
    """Ask for executions."""
    wanted = Wanted(condition=read_condition(text, EXECUTIONS), order=read_order(order, EXECUTIONS))
    return Query(wanted=wanted, limit=limit, now=now)


def many(store: Store, number: int) -> None:
    """Store that many executions that ended, created at 1, 2 and so on."""
    workflow = deploy(store)
    parameters = {
        "many": number,
        "workflow": workflow.key,
        "revision": workflow.revision_key,
    }
    store.database.write(lambda c: c.execute(_MANY, parameters).rowcount)


def remove(store: Store, made: Made) -> None:
    """Remove an execution, as its retention does."""
    delete = "DELETE FROM execution WHERE id = ?"
    store.database.write(lambda c: c.execute(delete, (made.key,)).rowcount)


def pages(store: Store, wanted: Query) -> Iterator[list[Execution]]:
    """Yield the pages of a list of executions."""
    while True:
        found = store.executions.list(NAME, wanted, full=False)
        yield [item for _, item in found.rows]
        if found.rest is None:
            return
        wanted = replace(wanted, after=found.rest)


@pytest.fixture
def named(store: Store) -> Mapping[str, str]:
    """Make four executions; return what each is called by its id."""
    workflow = deploy(store)
    made: dict[str, str] = {}

    def make(name: str, age: float, advance: Advance | None, **labels: str) -> None:
        new = replace(
            new_execution(workflow, now=NEW_YEAR - age * DAY),
            labels=labels,
            buffered=name != "failed",
        )
        (stored,) = store.executions.create([(new, advance)])
        assert isinstance(stored, Stored)
        made[execution_id(new.uid)] = name

    steps = (StepPlace("main", "check_order"), StepPlace("sub", 'say "hi"'))
    began = NEW_YEAR - 2 * DAY
    make("queued", 3, None, env="prod", team="blue")
    make("active", 2, replace(waits(), began=began, current_steps=steps), env="test")
    make("done", 1, replace(ends(time=NEW_YEAR - 0.5), began=NEW_YEAR - 4.0), env="pr*d")
    make("failed", 0, replace(ends(ExecutionState.FAILED, time=NEW_YEAR + 1), began=NEW_YEAR))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "failed done active queued"),
        ("state=FAILED", "failed"),
        ("state!=FAILED", "done active queued"),
        ("state=ACTIVE OR state=QUEUED", "active queued"),
        ("NOT (state=ACTIVE OR state=QUEUED)", "failed done"),
        ('createTime>="2025-12-31"', "failed done"),
        ('createTime>"2025-12-31"', "failed"),
        ('createTime<="2025-12-31"', "done active queued"),
        ('createTime<"2025-12-31"', "active queued"),
        ('createTime="2025-12-31"', "done"),
        ('createTime!="2025-12-31"', "failed active queued"),
        ('createTime>"2025-12-29T12:00:00Z" createTime<"2025-12-31"', "active"),
        ('createTime>"2025-12-31" OR state=QUEUED', "failed queued"),
        ("startTime:*", "failed done active"),
        ("NOT startTime:*", "queued"),
        ('startTime<"2026-01-01"', "done active"),
        ('NOT startTime<"2026-01-01"', "failed queued"),
        ('endTime!="2026-01-01T00:00:01Z"', "done active queued"),
        ('endTime="2025-12-31T23:59:59.5Z"', "done"),
        ("duration=3.5s", "done"),
        ("duration>3.5s", "active"),
        ("duration>=3.5s", "done active"),
        ("duration>172809.9s", "active"),
        ("duration>172810s", ""),
        ("workflowRevisionId=000001*", "failed done active queued"),
        ("workflowRevisionId!=000001*", ""),
        ("stepName=check_order", "active"),
        ("stepName:check_order", "active"),
        ("stepName=check", ""),
        ("stepName=check*", "active"),
        ("stepName=*order AND state=ACTIVE", "active"),
        (r'stepName="say \"hi\""', "active"),
        ("stepName=main", ""),
        ("stepName!=check_order", "failed done queued"),
        ("label.env=prod", "queued"),
        ("labels.env=pr*", "done queued"),
        (r'labels.env="pr\*d"', "done"),
        ("labels.env!=prod", "failed done active"),
        ("labels:env", "done active queued"),
        ("labels.team:*", "queued"),
        ("labels.team:blue", "queued"),
        ("labels.team:bl", ""),
        ("labels:*", "done active queued"),
        ("-labels:*", "failed"),
        ("disableConcurrencyQuotaOverflowBuffering=true", "failed"),
        ("disableConcurrencyQuotaOverflowBuffering!=true", "done active queued"),
        ('labels.env="\' OR 1=1 --"', ""),
        ('labels."\' OR 1=1 --":*', ""),
    ],
)
def test_list_executions_with_a_filter(
    store: Store, named: Mapping[str, str], text: str, expected: str
) -> None:
    """Those are listed that the filter admits, in the order of the list, and in that reversed."""
    (found,) = pages(store, query(text, now=LATER))
    (backwards,) = pages(store, query(text, "createTime", now=LATER))

    assert expected.split() == [named[e.name.execution] for e in found]
    assert expected.split()[::-1] == [named[e.name.execution] for e in backwards]


def test_list_executions_by_id(store: Store, named: Mapping[str, str]) -> None:
    """An id is compared with and without its dashes, and by its beginning."""
    for uid, name in named.items():
        for text in (uid, uid.upper(), uid.replace("-", "")):
            (found,) = pages(store, query(f'executionId="{text}"'))
            assert [name] == [named[e.name.execution] for e in found]
    shared = next(iter(named))[:9]
    (found,) = pages(store, query(f"executionId={shared}*"))

    assert named[next(iter(named))] in [named[e.name.execution] for e in found]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("createTime desc", "failed done active queued"),
        ("create_time asc", "queued active done failed"),
        ("state", "active failed queued done"),
        ("state desc", "done queued failed active"),
        ("startTime", "queued active done failed"),
        ("endTime desc", "failed done active queued"),
        ("endTime, createTime", "queued active done failed"),
        ("endTime ,  createTime desc", "active queued done failed"),
        ("duration desc", "active done failed queued"),
        ("workflowRevisionId, startTime desc", "failed done active queued"),
        ("disableConcurrencyQuotaOverflowBuffering desc,endTime", "failed active queued done"),
    ],
)
def test_list_executions_in_an_order(
    store: Store, named: Mapping[str, str], order: str, expected: str
) -> None:
    """What has no value comes before what has, and one at a time they come in the same order."""
    for limit in (1, 3, 100):
        found = [
            e for page in pages(store, query(order=order, limit=limit, now=LATER)) for e in page
        ]

        assert expected.split() == [named[e.name.execution] for e in found]


def test_list_when_time_passes_between_pages(store: Store, named: Mapping[str, str]) -> None:
    """How long active ones have lasted is reckoned by the time of the first page."""
    first = store.executions.list(
        NAME, query(order="duration", limit=3, now=NEW_YEAR - DAY * 1.99999), full=False
    )
    later = replace(query(order="duration", limit=3, now=NEW_YEAR), after=first.rest)
    second = store.executions.list(NAME, later, full=False)

    found = [named[e.name.execution] for _, e in (*first.rows, *second.rows)]
    assert ["queued", "active"] == [name for name in found if name in {"queued", "active"}]
    assert 4 == len(set(found)) == len(found)


@pytest.mark.parametrize("order", ["", "createTime", "endTime desc", "state, endTime", "duration"])
@pytest.mark.parametrize("text", ["", "-labels:*"])
def test_list_while_others_come_and_go(store: Store, order: str, text: str) -> None:
    """Whatever is there all the time comes once, though others are created and deleted."""
    workflow = deploy(store)
    there = [create(store, workflow, ends(time=20.0 + n % 3)) for n in range(30)]
    gone = [create(store, workflow, ends(time=21.0)) for _ in range(10)]
    wanted = query(text, order, limit=4)
    seen: list[int] = []
    while True:
        found = store.executions.list(NAME, wanted, full=False)
        seen += [item.key for _, item in found.rows]
        if found.rest is None:
            break
        wanted = replace(wanted, after=found.rest)
        create(store, workflow, ends(time=21.0))
        if gone:
            remove(store, gone.pop())

    assert len(set(seen)) == len(seen)
    assert {made.key for made in there} <= set(seen)


def test_list_when_little_is_found(store: Store) -> None:
    """A page looks at so many rows and no more, then it ends, and the next one goes on."""
    many(store, PAGE_ROWS + 5_000)
    found = list(pages(store, query("duration>5s", now=1.0)))
    oldest = list(pages(store, query('createTime<"1970-01-01T00:00:03Z"', limit=2)))

    assert [0, 0] == [len(page) for page in found]
    assert [[2.0, 1.0]] == [[e.create_time for e in page] for page in oldest]


def test_list_when_looking_takes_long(store: Store) -> None:
    """A page ends when its time is over, with what it has, and nothing is lost."""
    many(store, 10_000)
    seconds = iter(range(100))
    search = replace(executions_of(NAME, full=False), clock=lambda: float(next(seconds)))
    first = search.run(store.database, query("duration>5s", now=1.0))
    rest: Position | None = first.rest

    assert (0, (1.0, 8_001.0)) == (len(first.rows), rest and rest[:2])


def test_list_when_there_are_too_many_to_sort(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another order of too many rows is refused, and says how to narrow them."""
    monkeypatch.setattr("ringback_server.store.listing.SORTED_ROWS", 900)
    many(store, 1_000)
    narrow = 'createTime>="1970-01-01T00:08:00Z"'
    (found,) = pages(store, query(narrow, "endTime", limit=1_000))
    with pytest.raises(FailedPreconditionError, match="createTime") as caught:
        list(pages(store, query(order="endTime")))

    assert "TOO_MANY_TO_SORT" == caught.value.reason
    assert 521 == len(found)
    assert 100_000 == SORTED_ROWS


@pytest.mark.parametrize("after", [(), (1,), (1, 2), (1, 2, 3, 4), (1.0, "x", "y")])
def test_list_when_the_position_is_forged(store: Store, after: Position) -> None:
    """A position of another shape is refused, not misread."""
    many(store, 3)
    wanted = replace(query('createTime<"1971-01-01"'), after=after)
    with pytest.raises(InvalidArgumentError) as caught:
        store.executions.list(NAME, wanted, full=False)

    assert ["page_token"] == [violation.field for violation in caught.value.violations]


class _Explained:
    """A connection that asks how each of its statements will be run."""

    def __init__(self, connection: Connection, told: list[str]) -> None:
        self._connection = connection
        self._told = told

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        """Run one statement."""
        rows = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
        self._told += [row[3] for row in rows]
        return self._connection.execute(sql, parameters)


class _Explaining:
    """A database of such connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.told: list[str] = []

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that only reads."""
        return self._database.read(lambda c: operation(_Explained(c, self.told)))

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation."""
        return self._database.write(operation)

    def flush(self) -> None:
        """Flush it."""

    def close(self) -> None:
        """Close it."""


@pytest.mark.parametrize("text", ["", "state=FAILED", 'createTime>"1970-01-01T00:01:00Z"'])
@pytest.mark.parametrize("order", ["", "createTime asc"])
def test_plan_of_a_list_in_its_own_order(store: Store, text: str, order: str) -> None:
    """Executions come from an index in their order: nothing is sorted, no table is searched."""
    many(store, 5_000)
    database = _Explaining(store.database)
    search = executions_of(NAME, full=False)
    first = search.run(database, query(text, order, limit=7))
    search.run(database, replace(query(text, order, limit=7), after=first.rest))

    assert [] == [step for step in database.told if "TEMP B-TREE" in step or "SCAN" in step]
    assert any("execution_by_creation (workflow=? AND create_time" in s for s in database.told)


def test_columns_of_each_list() -> None:
    """Whatever a list can be filtered by is known to the store, and nothing else is."""
    for fields, columns in (
        (EXECUTIONS, COLUMNS),
        (WORKFLOWS, WORKFLOW_SOURCE.columns),
        (OPERATIONS, OPERATION_SOURCE.columns),
        (CALLBACKS, ENDPOINTS.columns),
    ):
        assert {field.name for field in fields} == set(columns)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("", "", "alpha beta gamma"),
        ("", "name desc", "gamma beta alpha"),
        ("", "createTime desc", "gamma beta alpha"),
        ("", "callLogLevel, workflowId desc", "beta gamma alpha"),
        ("", "updateTime desc", "alpha gamma beta"),
        ("name=beta", "", "beta"),
        ('name="projects/local/locations/us-central1/workflows/beta"', "", "beta"),
        ("name=projects/*/workflows/*a AND -name=*eta", "", "alpha gamma"),
        ("workflowId<b", "", "alpha"),
        ("state=ACTIVE", "", "alpha beta gamma"),
        ("state=UNAVAILABLE", "", ""),
        ("description:WAIT", "", "beta gamma"),
        ('description="waits"', "", "beta gamma"),
        ("description:*", "", "beta gamma"),
        ("description:w*s", "", "beta gamma"),
        ('description=""', "", "alpha"),
        ("createTime>1970-01-01T00:00:01Z", "", "beta gamma"),
        ("revisionId=000002*", "", "alpha"),
        ("revisionCreateTime>=1970-01-01T00:00:05Z", "", "alpha"),
        ("labels.team=blue", "", "beta gamma"),
        ("callLogLevel=LOG_ERRORS_ONLY", "", "alpha gamma"),
        ("executionHistoryLevel=EXECUTION_HISTORY_BASIC", "", "alpha beta gamma"),
        ("serviceAccount=invoker@local.iam.gserviceaccount.com", "", "alpha beta gamma"),
        ("serviceAccount=projects/local/*", "", "alpha beta gamma"),
        ("serviceAccount=other@x", "", ""),
    ],
)
def test_list_workflows(store: Store, text: str, order: str, expected: str) -> None:
    """Workflows are filtered and ordered by what their lists show."""
    for number, name in enumerate(("gamma", "beta", "alpha")):
        store.workflows.create(replace(NAME, workflow=name), now=3.0 - number, **FIELDS)
    chatty = WorkflowChanges(call_log_level=CallLogLevel.LOG_ALL_CALLS)
    store.workflows.update(replace(NAME, workflow="beta"), chatty, 2.0)
    changes = WorkflowChanges(source="x", description="", labels={})
    store.workflows.update(replace(NAME, workflow="alpha"), changes, 5.0)
    wanted = Wanted(condition=read_condition(text, WORKFLOWS), order=read_order(order, WORKFLOWS))
    found = store.workflows.list(NAME.parent, Query(wanted=wanted, limit=9))

    assert expected.split() == [item.name.workflow for _, item in found.rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "delete create create"),
        ("done=true", "delete create create"),
        ("done=false", ""),
        ("NOT done=true", ""),
        ("metadata.verb=create", "create create"),
        ("verb=create target=w", "create"),
        ("target=projects/local/locations/us-central1/workflows/basic", "delete create"),
        ("endTime>1970-01-01T00:00:08Z", "delete"),
        ("metadata.create_time<=1970-01-01T00:00:01Z", "create create"),
    ],
)
def test_list_operations(store: Store, text: str, expected: str) -> None:
    """Operations are filtered by what they are and what they did, newest first."""
    deploy(store, replace(NAME, workflow="w"))
    deploy(store)
    store.workflows.delete(NAME, 9.0)
    wanted = Wanted(condition=read_condition(text, OPERATIONS))
    found = store.workflows.list_operations(NAME.parent, Query(wanted=wanted, limit=9))

    assert expected.split() == [item.verb for _, item in found.rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method=post", [0, 1, 2]),
        ("method=GET", []),
        ("waiters>0", [1]),
        ("waiters=0 availablePayloads>=1", [0]),
        ("availablePayloads:2", [0]),
        ("state=LATE", []),
        ("state=OPEN -waiters:1", [0, 2]),
    ],
)
def test_list_endpoints(store: Store, text: str, expected: list[int]) -> None:
    """Endpoints are filtered by their method, by who waits and by what has come."""
    made = create(store, deploy(store), waits(endpoints=[0, 1, 2], opened=[(1, 1)]))
    send(store, made)
    send(store, made)
    wanted = Wanted(condition=read_condition(text, CALLBACKS))
    found = endpoints_of(made.name).run(store.database, Query(wanted=wanted, limit=9))
    numbers = [CallbackName.parse(item.name).number for _, item in found.rows]

    assert expected == numbers


def test_list_when_stored_data_is_damaged(store: Store) -> None:
    """Damaged labels and steps are none, and the others are found."""
    workflow = deploy(store)
    damaged: Made = create(store, workflow, waits())
    create(store, workflow, waits())
    commit(store, damaged, waits())
    spoil = "UPDATE execution SET labels = '{\"a', steps = x'0011' WHERE id = ?"
    store.database.write(lambda c: c.execute(spoil, (damaged.key,)).rowcount)
    for text in ("labels.a=b OR state=ACTIVE", "-stepName=x -labels:x"):
        (found,) = pages(store, query(text))

        assert 2 == len(found)
