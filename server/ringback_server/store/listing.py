"""Lists that are filtered and ordered: pages by keys, and bounded work for each.

A list has an order of its own, by columns with an index. In it, rows are looked at in windows, each
a short read: a page that found little after PAGE_ROWS rows or PATIENCE seconds ends there, and the
next one goes on. Any other order takes a look at all rows, so there may be SORTED_ROWS of them.

Rows that come or go between two pages make none of the others come twice or not at all: a page
begins after the keys of the last row before it, wherever that is now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ringback_server.errors import FailedPreconditionError, FieldViolation, InvalidArgumentError
from ringback_server.model.filters import OrderKey, Wanted
from ringback_server.store.conditions import Column, Conditions, bounds
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.pages import PAGE_BYTES, Texts

Item = TypeVar("Item", bound=Texts)

#: the values of the keys that a row is ordered by; before them, the time of the first page, which
#: the age of what has not ended is reckoned by
Position = tuple[int | float | str, ...]
Scope = Mapping[str, object]
Statement = tuple[str, Mapping[str, object]]

#: rows that one page of a filtered list looks at
PAGE_ROWS = 50_000
#: how long it looks at them at most, in seconds
PATIENCE = 0.5
#: rows that can be put in another order than the list's own
SORTED_ROWS = 100_000

_WINDOW = 2_000
#: comes before all times and durations
_ABSENT = "-9e99"
_INFINITE = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the rows of a list are. All of it is SQL of ours."""

    rows: str
    #: which rows, with parameters that `Search.scope` gives
    scope: str
    #: what `Search.fetch` finds a row by
    identity: str
    #: what rows are ordered by, unique and with an index
    keys: tuple[str, ...]
    descending: bool = False
    #: the time that the first of the keys is, if it is one
    timed: str = ""
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which page of a list is wanted: of at most `limit` items after a position."""

    wanted: Wanted = field(default_factory=Wanted)
    limit: int
    after: Position | None = None
    #: Unix seconds
    now: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Generic[Item]):
    """How the rows of one list become items."""

    source: Source
    #: returns the parameters of the source's scope; raises NotFoundError
    scope: Callable[[Connection], Scope]
    #: returns the item of a row by its identity
    fetch: Callable[[Connection, Row], Item]
    #: seconds
    clock: Callable[[], float] = time.monotonic

    def run(self, database: Database, query: Query) -> Found[Item]:
        """Return a page; raise what `scope` raises.

        Raise FailedPreconditionError if there are too many rows to be ordered so, and
        InvalidArgumentError for a position of another list.
        """
        plan = _Plan(self.source, query)
        if query.after is not None and len(query.after) != len(plan.keys) + 1:
            raise _misplaced()
        found = Found[Item]()
        deadline = self.clock() + PATIENCE
        position = query.after and query.after[1:]
        for _ in range(PAGE_ROWS // _WINDOW):
            position = database.read(self._window(plan, found, position))
            ended = found.rest is not None or position is None
            if ended or len(found.rows) == query.limit or self.clock() >= deadline:
                break
        if found.rest is None and position is not None:
            found.rest = (plan.now, *position)
        return found

    def _window(
        self, plan: _Plan, found: Found[Item], position: Position | None
    ) -> Callable[[Connection], Position | None]:
        """Return what adds the rows of a window, and returns its last keys if more come after it.

        There is one window for all rows unless they are filtered in the list's own order.
        """

        def window(connection: Connection) -> Position | None:
            scope = self.scope(connection)
            if not plan.natural:
                _check_sortable(connection, plan, scope)
            floor: Position | None = None
            if plan.natural and plan.filtered:
                floor = connection.execute(*plan.floor(scope, position)).fetchone()
            room = plan.limit - len(found.rows)
            rows = connection.execute(*plan.rows(scope, position, floor, room + 1)).fetchall()
            self._add(connection, plan, found, rows[:room])
            if found.rest is None and len(rows) > room and found.rows:
                found.rest = found.rows[-1][0]
            return floor

        return window

    def _add(
        self, connection: Connection, plan: _Plan, found: Found[Item], rows: list[Row]
    ) -> None:
        for identity, *keys in rows:
            item = self.fetch(connection, (identity,))
            found.size += item.text_bytes
            if found.rows and found.size > PAGE_BYTES:
                found.rest = found.rows[-1][0]
                return
            found.rows.append(((plan.now, *keys), item))


@dataclass(slots=True)
class Found(Generic[Item]):
    """A page: items with their positions, and where the next one begins, if there may be more."""

    rows: list[tuple[Position, Item]] = field(default_factory=list[tuple[Position, Item]])
    rest: Position | None = None
    #: bytes of texts
    size: int = 0


class _Plan:
    """The statements of one query."""

    def __init__(self, source: Source, query: Query) -> None:
        self._source = source
        order = query.wanted.order
        self.limit = query.limit
        #: whether rows come in the list's own order, or that reversed
        self.natural = not order or (len(order) == 1 and order[0].field.name == source.timed)
        self.filtered = query.wanted.condition is not None
        self.now = query.after[0] if query.after else query.now
        own = source.descending
        if order and self.natural:
            own = order[0].descending
        sorting = [] if self.natural else [self._sort_key(key) for key in order]
        #: SQL, and whether descending
        self.keys = [*sorting, *((key, own) for key in source.keys)]
        conditions = Conditions(source.columns)
        self._wanted = [conditions.sql(query.wanted.condition)] if query.wanted.condition else []
        self._bounds = bounds(query.wanted.condition, source.timed)
        self._parameters = conditions.parameters | {"now": self.now}

    def floor(self, scope: Scope, position: Position | None) -> Statement:
        """Return the statement for the keys of the last row of the window after a position."""
        conditions, parameters = self._between(position, None)
        parts = self._select([key for key, _ in self.keys], conditions)
        sql = "\n".join([*parts, f"LIMIT 1 OFFSET {_WINDOW - 1}"])
        return sql, {**scope, **parameters, **self._parameters}

    def rows(
        self, scope: Scope, position: Position | None, floor: Position | None, limit: int
    ) -> Statement:
        """Return the statement for identities and keys of rows after a position."""
        conditions, parameters = self._between(position, floor)
        columns = [self._source.identity, *(key for key, _ in self.keys)]
        parts = self._select(columns, [*conditions, *self._wanted])
        parameters |= {**scope, **self._parameters, "limit": limit}
        return "\n".join([*parts, "LIMIT :limit"]), parameters

    def beyond_sortable(self, scope: Scope) -> Statement:
        """Return the statement that gives a row if there are too many to be ordered."""
        conditions, parameters = self._between(None, None)
        where = " AND ".join([self._source.scope, *conditions])
        parts = ("SELECT 1", f"FROM {self._source.rows}", f"WHERE {where}")
        sql = "\n".join([*parts, f"LIMIT 1 OFFSET {SORTED_ROWS}"])
        return sql, {**scope, **parameters}

    def _select(self, columns: list[str], conditions: list[str]) -> list[str]:
        order = ", ".join(f"{key} DESC" if descending else key for key, descending in self.keys)
        return [
            f"SELECT {', '.join(columns)}",
            f"FROM {self._source.rows}",
            f"WHERE {' AND '.join([self._source.scope, *conditions])}",
            f"ORDER BY {order}",
        ]

    def _between(
        self, position: Position | None, floor: Position | None
    ) -> tuple[list[str], dict[str, object]]:
        """Return the condition for rows after a position and up to a floor, with its parameters.

        The first key has one bound at each end, so that it is certain which the index is used for.
        """
        least: list[int | float | str] = []
        most: list[int | float | str] = []
        if self._bounds.since > -_INFINITE:
            least.append(self._bounds.since)
        if self._bounds.until < _INFINITE:
            most.append(self._bounds.until)
        conditions: list[str] = []
        parameters: dict[str, object] = {}
        for name, place in (("p", position), ("q", floor)):
            if place is None:
                continue
            parameters |= {f"{name}{number}": value for number, value in enumerate(place)}
            conditions.append(self._after(name) if name == "p" else f"NOT {self._after(name)}")
            if self.natural:
                upper = self.keys[0][1] == (name == "p")
                (most if upper else least).append(place[0])
        first = self._source.keys[0]
        if least:
            conditions.append(f"{first} >= :least")
            parameters["least"] = _innermost(least, max)
        if most:
            conditions.append(f"{first} <= :most")
            parameters["most"] = _innermost(most, min)
        return conditions, parameters

    def _after(self, name: str) -> str:
        """Return the condition for what comes after the keys that are bound by a name."""
        names = [f":{name}{number}" for number in range(len(self.keys))]
        alternatives: list[str] = []
        for number, (key, descending) in enumerate(self.keys):
            equal = [f"+{self.keys[n][0]} = {names[n]}" for n in range(number)]
            beyond = f"+{key} {'<' if descending else '>'} {names[number]}"
            alternatives.append(f"({' AND '.join([*equal, beyond])})")
        return f"({' OR '.join(alternatives)})"

    def _sort_key(self, key: OrderKey) -> tuple[str, bool]:
        column = self._source.columns[key.field.name]
        return f"IFNULL({column.sort or column.sql}, {_ABSENT})", key.descending


def _innermost(ends: list[int | float | str], pick: Callable[[Sequence[float]], float]) -> object:
    """Return the one of several bounds that matters; times are those that there are several of."""
    if len(ends) == 1:
        return ends[0]
    numbers = [end for end in ends if not isinstance(end, str)]
    if len(numbers) < len(ends):
        raise _misplaced()
    return pick(numbers)


def _check_sortable(connection: Connection, plan: _Plan, scope: Scope) -> None:
    if connection.execute(*plan.beyond_sortable(scope)).fetchone() is not None:
        raise FailedPreconditionError(
            f"There are more than {SORTED_ROWS:,} to be put in this order. Leave order_by empty, "
            "or filter by createTime if the list has it.",
            reason="TOO_MANY_TO_SORT",
        )


def _misplaced() -> InvalidArgumentError:
    message = "page_token is not one that this list returned"
    violation = FieldViolation(field="page_token", description=message)
    return InvalidArgumentError(message, violations=(violation,))
