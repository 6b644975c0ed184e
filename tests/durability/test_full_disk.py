"""A disk that is full while a server is at work, and has space again later."""

from __future__ import annotations

import errno
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import grpc
import pytest

from ringback.v1 import executions_pb2, executions_pb2_grpc
from tests.durability.test_sync import PARENT, SOURCE, callback_of
from tests.e2e.process import Server, serving
from tests.waiting import until

_UNSHARE = ("unshare", "--map-root-user", "--mount")


def _small_disk(directory: Path) -> tuple[str, ...]:
    """Return what runs a command with a small disk at `directory`."""
    mount = f"mount -t tmpfs -o size=4m,mode=700 tmpfs {shlex.quote(str(directory))}"
    return (*_UNSHARE, "sh", "-c", f'{mount} && exec "$@"', "sh")


def _possible() -> bool:
    if shutil.which("unshare") is None:
        return False
    directory = Path("/mnt")
    return not subprocess.run(
        [*_small_disk(directory), "true"], capture_output=True, check=False, timeout=20
    ).returncode


pytestmark = pytest.mark.skipif(
    not _possible(), reason="this user may not mount a file system in a namespace of its own"
)


def _fill(directory: Path) -> None:
    """Write until the disk is full."""
    with (directory / "filler").open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def _create(server: Server, token: str, argument: str) -> tuple[int, str]:
    body = {"argument": json.dumps(argument)}
    answer = server.call("POST", f"{PARENT}/workflows/w/executions", token, json=body)
    found = answer.json()
    return answer.status_code, found["error"]["status"] if "error" in found else found["name"]


def _create_over_grpc(server: Server, token: str) -> grpc.StatusCode:
    request = executions_pb2.CreateExecutionRequest(parent=f"{PARENT}/workflows/w")
    with grpc.insecure_channel(server.grpc) as channel:
        stub = executions_pb2_grpc.ExecutionsStub(channel)
        call = stub.CreateExecution.with_call
        with pytest.raises(grpc.RpcError) as raised:
            call(request, metadata=(("authorization", f"Bearer {token}"),), timeout=20)
    error = raised.value
    assert isinstance(error, grpc.Call)
    return error.code()


def test_requests_when_the_disk_is_full(tmp_path: Path) -> None:
    """What stores is refused, what reads goes on, and space alone makes all of it work again."""
    directory = tmp_path / "data"
    directory.mkdir()
    with serving(directory, home=tmp_path, under=_small_disk(directory)) as server:
        inside = Path(f"/proc/{server.process.pid}/root") / directory.relative_to("/")
        token = _admin(server, inside)
        parameters = {"workflowId": "w"}
        body = {"sourceContents": SOURCE}
        server.call("POST", f"{PARENT}/workflows", token, params=parameters, json=body)
        _, execution = _create(server, token, "before")
        _fill(inside)

        def refused() -> tuple[int, str] | None:
            answer = _create(server, token, "x" * 9_000)
            return answer if answer[0] != 200 else None

        assert until(refused) == (507, "UNAVAILABLE")
        callback = callback_of(execution)
        assert server.call("POST", callback, token, json="y" * 9_000).status_code == 507
        assert _create_over_grpc(server, token) is grpc.StatusCode.UNAVAILABLE
        assert server.call("GET", execution, token).json()["state"] == "ACTIVE"
        (inside / "filler").unlink()

        assert _create(server, token, "after")[0] == 200
        assert server.call("POST", callback, token, json="back").status_code == 200

        def ended() -> str | None:
            found: dict[str, str] = server.call("GET", execution, token).json()
            return found.get("result")

        assert json.loads(until(ended)) == "back"
        assert server.stop() == 0


def _admin(server: Server, inside: Path) -> str:
    """Return a token from the key file, which only the server's own namespace shows."""
    shutil.copy(inside / "admin.json", server.directory / "admin.json")
    return server.token()
