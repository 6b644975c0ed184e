"""A server to call, and a directory to call it from."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ringback_client.client import Client
from ringback_client.connection import Server
from tests.client.stand_in import StandIn, TokenEndpoint, serve_grpc


@pytest.fixture(scope="session")
def private_key() -> str:
    """Return an RSA key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    """Return a token endpoint."""
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def key_file(tmp_path: Path, private_key: str, endpoint: TokenEndpoint) -> Path:
    """Return a key file for the token endpoint, in a data directory."""
    path = tmp_path / "ringback-data" / "admin.json"
    path.parent.mkdir()
    key = {
        "type": "service_account",
        "project_id": "local",
        "private_key_id": "kid-1",
        "private_key": private_key,
        "client_email": "admin@local.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": endpoint.url,
    }
    path.write_text(json.dumps(key))
    return path


@pytest.fixture
def stand_in() -> StandIn:
    """Return what answers the calls."""
    return StandIn()


@pytest.fixture
def server(stand_in: StandIn, key_file: Path) -> Iterator[Server]:
    """Return a running server, recorded in its data directory."""
    running, address = serve_grpc(stand_in)
    record = {"grpc": address, "http": "http://127.0.0.1:1", "pid": os.getpid()}
    (key_file.parent / "server.json").write_text(json.dumps(record))
    yield Server(address=address, tls=False, key_file=key_file, found="a test")
    running.stop(grace=None).wait()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """Return a client of the server."""
    with Client(server) as client:
        yield client


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory that nothing of the surroundings reaches into."""
    for name in [name for name in os.environ if name.startswith("RINGBACK")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path
