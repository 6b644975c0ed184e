"""What the storage's own faults mean to a caller."""

from __future__ import annotations

import sqlite3

from ringback_server.errors import (
    CorruptDataError,
    OverloadedError,
    RingbackError,
    StorageFullError,
)

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
#: a failed sync may have dropped any page written since the last: no retry makes that good
_UNSYNCED = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
#: faults of the storage, not of a statement: after one of them the transaction is void
_FAULTS = _CORRUPT | {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
}


def is_storage_fault(error: BaseException) -> bool:
    """Tell whether the storage failed, as opposed to a statement or whoever wrote it."""
    return isinstance(error, sqlite3.Error) and _code(error) in _FAULTS


def is_unsynced(error: BaseException) -> bool:
    """Tell whether the operating system could not bring to disk what it was given."""
    return isinstance(error, sqlite3.Error) and _extended_code(error) in _UNSYNCED


def is_full(error: BaseException) -> bool:
    """Tell whether the disk is full."""
    return isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_FULL


def storage_error(error: BaseException) -> RingbackError:
    """Return a new error that tells a caller about a fault of the storage."""
    if is_full(error):
        return StorageFullError()
    if isinstance(error, sqlite3.Error) and _code(error) in _CORRUPT:
        return CorruptDataError("Stored data is damaged and cannot be read.")
    return storage_failure()


def storage_failure() -> OverloadedError:
    """Return a new error that tells a caller that nothing can be stored at present."""
    return OverloadedError(
        "The server's storage fails at present; try again in a moment.", reason="STORAGE_FAILURE"
    )


def _code(error: sqlite3.Error) -> int:
    return _extended_code(error) & 0xFF


def _extended_code(error: sqlite3.Error) -> int:
    # Python's own complaints (a closed connection, a wrong number of parameters) have no code.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code
