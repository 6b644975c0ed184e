"""What importing the library costs, and which server its client finds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ringback.v1.workflows_pb2 import Workflow
from ringback_client import Client, CredentialsError, InvalidInputError, ServerNotFoundError
from ringback_client.connection import Server
from tests.client.stand_in import StandIn

# What the server and the command line need, and a program that calls the server does not.
_FOREIGN = (
    "ringback_server",
    "google.auth",
    "httpcore",
    "opentelemetry",
    "prometheus_client",
    "re2",
    "requests",
    "rich",
    "sqlite3",
    "starlette",
    "typer",
    "uvicorn",
    "yaml",
)


def test_import_of_the_library() -> None:
    """A program that imports the library loads neither the server nor what only that needs."""
    program = f"""
import json, sys
import ringback_client
print(json.dumps([name for name in {_FOREIGN!r} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert [] == json.loads(done.stdout)


def test_library_has_types() -> None:
    """Type checkers are told that there are types."""
    program = "import ringback_client; print(ringback_client.__file__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert Path(done.stdout.decode().strip()).with_name("py.typed").exists()


@pytest.mark.usefixtures("server", "directory")
def test_client_that_finds_its_server(stand_in: StandIn) -> None:
    """Without an address, the client finds the server and its key as the command line does."""
    stand_in.answer("GetWorkflow", Workflow(name="w"))

    with Client() as client:
        assert "w" == client.get_workflow("w").name

    assert {"Bearer token-1"} == stand_in.authorizations


def test_client_with_an_address_in_the_environment(
    server: Server, stand_in: StandIn, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RINGBACK_ADDRESS is heeded, and whoever brings credentials needs no key file."""
    assert directory.exists()
    monkeypatch.setenv("RINGBACK_ADDRESS", server.address)
    stand_in.answer("GetWorkflow", Workflow(name="w"))

    with pytest.raises(CredentialsError, match="RINGBACK_CREDENTIALS"):
        Client()
    with Client(credentials="mine") as client:
        client.get_workflow("w")

    assert {"Bearer mine"} == stand_in.authorizations


@pytest.mark.usefixtures("directory")
def test_client_when_there_is_no_server() -> None:
    """A client of no server is refused at once, and so is one of no address."""
    with pytest.raises(ServerNotFoundError, match="No running server"):
        Client()
    with pytest.raises(InvalidInputError, match="The address is 'nowhere'"):
        Client("nowhere")
