"""Copies of a server's data."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from ringback_server.backup_command import run
from ringback_server.store.backup import BackupError, back_up, inspect
from ringback_server.store.data_dir import database_of
from tests.operations.running import WAITS, running
from tests.waiting import until

Captured = pytest.CaptureFixture[str]


def test_backup_when_the_server_runs_and_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A copy of a running server starts elsewhere, and what waited there goes on."""
    data, restored, copy = tmp_path / "data", tmp_path / "restored", tmp_path / "copy.db"
    with running(data, monkeypatch) as server:
        server.deploy(WAITS)
        execution = server.start()
        assert run([str(copy), "--data-dir", str(data)], {}) == 0
        assert server.send(execution).status_code == 200
    said = capsys.readouterr().out
    checked = run([str(copy), "--verify"], {})
    counted = capsys.readouterr().out
    restored.mkdir()
    shutil.copy(copy, restored / "ringback.db")
    with running(restored, monkeypatch) as server:
        waiting = server.state(execution)
        assert server.send(execution, "again").status_code == 200
        until(lambda: server.state(execution) == "SUCCEEDED")

    assert "It holds the keys that sign tokens" in said
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (checked, waiting) == (0, "ACTIVE")
    assert {"executions ACTIVE: 1", "workflows: 1", "ok"} <= set(counted.splitlines())
    assert {"copy.db", "data", "restored", "state"} == {path.name for path in tmp_path.iterdir()}


def test_backup_when_no_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data of a stopped server can be copied as well, and are left as they were."""
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy(WAITS)
    before = database_of(tmp_path / "data").read_bytes()
    back_up(database_of(tmp_path / "data"), tmp_path / "copy")

    assert inspect(tmp_path / "copy").counts["workflows"] == 1
    assert database_of(tmp_path / "data").read_bytes() == before


def test_backup_when_the_server_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is one instant of the data: executions that end meanwhile end in it or do not."""
    stop = threading.Event()
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy("- a:\n    return: 1\n")

        def write() -> None:
            while not stop.is_set():
                server.start()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            sizes: list[int] = []
            for number in range(5):
                copy = tmp_path / f"copy-{number}"
                back_up(database_of(tmp_path / "data"), copy)
                contents = inspect(copy)
                sizes.append(contents.counts.get("executions SUCCEEDED", 0))
                assert contents.complaints == ()
        finally:
            stop.set()
            writer.join(20.0)

    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["taken", "--data-dir", "data"], "taken exists already"),
        (["new", "--data-dir", "none"], "there is no"),
        (["no/such/new", "--data-dir", "data"], "No such file or directory"),
        (["new", "--data-dir", "other"], "is not a database of ringback"),
        (["taken", "--verify"], "taken is no database"),
        (["none", "--verify"], "there is no none"),
    ],
)
def test_backup_when_it_cannot_be_done(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    arguments: list[str],
    complaint: str,
) -> None:
    """One line says why; nothing is overwritten or left behind."""
    monkeypatch.chdir(tmp_path)
    with running(tmp_path / "data", monkeypatch):
        pass
    Path("taken").write_text("mine, and long enough to be a header" * 10)
    Path("other").mkdir()
    connection = sqlite3.connect("other/ringback.db")
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    code = run(arguments, {})
    error = capsys.readouterr().err

    assert (code, error.count("\n")) == (1, 1)
    assert complaint in error
    assert Path("taken").read_text().startswith("mine")
    assert {"taken", "other", "data", "state"} == {path.name for path in tmp_path.iterdir()}


def test_verify_when_the_copy_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A flipped bit in a packed state is found, though the database as such is whole."""
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy(WAITS)
        server.start()
    back_up(database_of(tmp_path / "data"), tmp_path / "copy")
    connection = sqlite3.connect(tmp_path / "copy")
    connection.execute("UPDATE execution SET state = CAST(state || x'00' AS BLOB)")
    connection.commit()
    connection.close()
    code = run(["--verify", str(tmp_path / "copy")], {})
    captured = capsys.readouterr()

    assert (code, captured.out.splitlines()[-1]) == (1, "damaged")
    assert "1 packed values do not match their checksums" in captured.err


def test_verify_when_the_copy_is_of_a_newer_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that this version could not restore is not called good."""
    with running(tmp_path / "data", monkeypatch):
        pass
    back_up(database_of(tmp_path / "data"), tmp_path / "copy")
    connection = sqlite3.connect(tmp_path / "copy")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    assert "newer ringback (schema 99" in inspect(tmp_path / "copy").complaints[0]


def test_inspect_when_a_page_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damage of the file itself is told too."""
    with running(tmp_path / "data", monkeypatch) as server:
        server.deploy(WAITS)
    back_up(database_of(tmp_path / "data"), tmp_path / "copy")
    content = bytearray((tmp_path / "copy").read_bytes())
    content[4096 * 3 : 4096 * 3 + 64] = b"\xff" * 64
    (tmp_path / "copy").write_bytes(content)
    try:
        complaints = inspect(tmp_path / "copy").complaints
    except BackupError as error:
        complaints = (str(error),)

    assert complaints
