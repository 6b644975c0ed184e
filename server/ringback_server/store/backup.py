"""Copies of the database, made while a server uses it, and what is in such a copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringback_server.errors import CorruptDataError
from ringback_server.store.packing import unseal
from ringback_server.store.recovery import sync_directory
from ringback_server.store.schema import APPLICATION_ID, known_version

#: pages copied at a time: 4 MiB
_PAGES = 1_024
_BUSY_SECONDS = 5.0
#: complaints of a check that are worth telling
_COMPLAINTS = 10

_EXECUTIONS = """
SELECT CASE WHEN phase = 0 THEN 'QUEUED' WHEN phase < 3 THEN 'ACTIVE' ELSE outcome END, COUNT(*)
  FROM execution GROUP BY 1 ORDER BY 1
"""
_COUNTS = {
    "workflows": "SELECT COUNT(*) FROM workflow WHERE delete_time IS NULL",
    "callbacks": "SELECT COUNT(*) FROM payload",
    "accounts": "SELECT COUNT(*) FROM service_account",
}
#: what carries a checksum of ours
_SEALED = (
    "SELECT state FROM execution WHERE state IS NOT NULL",
    "SELECT request FROM payload WHERE request IS NOT NULL",
    "SELECT entries FROM journal",
)


class BackupError(Exception):
    """A copy cannot be made, or is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a copy holds."""

    schema: int
    #: numbers of things by what they are, executions by their public state
    counts: dict[str, int]
    #: what is wrong with it, one sentence each
    complaints: tuple[str, ...]


def back_up(database: Path, target: Path) -> int:
    """Copy a database, of a server that runs or of none, to a new file; return its size in bytes.

    The copy is what one instant of the database was, and on disk on return. Only its owner can
    read it. A writer does not wait for this. Raise BackupError.
    """
    if target.exists():
        raise BackupError(f"{target} exists already: choose another file")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with _opened(database, "mode=ro") as source:
                _copy(source, draft)
            size = _sync(draft)
            draft.rename(target)
        finally:
            draft.unlink(missing_ok=True)
        sync_directory(target.absolute().parent)
    except OSError as error:
        raise BackupError(f"{error.filename or target}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise BackupError(f"{database} cannot be copied: {error}") from error
    return size


def inspect(file: Path) -> Contents:
    """Read all of a copy and tell what is in it; raise BackupError if it is no copy of ours."""
    try:
        with _opened(file, "mode=ro&immutable=1") as connection:
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            complaints = [*_schema_complaints(schema), *_damage(connection)]
            counts = {name: _count(connection, sql) for name, sql in _COUNTS.items()}
            counts |= {
                f"executions {state}": count
                for state, count in connection.execute(_EXECUTIONS).fetchall()
            }
    except sqlite3.Error as error:
        raise BackupError(f"{file} is damaged: {error}") from error
    return Contents(schema=schema, counts=counts, complaints=tuple(complaints))


@contextmanager
def _opened(path: Path, options: str) -> Generator[sqlite3.Connection]:
    """Open a database of ours to read it; raise BackupError for anything else."""
    if not path.is_file():
        raise BackupError(f"there is no {path}")
    with closing(
        sqlite3.connect(
            f"{path.absolute().as_uri()}?{options}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
        )
    ) as connection:
        try:
            (found,) = connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.DatabaseError as error:
            raise BackupError(f"{path} is no database: {error}") from error
        if found != APPLICATION_ID:
            raise BackupError(f"{path} is not a database of ringback")
        yield connection


def _copy(source: sqlite3.Connection, draft: Path) -> None:
    # One snapshot throughout: without it, each write of the server's would begin the copy anew.
    source.execute("BEGIN")
    source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    with closing(sqlite3.connect(draft, isolation_level=None)) as target:
        source.backup(target, pages=_PAGES)
        # One file that can be moved about; the server that opens it makes a WAL again.
        target.execute("PRAGMA journal_mode = DELETE").fetchone()


def _sync(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _schema_complaints(schema: int) -> list[str]:
    known = known_version()
    if schema <= known:
        return []
    return [f"it is of a newer ringback (schema {schema}, this one knows {known})"]


def _damage(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(f"PRAGMA integrity_check({_COMPLAINTS})").fetchall()
    complaints = [str(text) for (text,) in rows if text != "ok"]
    damaged = sum(_damaged(sealed) for sql in _SEALED for (sealed,) in connection.execute(sql))
    if damaged:
        complaints.append(f"{damaged} packed values do not match their checksums")
    return complaints


def _damaged(sealed: bytes) -> bool:
    try:
        unseal(sealed)
    except CorruptDataError:
        return True
    return False


def _count(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
