"""The Python library against a server that restarts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ringback_client import Client, result_of
from tests.e2e.process import serving
from tests.services import WAITS

KEY = "data/admin.json"


def test_wait_and_watch_when_the_server_restarts(tmp_path: Path) -> None:
    """Who waits or watches does not notice that the server was stopped and started again."""
    directory = tmp_path / "data"
    with ThreadPoolExecutor(2) as pool:
        with serving(directory, home=tmp_path) as server:
            address = f"http://{server.grpc}"
            client = Client(address, credentials=tmp_path / KEY)
            client.deploy("w", WAITS)
            name = client.execute("w").name
            endpoint = client.wait_for_callback(name, method="POST", timeout=20)
            watching = client.watch(name)
            assert endpoint.name in [one.name for one in next(watching).callbacks]
            waiting = pool.submit(client.wait, name, timeout=60)
            rest = pool.submit(list, watching)
        with serving(directory, home=tmp_path) as server:
            assert address == f"http://{server.grpc}"
            sent = client.send_callback(endpoint, {"approved": True})
            ended = waiting.result(30)
            told = rest.result(30)
    client.close()

    result: dict[str, object] = result_of(ended)
    assert {"approved": True} == result["body"]
    assert ended.state == told[-1].execution.state
    assert sent.payload_id
