"""The audit as lines of a file."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_server.audit_trail.log_file import AuditLog, LogFile
from ringback_server.clock import SystemClock
from ringback_server.errors import StartError
from ringback_server.store import Store, open_store
from tests.audit_trail.test_recorder import entry
from tests.waiting import until


@contextmanager
def logging(store: Store, path: Path) -> Generator[AuditLog]:
    """Write the audit of a store to a file."""
    log = AuditLog(LogFile(path), store.audit, store.instance, SystemClock())
    log.start()
    try:
        yield log
    finally:
        log.close()


def resources(path: Path) -> list[str]:
    """Return the resources in the lines of a file."""
    return [json.loads(line)["resource"] for line in path.read_text().splitlines()]


def test_lines_when_the_file_is_rotated(tmp_path: Path) -> None:
    """Each entry is in one of the files, in the order in which they were stored."""
    store, path = open_store(tmp_path / "data"), tmp_path / "audit.log"
    with logging(store, path):
        store.audit.add([entry("a@b", resource="one")])
        until(lambda: path.exists() and resources(path) == ["one"])
        mode = path.stat().st_mode & 0o777
        path.rename(tmp_path / "audit.log.1")
        store.audit.add([entry("a@b", resource="two")])
        until(lambda: path.exists() and resources(path) == ["two"])
    store.audit.add([entry("a@b", resource="three")])
    with logging(store, path):
        pass
    store.close()

    assert 0o600 == mode
    assert (["one"], ["two", "three"]) == (resources(tmp_path / "audit.log.1"), resources(path))


def test_line_when_it_is_read(tmp_path: Path) -> None:
    """It has the names of the API, and what is empty is left out."""
    store, path = open_store(tmp_path / "data"), tmp_path / "audit.log"
    store.audit.add([entry("a@b", resource="r")._replace(project="p", times=3)])
    with logging(store, path):
        pass
    store.close()

    assert {
        "name": "projects/p/auditEntries/1",
        "timestamp": "1970-01-01T00:00:01.000000Z",
        "principal": "a@b",
        "resource": "r",
        "status": "UNAUTHENTICATED",
        "reason": "TOKEN_INVALID",
        "peer": "10.0.0.1:1",
        "edge": "http",
        "times": 3,
    } == json.loads(path.read_text())


def test_lines_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is told, nothing is cut off or left out, and writing goes on where it ended."""
    store, path = open_store(tmp_path / "data"), tmp_path / "audit.log"
    write, full = os.write, [True]

    def writes(fd: int, data: bytes) -> int:
        if full:
            write(fd, data[:5])
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr("ringback_server.audit_trail.log_file.os.write", writes)
    store.audit.add([entry("a@b", resource="one")])
    with logging(store, path) as log:
        trouble = until(lambda: log.trouble)
        during = path.read_text()
        full.clear()
    store.close()

    assert "The audit log cannot be written: No space left on device." == trouble
    assert ("", ["one"]) == (during, resources(path))


def test_file_when_it_cannot_be_made(tmp_path: Path) -> None:
    """The server does not start, and says why."""
    with pytest.raises(StartError, match="--audit-log: cannot write"):
        LogFile(tmp_path / "missing" / "audit.log")
