"""Executions that wait for executions: the rows that say so, within transactions of others.

A wait and the executions it is for are stored together. Each end of one of them is counted in
the transaction that stores the end, and the last makes the parent runnable: so the parent is
told exactly once, whatever happens in between. The rows go when the wait ends. A parent that
ends first leaves its waits as orphaned, and what it waited for is cancelled a little at a time
(`children.Children.cancel_orphans`), also by the next process.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.store.database import Connection
from ringback_server.store.execution_columns import insert, is_deployed
from ringback_server.store.records import NewChildren, Overtaken

_INSERT_WAIT = "INSERT INTO child_wait (execution, number, open) VALUES (?, ?, ?)"
_INSERT_CHILD = """
INSERT INTO child (parent, wait, position, execution, uid) VALUES (?, ?, ?, ?, ?)
"""

_OPEN = "SELECT open FROM child_wait WHERE execution = ? AND number = ?"
_HAS_READY = "SELECT 1 FROM child_wait WHERE execution = ? AND open = 0 LIMIT 1"
_DELETE_WAIT = "DELETE FROM child_wait WHERE execution = ? AND number = ?"
_DELETE_CHILDREN = "DELETE FROM child WHERE parent = ? AND wait = ?"

_PARENT = "SELECT parent, wait FROM child WHERE execution = ?"
_COUNT_END = """
UPDATE child_wait SET open = open - 1 WHERE execution = ? AND number = ? AND open > 0
"""
_MAKE_RUNNABLE = "UPDATE execution SET phase = 1 WHERE id = ? AND phase = 2"

_WAITS = "SELECT number, open FROM child_wait WHERE execution = ?"
_ORPHAN = "UPDATE child_wait SET orphaned = 1 WHERE execution = ? AND number = ?"


def can_open(connection: Connection, opened: Sequence[NewChildren]) -> bool:
    """Tell whether all workflows are still there of which executions are to be created."""
    keys = {new.workflow_key for wait in opened for new in wait.executions}
    return all(is_deployed(connection, key) for key in keys)


def open_waits(connection: Connection, key: int, opened: Sequence[NewChildren]) -> tuple[int, ...]:
    """Store waits with the executions they are for; return the keys of these.

    Raise Overtaken if a workflow was deleted since it was found.
    """
    keys: list[int] = []
    for wait in opened:
        awaited = len(wait.executions) if wait.awaited else 0
        connection.execute(_INSERT_WAIT, (key, wait.number, awaited))
        for position, new in enumerate(wait.executions):
            child = insert(connection, new, None)
            if child is None:
                raise Overtaken
            connection.execute(_INSERT_CHILD, (key, wait.number, position, child, new.uid))
            keys.append(child)
    return tuple(keys)


def is_over(connection: Connection, key: int, number: int) -> bool:
    """Tell whether all executions that a wait is for have ended."""
    return connection.execute(_OPEN, (key, number)).fetchone() == (0,)


def has_ready_waits(connection: Connection, key: int) -> bool:
    """Tell whether a wait is over that no advance has ended yet."""
    return connection.execute(_HAS_READY, (key,)).fetchone() is not None


def end_wait(connection: Connection, key: int, number: int) -> None:
    """Forget a wait and whom it was for; the number may be that of a wait of another kind."""
    if connection.execute(_DELETE_WAIT, (key, number)).rowcount:
        connection.execute(_DELETE_CHILDREN, (key, number))


def count_end(connection: Connection, key: int) -> None:
    """Note that an execution has ended; the last that a wait is for makes its parent runnable."""
    link = connection.execute(_PARENT, (key,)).fetchone()
    if link is None or not connection.execute(_COUNT_END, link).rowcount:
        return
    parent, number = link
    if is_over(connection, parent, number):
        connection.execute(_MAKE_RUNNABLE, (parent,))


def orphan(connection: Connection, key: int) -> None:
    """End the waits of an execution that has ended; those that it awaits are to be cancelled."""
    for number, awaited in connection.execute(_WAITS, (key,)).fetchall():
        if awaited:
            connection.execute(_ORPHAN, (key, number))
        else:
            end_wait(connection, key, number)
