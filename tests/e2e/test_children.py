"""Executions that execute others, on servers that are killed."""

from __future__ import annotations

import json
import secrets
import threading
from pathlib import Path
from typing import Any

from tests.e2e.process import Server, serving
from tests.e2e.test_durability import WORKFLOW, ended
from tests.e2e.test_requests import deployed, started, texts
from tests.waiting import PATIENCE, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "children"
_KILLS = 4
_ARGUMENTS = list(range(24))

MAP = """
main:
  params: [arguments]
  steps:
    - all:
        call: experimental.executions.map
        args: {workflow_id: child, arguments: "${arguments}"}
        result: r
    - done: {return: "${r}"}
"""
#: logs at each of its two ends
CHILD = """
main:
  params: [n]
  steps:
    - begin: {call: sys.log, args: {text: begin}}
    - wait: {call: sys.sleep, args: {seconds: "${0.05 * n}"}}
    - end: {call: sys.log, args: {text: end}}
    - done: {return: "${n * n}"}
"""


def executions(server: Server, token: str, name: str) -> list[dict[str, Any]]:
    """Return the executions of a workflow, oldest first."""
    answer = server.call("GET", f"{WORKFLOW}/{name}/executions", token, params={"view": "FULL"})
    return list(reversed(answer.json().get("executions", [])))


def urls(server: Server, token: str) -> list[str]:
    """Return the callback URLs that shipments have told their carriers."""
    found = [texts(server, token, one["name"]) for one in executions(server, token, "shipment")]
    return [text.split()[-1] for logged in found for text in logged]


def test_example_when_the_server_is_killed(tmp_path: Path) -> None:
    """An order whose shipments wait survives kill -9; what failed is told, nothing is repeated."""
    items = [{"name": name, "count": count} for name, count in (("pen", 2), ("ink", 0), ("cap", 1))]
    with serving(tmp_path / "data", home=tmp_path) as first:
        token = first.token()
        for name in ("shipment", "order"):
            deployed(first, token, name, (EXAMPLE / f"{name}.yaml").read_text())
        order = started(first, token, "order", {"id": "A-1", "items": items})
        until(lambda: len(urls(first, token)) == 2)
        first.kill()
    with serving(tmp_path / "data", home=tmp_path) as second:
        pen, _ = urls(second, token)
        assert 200 == second.call("POST", pen, token, json={"parcel": "P-1"}).status_code
        second.kill()
    with serving(tmp_path / "data", home=tmp_path) as third:
        (cap,) = [url for url in urls(third, token) if url != pen]
        third.call("POST", cap, token, json={"parcel": "P-2"})
        result = json.loads(ended(third, token, order)["result"])
        states = [one["state"] for one in executions(third, token, "shipment")]

    parcels = [(one["item"], one["parcel"]) for one in result["shipped"]]
    assert ([("pen", "P-1"), ("cap", "P-2")], ["ink FAILED"]) == (parcels, result["failed"])
    assert ["FAILED", "SUCCEEDED", "SUCCEEDED"] == sorted(states)


def test_example_when_the_order_is_cancelled(tmp_path: Path) -> None:
    """Its shipments are cancelled before the answer."""
    items = [{"name": "pen", "count": 2}, {"name": "cap", "count": 1}]
    with serving(tmp_path / "data", home=tmp_path) as server:
        token = server.token()
        for name in ("shipment", "order"):
            deployed(server, token, name, (EXAMPLE / f"{name}.yaml").read_text())
        order = started(server, token, "order", {"id": "A-1", "items": items})
        until(lambda: len(urls(server, token)) == 2)
        server.call("POST", f"{order}:cancel", token, json={})
        states = [one["state"] for one in executions(server, token, "shipment")]
        late = server.call("POST", urls(server, token)[0], token, json={})

    assert (["CANCELLED", "CANCELLED"], 404) == (states, late.status_code)


def test_map_when_the_server_is_killed_at_random(tmp_path: Path) -> None:
    """Each child is created once and runs once, each result comes once, whenever it is killed."""
    seed = secrets.randbelow(10**6)
    with serving(tmp_path / "data", home=tmp_path) as server:
        token = server.token()
        deployed(server, token, "child", CHILD)
        deployed(server, token, "parent", MAP)
    parent = ""
    for number in range(_KILLS):
        with serving(tmp_path / "data", home=tmp_path) as server:
            delay = (seed >> number) % 8 * 0.03
            killer = threading.Timer(delay, server.process.kill)
            if not parent:
                parent = started(server, token, "parent", _ARGUMENTS)
            killer.start()
            server.process.wait(PATIENCE)
    with serving(tmp_path / "data", home=tmp_path) as server:
        result = json.loads(ended(server, token, parent)["result"])
        children = executions(server, token, "child")
        logged = [texts(server, token, one["name"]) for one in children]

    assert [n * n for n in _ARGUMENTS] == result, f"seed {seed}"
    assert _ARGUMENTS == sorted(json.loads(one["argument"]) for one in children), f"seed {seed}"
    assert [["begin", "end"]] * len(_ARGUMENTS) == logged, f"seed {seed}"
