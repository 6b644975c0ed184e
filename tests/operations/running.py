"""A whole server in this process, as `serve` makes it, on free ports."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from ringback_client.credentials import AccessTokens, read_key
from ringback_server.app import App
from ringback_server.setting_values import Address
from ringback_server.settings import Settings
from ringback_server.tracing import Spans
from tests.replacing import replace
from tests.waiting import PATIENCE, until

LOOPBACK = Address("127.0.0.1", 0)
PARENT = "projects/local/locations/us-central1"

WAITS = """
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: request
- finish:
    return: ${request.http_request.body}
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A server, and clients of both of its edges."""

    app: App
    directory: Path
    http: httpx.Client
    channel: grpc.Channel

    def bearer(self) -> dict[str, str]:
        """Return the header with a token of the administrator."""
        token = AccessTokens(read_key(self.directory / "admin.json")).get()
        return {"Authorization": f"Bearer {token}"}

    def deploy(self, source: str, name: str = "w") -> None:
        """Deploy a workflow."""
        answer = self.http.post(
            f"/v1/{PARENT}/workflows",
            params={"workflowId": name},
            json={"sourceContents": source},
            headers=self.bearer(),
        )
        assert answer.status_code == 200, answer.text

    def start(self, name: str = "w", argument: object = None, **headers: str) -> str:
        """Start an execution and return its name."""
        answer = self.http.post(
            f"/v1/{PARENT}/workflows/{name}/executions",
            json={"argument": json.dumps(argument)},
            headers={**self.bearer(), **headers},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["name"])

    def send(self, execution: str, body: object = 1) -> httpx.Response:
        """Send a callback to the first endpoint of an execution."""
        found = self.http.get(f"/v1/{execution}/callbacks", headers=self.bearer()).json()
        url = f"/v1/{found['callbacks'][0]['name']}"
        return self.http.post(url, json=body, headers=self.bearer())

    def state(self, execution: str) -> str:
        """Return the state of an execution."""
        found: Any = self.http.get(f"/v1/{execution}", headers=self.bearer()).json()
        return str(found["state"])

    def ended(self, execution: str) -> str:
        """Return the state of an execution once it has ended."""
        until(lambda: self.state(execution) != "ACTIVE")
        return self.state(execution)

    def metric(self, name: str) -> float:
        """Return a number of /metrics by its name with labels, 0 if it is not there."""
        text = self.http.get("/metrics").text
        match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(match[1]) if match else 0.0


@contextmanager
def running(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings | None = None,
    spans: Spans | None = None,
) -> Generator[Running]:
    """Run a server over a data dir, on free ports whatever the settings say."""
    monkeypatch.setenv("XDG_STATE_HOME", str(directory.parent / "state"))
    placed = replace(
        settings or Settings(), data_dir=directory, grpc_address=LOOPBACK, http_address=LOOPBACK
    )
    with App.open(placed, spans=spans) as app:
        record = json.loads((directory / "server.json").read_text())
        with (
            httpx.Client(base_url=record["http"], timeout=PATIENCE) as http,
            grpc.insecure_channel(record["grpc"]) as channel,
        ):
            yield Running(app, directory, http, channel)
