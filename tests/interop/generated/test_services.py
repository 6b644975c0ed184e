"""Services in each language take work from a workflow's request, and call it back later."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.process import ringback
from tests.interop.generated.programs import SERVICES
from tests.interop.places import Place
from tests.interop.programs import Program
from tests.waiting import PATIENCE, until

DEFINITION = Path(__file__).with_name("ships.yaml")


def free_address() -> str:
    """Return an address of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(program: Program, place: Place) -> Generator[str]:
    """Run a service, and return its URL once it answers."""
    address = free_address()
    url = f"http://{address}"
    process = subprocess.Popen(
        [*program.command(program.run), address, place.server.http],
        env=place.variables(program.language),
        cwd=place.home,
    )

    def answers() -> bool:
        assert process.poll() is None, f"{program.name} ended with {process.returncode}"
        try:
            httpx.get(url, timeout=PATIENCE)
        except httpx.ConnectError:
            return False
        return True

    try:
        until(answers)
        yield url
    finally:
        process.kill()
        process.wait(PATIENCE)


@pytest.mark.parametrize("program", SERVICES, ids=lambda program: program.name)
def test_service_when_a_workflow_hands_over(
    program: Program, plaintext: Place, ready: Callable[[Program], Program]
) -> None:
    """It answers at once, gets a token by itself, and the workflow ends with what it sent."""
    workflow = f"ships-{program.language}"
    home = plaintext.home
    ringback("deploy", workflow, "--source", DEFINITION, home=home)

    with serving(ready(program), plaintext) as url:
        argument = json.dumps({"service": url, "number": 17})
        name = ringback("execute", workflow, "--data", argument, home=home).strip()
        ended = json.loads(ringback("executions", "wait", name, "--format=json", home=home))
        foreign = {"number": 18, "callback_url": "http://127.0.0.1:9/v1/projects/x"}
        refused = httpx.post(f"{url}/orders", json=foreign, timeout=PATIENCE).status_code

    assert ended["state"] == "SUCCEEDED"
    assert json.loads(ended["result"]) == {"order": 17, "shipped_by": program.language}
    assert refused == 400
