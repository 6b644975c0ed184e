"""Opening data dirs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_server.errors import StartError
from ringback_server.store import open_store
from ringback_server.store.data_dir import DataDir
from ringback_server.store.schema import known_version

_HOLD = """
import sys
from pathlib import Path
from ringback_server.store import open_store
store = open_store(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
store.close()
"""

# Root may write anywhere, so it becomes nobody first.
_TRY = """
import os
import sys
from pathlib import Path
from ringback_server.errors import StartError
from ringback_server.store import open_store
if os.geteuid() == 0:
    os.setuid(65534)
try:
    open_store(Path(sys.argv[1]))
except StartError as error:
    print(error)
"""


@contextmanager
def _holder(directory: Path) -> Generator[int]:
    """Run another process that has the data dir open; give its pid."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield process.pid
        process.communicate()


def _complaint(directory: Path) -> str:
    with pytest.raises(StartError) as raised:
        open_store(directory)
    message = str(raised.value)

    assert "\n" not in message
    return message


def test_open_when_the_directory_is_missing(tmp_path: Path) -> None:
    """A new data dir is its owner's alone, and so are the files in it."""
    directory = tmp_path / "a" / "b"
    umask = os.umask(0)
    try:
        store = open_store(directory)
    finally:
        os.umask(umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
    store.close()

    assert directory.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert {"lock", "ringback.db", "ringback.db-wal"} <= set(modes)


def test_open_when_another_process_has_it(tmp_path: Path) -> None:
    """A data dir belongs to one process, and the message says to which."""
    with _holder(tmp_path) as pid:
        message = _complaint(tmp_path)

    assert f"{tmp_path} is in use by another ringback (pid {pid}): " in message
    open_store(tmp_path).close()


def test_open_when_it_is_open_in_this_process(tmp_path: Path) -> None:
    """The lock holds within one process too, and is free once closed."""
    first = DataDir(tmp_path)
    with pytest.raises(StartError, match=f"pid {os.getpid()}"):
        DataDir(tmp_path)
    first.close()
    first.close()

    second = DataDir(tmp_path)
    assert repr(second) == f"<DataDir {tmp_path} [open]>"
    second.close()


def test_open_when_it_is_a_file(tmp_path: Path) -> None:
    """A file in place of the directory is named."""
    path = tmp_path / "file"
    path.write_text("")

    assert f"{path} is not a directory" in _complaint(path)
    assert "is not a directory" in _complaint(path / "below")


def test_open_when_the_database_is_not_one(tmp_path: Path) -> None:
    """A file that is no database is left as it is."""
    path = tmp_path / "ringback.db"
    path.write_bytes(b"something else entirely" * 1000)
    before = path.read_bytes()

    assert f"{path} is not a database" in _complaint(tmp_path)
    assert before == path.read_bytes()


def test_open_when_the_database_is_a_directory(tmp_path: Path) -> None:
    """A directory in place of the database is named."""
    (tmp_path / "ringback.db").mkdir()

    assert f"{tmp_path / 'ringback.db'} cannot be opened" in _complaint(tmp_path)


def test_open_when_the_database_is_of_another_program(tmp_path: Path) -> None:
    """Somebody else's database is refused."""
    connection = sqlite3.connect(tmp_path / "ringback.db")
    connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()

    assert "is the database of another program" in _complaint(tmp_path)


def test_open_when_the_schema_is_newer(tmp_path: Path) -> None:
    """A database of a later version is refused with both versions."""
    open_store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "ringback.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    known = f"was written by a newer ringback (schema 99, this one knows {known_version()})"
    assert known in _complaint(tmp_path)


def test_open_when_it_failed_before(tmp_path: Path) -> None:
    """A failed start leaves no lock behind."""
    path = tmp_path / "ringback.db"
    path.write_bytes(b"something else entirely" * 1000)
    _complaint(tmp_path)
    path.unlink()

    open_store(tmp_path).close()


@pytest.mark.parametrize("locked", ["directory", "database"])
def test_open_when_it_may_not_be_written(tmp_path: Path, locked: str) -> None:
    """A data dir that this user cannot write to is refused with the reason."""
    directory = tmp_path / "data"
    open_store(directory).close()
    if locked == "directory":
        (directory / "lock").unlink()
        directory.chmod(0o555)
    else:
        (directory / "lock").chmod(0o666)
        directory.chmod(0o755)
        (directory / "ringback.db").chmod(0o444)
    tmp_path.chmod(0o755)
    tried = subprocess.run(
        [sys.executable, "-c", _TRY, directory.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    directory.chmod(0o755)

    assert "Permission denied" in tried.stdout, tried.stderr
    assert tried.stdout.startswith("data")
    assert tried.stdout.count("\n") == 1


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_open_when_others_may_write_to_the_directory(tmp_path: Path, mode: int) -> None:
    """It is refused, with what to run: they could put a database of theirs there."""
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(StartError, match=f"chmod 700 {directory}"):
        DataDir(directory)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711])
def test_open_when_others_may_look_into_the_directory(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is opened as it is, with a warning."""
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(mode)
    DataDir(directory).close()
    assert f"chmod 700 {directory}" in caplog.text
    assert directory.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("name", ["ringback.db", "ringback.db-wal", "admin.json", "ca-key.pem"])
def test_open_when_others_may_read_a_secret(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The file is closed to them, with a warning, and keeps what it holds."""
    tmp_path.chmod(0o700)
    path = tmp_path / name
    path.write_text("secret")
    path.chmod(0o644)
    DataDir(tmp_path).close()
    assert (path.stat().st_mode & 0o777, path.read_text()) == (0o600, "secret")
    assert str(path) in caplog.text


def test_open_when_everything_is_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A data dir of our own making has mode 0700, and nothing is said about it."""
    store = open_store(tmp_path / "data")
    store.close()
    open_store(tmp_path / "data").close()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert caplog.text == ""
