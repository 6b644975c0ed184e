"""A disk that does not confirm what was written: once, in a server at work."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.durability.test_sync import PARENT, SOURCE, callback_of
from tests.e2e.process import Server, serving
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")

SHIM = Path(__file__).with_name("faults.c")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile what makes syncs fail."""
    library = tmp_path_factory.mktemp("shim") / "faults.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return library


@dataclass(slots=True)
class Faulty:
    """A server whose syncs can be made to fail, and a token for it."""

    server: Server
    token: str
    plan: Path

    def fail_once(self, suffix: str) -> None:
        """Make the next sync of a file whose path ends so fail."""
        draft = self.plan.with_suffix(".draft")
        draft.write_text(suffix)
        draft.replace(self.plan)

    def create(self, argument: str) -> httpx.Response:
        """Start an execution."""
        path = f"{PARENT}/workflows/w/executions"
        return self.server.call("POST", path, self.token, json={"argument": json.dumps(argument)})

    def arguments(self) -> set[str]:
        """Return the arguments of all executions."""
        path = f"{PARENT}/workflows/w/executions"
        params = {"view": "FULL"}
        found = self.server.call("GET", path, self.token, params=params).json()
        return {json.loads(e["argument"]) for e in found.get("executions", [])}


@contextmanager
def faulty(home: Path, shim: Path) -> Generator[Faulty]:
    """Run a server with one workflow."""
    plan = home / "faults"
    variables = {"LD_PRELOAD": str(shim), "RINGBACK_TEST_FAULTS": str(plan)}
    with serving(home / "data", home=home, variables=variables) as server:
        token = server.token()
        parameters = {"workflowId": "w"}
        body = {"sourceContents": SOURCE}
        server.call("POST", f"{PARENT}/workflows", token, params=parameters, json=body)
        yield Faulty(server, token, plan)


def test_create_when_its_sync_fails(tmp_path: Path, shim: Path) -> None:
    """What was not confirmed is not acknowledged; the server says why and stops for a restart."""
    with faulty(tmp_path, shim) as first:
        assert first.create("before").status_code == 200
        first.fail_once("-wal")
        refused = first.create("refused")
        assert first.server.process.wait(PATIENCE) == 1
    log = first.server.log.read_text()
    with faulty(tmp_path, shim) as second:
        assert second.create("after").status_code == 200
        found = second.arguments()

    assert (refused.status_code, refused.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert "storage fails" in refused.json()["error"]["message"]
    assert "the disk did not confirm what was written" in log
    assert found == {"before", "after"}


def test_callback_when_its_sync_fails(tmp_path: Path, shim: Path) -> None:
    """A callback that was refused so can be sent again to the next process, and resumes once."""
    with faulty(tmp_path, shim) as first:
        execution = first.create("x").json()["name"]
        callback = callback_of(execution)
        first.fail_once("-wal")
        key = {"Idempotency-Key": "one"}
        refused = first.server.call("POST", callback, first.token, json="body", headers=key)
        assert first.server.process.wait(PATIENCE) == 1
    with faulty(tmp_path, shim) as second:
        again = second.server.call("POST", callback, second.token, json="body", headers=key)

        def ended() -> dict[str, str] | None:
            found = second.server.call("GET", execution, second.token).json()
            return None if found["state"] == "ACTIVE" else found

        assert json.loads(until(ended)["result"]) == "body"
    assert (refused.status_code, again.status_code) == (503, 200)
    assert again.headers["Ringback-Outcome"] == "resumed"


def test_checkpoint_when_its_sync_fails(tmp_path: Path, shim: Path) -> None:
    """A checkpoint that failed costs nothing: the WAL has it all, the next makes it good."""
    with faulty(tmp_path, shim) as first:
        first.fail_once("ringback.db")
        assert first.create("one").status_code == 200
        until(lambda: not first.plan.exists())
        until(lambda: "checkpoints fail at present" in first.server.log.read_text())
        assert first.create("two").status_code == 200
        first.server.kill()
    with faulty(tmp_path, shim) as second:
        assert second.arguments() == {"one", "two"}


def test_start_when_the_sync_of_what_was_left_fails(tmp_path: Path, shim: Path) -> None:
    """A server that cannot make sure of what it finds does not start, and says so in one line."""
    with faulty(tmp_path, shim) as first:
        assert first.create("kept").status_code == 200
        first.server.kill()
        first.fail_once("-wal")
    with pytest.raises(AssertionError, match="cannot be opened"), faulty(tmp_path, shim):
        pass
    with faulty(tmp_path, shim) as third:
        assert third.arguments() == {"kept"}
