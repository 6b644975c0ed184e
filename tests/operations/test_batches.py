"""Batches on a whole server, from the command line to the store."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ringback.v1.callbacks_pb2 import SendCallbackRequest, SendCallbackResponse
from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.app import run
from ringback_client.client import Client
from ringback_client.connection import find_server
from tests.operations.running import WAITS, running


def test_life_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of arguments is executed once, however often; callbacks in one call end them all."""
    monkeypatch.chdir(tmp_path)
    with running(tmp_path / "ringback-data", monkeypatch) as server:
        server.deploy(WAITS)
        lines = tmp_path / "lines.ndjson"
        lines.write_text("".join(f"{number}\n" for number in range(600)))
        command = ["execute", "w", "--batch", str(lines), "--results", "results.ndjson"]
        statuses = run(command), run(command)
        results = (tmp_path / "results.ndjson").read_text().splitlines()
        names = [json.loads(line)["execution"] for line in results[1:]]
        with Client(find_server(os.environ, tmp_path)) as client:
            endpoints = [next(client.callbacks(name)).name for name in names[:50]]
            sent = client.batches.send([SendCallbackRequest(name=name) for name in endpoints])
            ended = {client.wait(name, timeout=10.0).state for name in names[:50]}
            stored = sum(1 for _ in client.list("w"))

    assert (0, 0) == statuses
    assert (600, 600) == (len(set(names)), stored)
    assert {SendCallbackResponse.RESUMED} == {one.response.outcome for one in sent}
    assert {Execution.SUCCEEDED} == ended
