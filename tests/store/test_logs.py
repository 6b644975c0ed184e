"""Reading what workflows logged."""

from __future__ import annotations

import pytest

from ringback_server.errors import NotFoundError
from ringback_server.model.names import ExecutionName, LocationName, WorkflowName
from ringback_server.model.resources import LogEntry
from ringback_server.store import Store
from ringback_server.store.logs import LogFilter
from tests.replacing import replace
from tests.store.making import NAME, Made, commit, create, deploy, ends, logs, waits

_PLACE = NAME.parent
_OTHER = replace(NAME, workflow="other")


def _logged(store: Store, name: WorkflowName = NAME) -> tuple[Made, Made]:
    """Make two executions that logged, the one's entries around the other's."""
    workflow = deploy(store, name)
    one = create(store, workflow, replace(waits(), entries=logs("a", "b", time=11.0)))
    two = create(store, workflow, replace(waits(), entries=logs("c", time=12.0)))
    entries = logs("d", "e", "f", time=13.0, severity="ERROR")
    commit(store, one, replace(ends(), entries=entries))
    return one, two


def _texts(
    store: Store,
    scope: ExecutionName | WorkflowName | LocationName,
    wanted: LogFilter | None = None,
    *,
    newest_first: bool = False,
) -> str:
    rows = store.logs.list(
        scope, wanted or LogFilter(), limit=500, after=None, newest_first=newest_first
    )
    return "".join(entry.text or "" for _, _, entry in rows)


def test_list_when_scopes_differ(store: Store) -> None:
    """An execution, a workflow and a location each show what was logged below them."""
    one, two = _logged(store)
    other, _ = _logged(store, _OTHER)

    assert "abdef" == _texts(store, one.name)
    assert "c" == _texts(store, two.name)
    assert "abdef" == _texts(store, other.name)
    assert "abcdef" == _texts(store, NAME)
    assert "abcdefabcdef" == _texts(store, _PLACE)
    assert "fedcbafedcba" == _texts(store, _PLACE, newest_first=True)
    assert "fedba" == _texts(store, one.name, newest_first=True)
    assert "" == _texts(store, LocationName("local", "mars"))


def test_list_when_entries_come_back(store: Store) -> None:
    """Entries are what was logged, with the execution's name."""
    json = LogEntry(time=11.5, severity="INFO", json='{"a":[1]}', step="s", routine="r")
    made = create(store, deploy(store), replace(waits(), entries=(*logs("a"), json)))
    rows = store.logs.list(made.name, LogFilter(), limit=5, after=None)

    assert [*logs("a"), json] == [entry for _, _, entry in rows]
    assert {str(made.name)} == {name for _, name, _ in rows}


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("scoped", [False, True])
def test_list_when_read_in_pages(store: Store, *, scoped: bool, newest_first: bool) -> None:
    """Pages of any size join to the whole, also within the entries of one advance."""
    one, _ = _logged(store)
    scope = one.name if scoped else _PLACE
    whole = _texts(store, scope, newest_first=newest_first)
    for limit in (1, 2, 4):
        found, after = "", None
        while True:
            rows = store.logs.list(
                scope, LogFilter(), limit=limit, after=after, newest_first=newest_first
            )
            found += "".join(entry.text or "" for _, _, entry in rows)
            if len(rows) < limit:
                break
            after = rows[-1][0]
        assert whole == found


def test_list_when_there_are_more_rows_than_read_at_once(store: Store) -> None:
    """A long journal is read to its end, in both directions."""
    made = create(store, deploy(store))
    for number in range(250):
        commit(store, made, replace(waits(), entries=logs(f"{number},")))
    expected = [f"{number}," for number in range(250)]

    assert "".join(expected) == _texts(store, made.name)
    assert "".join(reversed(expected)) == _texts(store, _PLACE, newest_first=True)


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        (LogFilter(text="D"), "d"),
        (LogFilter(severity="ERROR"), "def"),
        (LogFilter(severity="INFO"), "abc"),
        (LogFilter(min_severity="NOTICE"), "def"),
        (LogFilter(min_severity="DEBUG"), "abcdef"),
        (LogFilter(since=12.0), "cdef"),
        (LogFilter(until=12.0), "abc"),
        (LogFilter(since=12.0, until=12.5), "c"),
        (LogFilter(workflow="basic"), "abcdef"),
        (LogFilter(workflow="other"), ""),
        (LogFilter(execution="x"), ""),
        (LogFilter(execution="00000000-0000-7000-8000-000000000000"), ""),
    ],
)
def test_list_when_filtered(store: Store, wanted: LogFilter, texts: str) -> None:
    """Only entries to which the whole filter applies are returned."""
    _logged(store)

    assert texts == _texts(store, _PLACE, wanted)
    assert texts == _texts(store, NAME, wanted)


def test_list_when_filtered_by_execution(store: Store) -> None:
    """A filter narrows its scope and never widens it."""
    one, two = _logged(store)
    deploy(store, _OTHER)
    wanted = LogFilter(execution=two.name.execution)

    assert "c" == _texts(store, _PLACE, wanted)
    assert "c" == _texts(store, NAME, wanted)
    assert "c" == _texts(store, two.name, wanted)
    assert "" == _texts(store, one.name, wanted)
    assert "" == _texts(store, _OTHER, wanted)
    assert "" == _texts(store, replace(_PLACE, project="p"), wanted)
    assert "" == _texts(store, NAME, LogFilter(workflow="other"))


def test_list_when_json_is_searched(store: Store) -> None:
    """A text is found in JSON as well."""
    json = LogEntry(time=11.0, severity="INFO", json='{"Key":"Value"}', step="s", routine="r")
    create(store, deploy(store), replace(waits(), entries=(json,)))

    assert 1 == len(store.logs.list(_PLACE, LogFilter(text="value"), limit=5, after=None))
    assert 0 == len(store.logs.list(_PLACE, LogFilter(text="nothing"), limit=5, after=None))


def test_list_when_the_scope_is_unknown(store: Store) -> None:
    """A workflow or execution that is not there is said to be missing."""
    one, _ = _logged(store)
    for scope in (_OTHER, replace(one.name, workflow="other")):
        with pytest.raises(NotFoundError):
            _texts(store, scope)


def test_list_when_a_row_is_damaged(store: Store) -> None:
    """Damaged entries are replaced by one that says so; the others stay readable."""
    one, _ = _logged(store)
    sql = "UPDATE journal SET entries = ? WHERE id = 2"
    store.database.write(lambda c: c.execute(sql, (b"cut off",)).rowcount)
    rows = store.logs.list(_PLACE, LogFilter(), limit=9, after=None)

    assert "damaged" in (rows[2][2].text or "")
    assert 6 == len(rows)
    assert "abdef" == _texts(store, one.name)
