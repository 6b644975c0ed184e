"""Workflows and their revisions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar, Unpack

import msgspec

from ringback_server.errors import AlreadyExistsError, NotFoundError, RingbackError
from ringback_server.model.names import LocationName, OperationName, WorkflowName, resource
from ringback_server.model.resources import CallLogLevel, HistoryLevel, Operation, Workflow
from ringback_server.store import operations
from ringback_server.store.callback_signatures import remove_signatures
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.families import count_end, orphan
from ringback_server.store.ids import new_uid
from ringback_server.store.listing import Found, Query, Search
from ringback_server.store.lookups import revision_not_found, workflow_key, workflow_not_found
from ringback_server.store.pages import up_to_a_page
from ringback_server.store.policies import remove_policies
from ringback_server.store.purges import purge
from ringback_server.store.remembered import Remembered
from ringback_server.store.workflow_changes import (
    WorkflowChanges,
    WorkflowFields,
    changed,
    check_revision,
    differs,
)
from ringback_server.store.workflow_lists import WORKFLOWS

T = TypeVar("T")

#: workflows whose latest revision is remembered, sources included
_REMEMBERED = 256

# Within the class, `list` is its method.
_Workflows = list[Workflow]
_Keys = list[int]

_NAME_TAKEN = """
SELECT 1 FROM workflow WHERE project = ? AND location = ? AND name = ? AND delete_time IS NULL
"""

_INSERT = """
INSERT INTO workflow (project, location, name, revision, description, labels, call_log_level,
                      history_level, create_time, update_time)
VALUES (?, ?, ?, 0, '', '{}', 0, 0, ?, ?)
"""

_SET_FIELDS = """
UPDATE workflow
   SET description = :description, labels = :labels, call_log_level = :call_log_level,
       history_level = :history_level, update_time = :now
 WHERE id = :key
"""

_INSERT_REVISION = """
INSERT INTO revision (workflow, ordinal, revision_id, source, service_account, user_env_vars,
                      create_time)
VALUES (:workflow, :ordinal, :revision_id, :source, :service_account, :user_env_vars, :now)
"""
_LAST_ORDINAL = "SELECT COALESCE(MAX(ordinal), 0) FROM revision WHERE workflow = ?"
_SET_REVISION = "UPDATE workflow SET revision = ? WHERE id = ?"

_GET = """
SELECT * FROM deployed
 WHERE project = ? AND location = ? AND name = ? AND delete_time IS NULL AND revision = latest
"""
_GET_REVISION = """
SELECT * FROM deployed
 WHERE project = ? AND location = ? AND name = ? AND delete_time IS NULL AND revision_id = ?
"""
_BY_REVISION = "SELECT * FROM deployed WHERE revision = ?"
_LIST_REVISIONS = """
SELECT * FROM deployed WHERE workflow = ? AND revision < ? ORDER BY revision DESC LIMIT ?
"""

_DELETE = "UPDATE workflow SET delete_time = ? WHERE id = ?"
_LIVE = "SELECT id FROM execution WHERE workflow = ? AND phase < 3"
_CANCEL_LIVE = """
UPDATE execution
   SET phase = 3, outcome = 'CANCELLED', end_time = ?, wake = NULL, fence = fence + 1
 WHERE workflow = ? AND phase < 3
"""

# Both tables hold waits that have not ended, so they are small.
_LIVE_PARENTS = """
SELECT DISTINCT w.execution FROM child_wait w CROSS JOIN execution e ON e.id = w.execution
 WHERE e.workflow = ? AND e.phase < 3
"""
_LIVE_CHILDREN = """
SELECT c.execution FROM child c CROSS JOIN execution e ON e.id = c.execution
 WHERE e.workflow = ? AND e.phase < 3
"""

_LARGEST_KEY = 2**63 - 1

# Two looks at the index, however many workflows there are.
_PROJECTS = """
SELECT (SELECT MIN(project) FROM workflow WHERE delete_time IS NULL),
       (SELECT MAX(project) FROM workflow WHERE delete_time IS NULL)
"""


_LOCATIONS = """
SELECT DISTINCT location FROM workflow
WHERE project = ? AND delete_time IS NULL AND location > ? ORDER BY location LIMIT ?
"""


class Workflows:
    """The workflows of all locations. Keys are the store's integers, times Unix seconds."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._latest = Remembered[WorkflowName, Workflow](_REMEMBERED)

    def create(
        self, name: WorkflowName, *, now: float, **fields: Unpack[WorkflowFields]
    ) -> tuple[Workflow, Operation]:
        """Store a new workflow with its first revision; or AlreadyExistsError."""
        uid = new_uid()

        def create(connection: Connection) -> tuple[Workflow, Operation]:
            place = (name.project, name.location, name.workflow)
            if connection.execute(_NAME_TAKEN, place).fetchone() is not None:
                raise AlreadyExistsError(f"{name} exists already.", resource=resource(name))
            key = connection.execute(_INSERT, (*place, now, now)).lastrowid or 0
            _set_fields(connection, key, fields, now)
            _add_revision(connection, key, fields, now)
            return _get(connection, name), operations.add(connection, uid, "create", name, now)

        return self._write(create)

    def update(
        self, name: WorkflowName, changes: WorkflowChanges, now: float
    ) -> tuple[Workflow, Operation]:
        """Change a workflow; or NotFoundError.

        A changed source, service account or environment makes a new revision (SPEC 10.16).
        """
        uid = new_uid()

        def update(connection: Connection) -> tuple[Workflow, Operation]:
            _update(connection, _get(connection, name), changes, now)
            return _get(connection, name), operations.add(connection, uid, "update", name, now)

        return self._write(update)

    def deploy(
        self, name: WorkflowName, changes: WorkflowChanges, now: float, *, expected: str = ""
    ) -> Workflow:
        """Change a workflow unless it is so already; or NotFoundError.

        Raise FailedPreconditionError if its revision is not the one that is expected, if any is.
        """
        uid = new_uid()

        def deploy(connection: Connection) -> Workflow:
            before = _get(connection, name)
            check_revision(before, expected)
            if not differs(before, changes):
                return before
            _update(connection, before, changes, now)
            operations.add(connection, uid, "update", name, now)
            return _get(connection, name)

        return self._write(deploy)

    def delete(self, name: WorkflowName, now: float) -> tuple[Operation, _Keys]:
        """Delete a workflow with its executions and all policies; or NotFoundError.

        Return the keys of those that had not ended. The rows are removed afterwards in small
        transactions, between those of others; what a crash leaves is removed by the next call.
        """
        uid = new_uid()

        def delete(connection: Connection) -> tuple[Operation, _Keys]:
            key = workflow_key(connection, name)
            live = [row[0] for row in connection.execute(_LIVE, (key,)).fetchall()]
            parents = connection.execute(_LIVE_PARENTS, (key,)).fetchall()
            children = connection.execute(_LIVE_CHILDREN, (key,)).fetchall()
            connection.execute(_CANCEL_LIVE, (now, key))
            for (parent,) in parents:
                orphan(connection, parent)
            for (child,) in children:
                count_end(connection, child)
            connection.execute(_DELETE, (now, key))
            remove_policies(connection, str(name))
            remove_signatures(connection, key)
            return operations.add(connection, uid, "delete", name, now), live

        deleted = self._write(delete)
        # The workflow is gone whether or not its rows can be removed now.
        with suppress(RingbackError):
            while self._database.write(purge):
                pass
        return deleted

    def get(self, name: WorkflowName, revision_id: str | None = None) -> Workflow:
        """Return a workflow in its latest or the given revision; or NotFoundError."""
        if revision_id is not None:
            return self._database.read(lambda connection: _get(connection, name, revision_id))
        return self._latest.get(
            name, lambda: self._database.read(lambda connection: _get(connection, name))
        )

    def only_project(self) -> str | None:
        """Return the project that all workflows are in; None if that is not one."""

        def find(connection: Connection) -> str | None:
            ((first, last),) = connection.execute(_PROJECTS).fetchall()
            return first if first == last else None

        return self._database.read(find)

    def locations(self, project: str, *, limit: int, after: str) -> tuple[str, ...]:
        """Return the locations in which a project has workflows, ascending, beyond `after`."""

        def find(connection: Connection) -> tuple[str, ...]:
            rows = connection.execute(_LOCATIONS, (project, after, limit)).fetchall()
            return tuple(str(row[0]) for row in rows)

        return self._database.read(find)

    def by_revision(self, revision_key: int) -> Workflow:
        """Return a workflow in a stored revision, even if it was deleted; or NotFoundError."""

        def by_revision(connection: Connection) -> Workflow:
            row = connection.execute(_BY_REVISION, (revision_key,)).fetchone()
            if row is None:
                raise NotFoundError("The revision was not found.", reason="REVISION_NOT_FOUND")
            return _workflow(row)

        return self._database.read(by_revision)

    def list_revisions(self, name: WorkflowName, *, limit: int, after: int | None) -> _Workflows:
        """Return the revisions of a workflow, newest first, older than the one with key `after`.

        Fewer when they are big: see `up_to_a_page`. Raise NotFoundError.
        """
        before = _LARGEST_KEY if after is None else after

        def find(connection: Connection) -> _Workflows:
            parameters = (workflow_key(connection, name), before, limit)
            return up_to_a_page(connection.execute(_LIST_REVISIONS, parameters), _workflow)

        return self._database.read(find)

    def operation(self, name: OperationName) -> Operation:
        """Return an operation; or NotFoundError."""
        return self._database.read(lambda connection: operations.get(connection, name))

    def list_operations(self, parent: LocationName, query: Query) -> Found[Operation]:
        """Return a page of operations, newest first."""
        return operations.search(parent).run(self._database, query)

    def delete_operation(self, name: OperationName) -> None:
        """Forget an operation; or NotFoundError."""
        self._database.write(lambda connection: operations.delete(connection, name))

    def list(self, parent: LocationName, query: Query) -> Found[Workflow]:
        """Return a page of workflows, by id unless ordered otherwise; see `Search.run`."""

        def fetch(connection: Connection, row: Row) -> Workflow:
            (found,) = connection.execute(_BY_REVISION, row).fetchall()
            return _workflow(found)

        search = Search(source=WORKFLOWS, scope=operations.scope_of(parent), fetch=fetch)
        return search.run(self._database, query)

    def _write(self, operation: Callable[[Connection], T]) -> T:
        try:
            return self._database.write(operation)
        finally:
            self._latest.forget()


def _get(connection: Connection, name: WorkflowName, revision_id: str | None = None) -> Workflow:
    place = (name.project, name.location, name.workflow)
    if revision_id is None:
        row = connection.execute(_GET, place).fetchone()
    else:
        row = connection.execute(_GET_REVISION, (*place, revision_id)).fetchone()
    if row is None and revision_id is not None:
        workflow_key(connection, name)  # which tells if there is no workflow either
        raise revision_not_found(name, revision_id)
    if row is None:
        raise workflow_not_found(name)
    return _workflow(row)


def _update(connection: Connection, before: Workflow, changes: WorkflowChanges, now: float) -> None:
    fields = changed(before, changes)
    _set_fields(connection, before.key, fields, now)
    if _content(fields) != _content(changed(before, WorkflowChanges())):
        _add_revision(connection, before.key, fields, now)


def _set_fields(connection: Connection, key: int, fields: WorkflowFields, now: float) -> None:
    columns = {
        "key": key,
        "description": fields["description"],
        "labels": _json(fields["labels"]),
        "call_log_level": int(fields["call_log_level"]),
        "history_level": int(fields["history_level"]),
        "now": now,
    }
    connection.execute(_SET_FIELDS, columns)


def _add_revision(connection: Connection, key: int, fields: WorkflowFields, now: float) -> None:
    row = connection.execute(_LAST_ORDINAL, (key,)).fetchone() or (0,)
    ordinal = row[0] + 1
    source, service_account, user_env_vars = _content(fields)
    digest = hashlib.sha256(f"{source}\0{service_account}\0{user_env_vars}".encode())
    columns = {
        "workflow": key,
        "ordinal": ordinal,
        "revision_id": f"{ordinal:06}-{digest.hexdigest()[:3]}",
        "source": source,
        "service_account": service_account,
        "user_env_vars": user_env_vars,
        "now": now,
    }
    revision = connection.execute(_INSERT_REVISION, columns).lastrowid
    connection.execute(_SET_REVISION, (revision, key))


def _content(fields: WorkflowFields) -> tuple[str, str, str]:
    """Return what makes a revision: source, service account, environment as JSON."""
    return fields["source"], fields["service_account"], _json(fields["user_env_vars"])


def _workflow(row: Row) -> Workflow:
    key, project, location, name, description, labels, call_log_level, history_level = row[:8]
    created, updated, revision, revision_id, source, account, env_vars, revision_created = row[8:16]
    return Workflow(
        name=WorkflowName(project, location, name),
        revision_id=revision_id,
        source=source,
        service_account=account,
        description=description,
        labels=msgspec.json.decode(labels, type=dict[str, str]),
        user_env_vars=msgspec.json.decode(env_vars, type=dict[str, str]),
        call_log_level=CallLogLevel(call_log_level),
        history_level=HistoryLevel(history_level),
        create_time=created,
        update_time=updated,
        revision_create_time=revision_created,
        key=key,
        revision_key=revision,
    )


def _json(pairs: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(pairs), order="deterministic").decode()
