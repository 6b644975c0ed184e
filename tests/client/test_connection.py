"""Which server is meant, and how it is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringback_client.connection import find_server, state_file
from ringback_client.errors import ClientError, CredentialsError, ServerNotFoundError


def write_record(path: Path, *, grpc: str, pid: int | None = None, **more: str) -> Path:
    """Write what a running server would, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"grpc": grpc, "http": "http://127.0.0.1:80", "pid": pid or os.getpid(), **more}
    path.write_text(json.dumps(record))
    return path


def ended_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return variables that lead to no server but that of the state directory."""
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_find_when_address_is_set(tmp_path: Path, environ: dict[str, str]) -> None:
    """RINGBACK_ADDRESS comes before everything else."""
    write_record(tmp_path / "ringback-data" / "server.json", grpc="127.0.0.1:1")
    environ |= {"RINGBACK_ADDRESS": "127.0.0.1:3", "RINGBACK_CREDENTIALS": "/k/key.json"}

    server = find_server(environ, tmp_path)

    assert ("127.0.0.1:3", Path("/k/key.json")) == (server.address, server.key_file)
    assert "RINGBACK_ADDRESS" in server.found


def test_find_when_address_without_key(tmp_path: Path, environ: dict[str, str]) -> None:
    """An address without a key file is said to lack RINGBACK_CREDENTIALS."""
    environ["RINGBACK_ADDRESS"] = "127.0.0.1:3"

    with pytest.raises(CredentialsError, match="RINGBACK_CREDENTIALS"):
        find_server(environ, tmp_path)


def test_find_when_data_directory_here(tmp_path: Path, environ: dict[str, str]) -> None:
    """./ringback-data comes before the server started last, and brings its own key."""
    record = write_record(tmp_path / "ringback-data" / "server.json", grpc="127.0.0.1:1")
    write_record(state_file(environ), grpc="127.0.0.1:2", data_dir="/elsewhere")

    server = find_server(environ, tmp_path)

    assert ("127.0.0.1:1", record.parent / "admin.json") == (server.address, server.key_file)
    assert server.found == "./ringback-data"


def test_find_when_started_elsewhere(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without a data directory here, it is the server started last, with that one's key."""
    write_record(state_file(environ), grpc="127.0.0.1:2", data_dir="/elsewhere")

    server = find_server(environ, tmp_path)

    assert ("127.0.0.1:2", Path("/elsewhere/admin.json")) == (server.address, server.key_file)


def test_find_when_the_last_has_ended(tmp_path: Path, environ: dict[str, str]) -> None:
    """When the server started last has ended, it is the newest of those that still run."""
    record = state_file(environ)
    write_record(record, grpc="127.0.0.1:2", pid=ended_process(), data_dir="/ended")
    for age, name in enumerate(("old", "new")):
        path = write_record(
            record.parent / "servers" / f"{name}.json", grpc=f"127.0.0.1:{name}", data_dir="/runs"
        )
        os.utime(path, (age, age))

    server = find_server(environ, tmp_path)

    assert ("127.0.0.1:new", Path("/runs/admin.json")) == (server.address, server.key_file)


def test_find_when_another_key_is_set(tmp_path: Path, environ: dict[str, str]) -> None:
    """RINGBACK_CREDENTIALS takes the place of the data directory's key."""
    write_record(tmp_path / "ringback-data" / "server.json", grpc="127.0.0.1:1")
    environ["RINGBACK_CREDENTIALS"] = "/k/viewer.json"

    assert Path("/k/viewer.json") == find_server(environ, tmp_path).key_file


def test_find_when_recorded_process_has_ended(tmp_path: Path, environ: dict[str, str]) -> None:
    """A record of a process that has ended is passed over."""
    local = tmp_path / "ringback-data" / "server.json"
    write_record(local, grpc="127.0.0.1:1", pid=ended_process())
    write_record(state_file(environ), grpc="127.0.0.1:2", data_dir="/elsewhere")

    assert find_server(environ, tmp_path).address == "127.0.0.1:2"


def test_find_when_none_runs(tmp_path: Path, environ: dict[str, str]) -> None:
    """When no server runs, the error says which ended and how to start one."""
    local = tmp_path / "ringback-data" / "server.json"
    write_record(local, grpc="127.0.0.1:1", pid=ended_process())

    with pytest.raises(ServerNotFoundError, match="has ended") as caught:
        find_server(environ, tmp_path)

    assert "ringback serve" in (caught.value.next_step or "")


def test_find_when_record_is_damaged(tmp_path: Path, environ: dict[str, str]) -> None:
    """A record that cannot be read counts as none."""
    path = write_record(tmp_path / "ringback-data" / "server.json", grpc="127.0.0.1:1")
    path.write_text("{")

    with pytest.raises(ServerNotFoundError):
        find_server(environ, tmp_path)


@pytest.mark.parametrize(
    ("text", "address", "tls"),
    [
        ("127.0.0.1:8787", "127.0.0.1:8787", False),
        ("localhost:8787", "localhost:8787", False),
        ("[::1]:8787", "[::1]:8787", False),
        ("ringback.example:8787", "ringback.example:8787", True),
        ("http://ringback.example:8787", "ringback.example:8787", False),
        ("https://127.0.0.1:8787", "127.0.0.1:8787", True),
    ],
)
def test_find_when_address_has_a_form(
    *, text: str, address: str, tls: bool, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Plain text is for this machine, or for who writes http://; else the call is encrypted."""
    environ |= {"RINGBACK_ADDRESS": text, "RINGBACK_CREDENTIALS": "key.json"}

    server = find_server(environ, tmp_path)

    assert (address, tls) == (server.address, server.tls)


@pytest.mark.parametrize("text", ["8787", "127.0.0.1", "host:port", "ftp://h:1", "h:99999"])
def test_find_when_address_is_malformed(text: str, tmp_path: Path, environ: dict[str, str]) -> None:
    """What is no address is said to be none."""
    environ |= {"RINGBACK_ADDRESS": text, "RINGBACK_CREDENTIALS": "key.json"}

    with pytest.raises(ClientError, match="RINGBACK_ADDRESS"):
        find_server(environ, tmp_path)
