"""Starting and stopping a server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from tests.e2e.process import launch, serving
from tests.waiting import PATIENCE, until

FREE = ("--grpc-address=127.0.0.1:0", "--http-address=127.0.0.1:0")


def refused(directory: Path, *arguments: str, home: Path) -> str:
    """Start a server that must end with exit code 2; return its one line of explanation."""
    server = launch(directory, *arguments, home=home)
    try:
        code = server.process.wait(PATIENCE)
    finally:
        server.kill()

    assert code == 2
    return server.log.read_text()


def test_start_when_the_data_dir_is_new(tmp_path: Path) -> None:
    """A first start makes a key file for its owner alone and tells its addresses."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        key = json.loads(server.key_file.read_text())
        record = json.loads((tmp_path / ".local/state/ringback/server.json").read_text())
        mode = stat.S_IMODE(server.key_file.stat().st_mode)
        pid = server.process.pid

    assert (mode, key["type"], key["project_id"]) == (0o600, "service_account", "local")
    assert key["client_email"] == "admin@local.iam.gserviceaccount.com"
    assert key["token_uri"] == f"{server.http}/token"
    assert record == {
        "grpc": server.grpc,
        "http": server.http,
        "pid": pid,
        "data_dir": str(tmp_path / "data"),
    }


def test_start_when_cores_are_chosen(tmp_path: Path) -> None:
    """All threads of a server keep to one core, or with 0 may use all of them."""
    used: list[set[frozenset[int]]] = []
    for number, flags in enumerate(((), ("--cores=0",))):
        with serving(tmp_path / str(number), *FREE, *flags, home=tmp_path) as server:
            tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
            used.append({frozenset(os.sched_getaffinity(int(task.name))) for task in tasks})
    (one,), (every,) = used

    assert len(one) == 1
    assert one <= every
    assert every == os.sched_getaffinity(0)


def test_records_when_two_servers_run(tmp_path: Path) -> None:
    """Each server has a record of its user's until it ends; the one started last has two."""
    records = tmp_path / ".local/state/ringback/servers"
    with serving(tmp_path / "one", home=tmp_path) as first:
        with serving(tmp_path / "two", *FREE, home=tmp_path) as second:
            both = {path.stem for path in records.iterdir()}
            second.stop()
        left = {path.stem for path in records.iterdir()}

    assert both == {str(first.process.pid), str(second.process.pid)}
    assert left == {str(first.process.pid)}


def test_start_when_the_http_port_changes(tmp_path: Path) -> None:
    """The key file follows the server to another port, and old access tokens stay good."""
    with serving(tmp_path / "data", home=tmp_path) as first:
        token, kid = first.token(), json.loads(first.key_file.read_text())["private_key_id"]
    with serving(tmp_path / "data", *FREE, home=tmp_path) as second:
        key = json.loads(second.key_file.read_text())
        answer = second.call("GET", "projects/local/locations/us-central1/workflows", token)

    assert (key["token_uri"], key["private_key_id"]) == (f"{second.http}/token", kid)
    assert answer.status_code == 200


def test_start_when_the_data_dir_is_in_use(tmp_path: Path) -> None:
    """A second server on one data dir says whose it is."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        said = refused(tmp_path / "data", *FREE, home=tmp_path).splitlines()[-1]

    assert f"is in use by another ringback (pid {server.process.pid})" in said


def test_start_when_the_schema_is_newer(tmp_path: Path) -> None:
    """A data dir of a newer version is not touched."""
    with serving(tmp_path / "data", home=tmp_path):
        pass
    with sqlite3.connect(tmp_path / "data/ringback.db") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()

    assert "newer" in refused(tmp_path / "data", home=tmp_path).splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "explanation"),
    [
        (("--no-such-flag",), "--no-such-flag"),
        (("--grpc-address=nowhere",), "--grpc-address: expected HOST:PORT"),
        (("--threads=20000",), "--threads: expected a whole number of 1 to 5000"),
        (("--public-url=http://x:99999",), "--public-url: "),
        (("--limits=stepps=5",), "--limits: there is no limit 'stepps'"),
        (("--limits=steps=many",), "--limits: expected NAME=N"),
        (("--park-after=-1",), "--park-after: expected a number of seconds above 0"),
        (("--tls-cert=cert.pem",), "--tls-cert and --tls-key go together"),
        (("--tls-client-ca=ca.pem",), "--tls-client-ca needs TLS"),
        (("--seal-key-file=k", "--seal-passphrase-file=p"), "exclude one another"),
        (("--seal-old-key-file=k", "--seal-old-passphrase-file=p"), "exclude one another"),
        (("--seal-old-key-file=k",), "name the new key or passphrase too"),
        (("--seal-key-file=none.key",), "--seal-key-file: none.key cannot be read"),
        (("--tls-cert=none.pem", "--tls-key=none.pem"), "none.pem"),
        (("--public-url=ftp://x",), "--public-url: expected a URL"),
    ],
)
def test_start_when_a_flag_makes_no_sense(
    tmp_path: Path, arguments: tuple[str, ...], explanation: str
) -> None:
    """A bad flag is named in one line, and nothing is started."""
    said = refused(tmp_path / "data", *FREE, *arguments, home=tmp_path)

    assert explanation in said
    assert said.count("\n") == 1


def test_start_when_the_data_dir_is_a_file(tmp_path: Path) -> None:
    """What cannot be a data dir is named with the way out."""
    (tmp_path / "data").write_text("not a directory")

    said = refused(tmp_path / "data", home=tmp_path)
    assert "is not a directory: choose another --data-dir" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_start_when_a_port_is_taken(tmp_path: Path, kind: str) -> None:
    """A taken port is an error, never shared."""
    with serving(tmp_path / "one", home=tmp_path) as server:
        taken = server.grpc if kind == "grpc" else server.http.removeprefix("http://")
        other = "http" if kind == "grpc" else "grpc"
        flags = (f"--{kind}-address={taken}", f"--{other}-address=127.0.0.1:0")
        said = refused(tmp_path / "two", *flags, home=tmp_path).splitlines()[-1]

    assert f"cannot listen on {taken}" in said
    assert f"choose another --{kind}-address" in said


def test_stop_when_an_execution_waits(tmp_path: Path) -> None:
    """SIGTERM ends a server well within its 10 seconds, with exit code 0."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        code = server.stop()

    assert code == 0
    assert not (tmp_path / "data/server.json").exists()


def test_stop_when_told_twice(tmp_path: Path) -> None:
    """A second SIGTERM ends the server at once, whatever is under way."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        host, port = server.http.removeprefix("http://").split(":")
        # A request whose body never comes keeps the drain waiting.
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            server.process.send_signal(signal.SIGTERM)
            until(lambda: "stopping" in server.log.read_text())
            server.process.send_signal(signal.SIGTERM)
            code = server.process.wait(PATIENCE)

    assert code == 1


def test_stop_when_a_request_never_ends(tmp_path: Path) -> None:
    """A request that does not come to its end delays a stop, but not beyond --drain-seconds."""
    with serving(tmp_path / "data", "--drain-seconds=2", home=tmp_path) as server:
        host, port = server.http.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            began = time.monotonic()
            code = server.stop()
            took = time.monotonic() - began

    assert code == 0
    assert 0.5 < took < 2.5
