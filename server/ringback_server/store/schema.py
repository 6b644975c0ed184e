"""Brings a database up to the schema that this version knows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from ringback_server.errors import StartError

#: marks a file as ours ("RBK1"), see `file` and SQLite's magic.txt
APPLICATION_ID = 0x52424B31
_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")


def known_version() -> int:
    """Return the newest schema that this version knows."""
    return len(_scripts())


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that are missing, all or none of them.

    Raise StartError for a database of a newer schema or of another program; `path` names it.
    """
    scripts = _scripts()
    version = _pragma(connection, "user_version")
    _check_ours(connection, path)
    if version > len(scripts):
        raise StartError(
            f"{path} was written by a newer ringback (schema {version}, this one knows "
            f"{len(scripts)}): start that version, or choose another --data-dir"
        )
    if version == len(scripts):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in scripts[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        connection.execute("COMMIT")
    finally:
        connection.rollback()


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    if tables and _pragma(connection, "application_id") != APPLICATION_ID:
        raise StartError(f"{path} is the database of another program: choose another --data-dir")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _scripts() -> list[str]:
    """Return the migrations in order; the n-th leads to version n, counted from 1."""
    folder = files("ringback_server.store.migrations")
    found = sorted(
        (item for item in folder.iterdir() if _FILE_NAME.fullmatch(item.name)),
        key=lambda item: item.name,
    )
    return [item.read_text(encoding="utf-8") for item in found]


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
