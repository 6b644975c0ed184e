"""Limits that an operator chose."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.process import serving

PARENT = "projects/local/locations/us-central1"
LOOP = """
- start:
    assign: [{n: 0}]
- again:
    switch:
      - condition: ${n < 100}
        assign: [{n: "${n + 1}"}]
        next: again
"""


def test_limits_when_they_are_chosen(tmp_path: Path) -> None:
    """A chosen limit takes the place of Google's, for executions and for definitions."""
    chosen = "--limits=steps=150,argument_bytes=9,definition.assignments=1"
    with serving(tmp_path / "data", chosen, home=tmp_path) as server:
        token = server.token()
        workflows = f"{PARENT}/workflows"
        loop = {"sourceContents": LOOP}
        two = {"sourceContents": "- two:\n    assign: [{a: 1}, {b: 2}]\n"}
        server.call("POST", f"{workflows}?workflowId=loop", token, json=loop)
        refused = server.call("POST", f"{workflows}?workflowId=two", token, json=two)
        ended = server.call("POST", f"{workflows}/loop/executions", token, json={}).json()
        argued = server.call(
            "POST", f"{workflows}/loop/executions", token, json={"argument": '"0123456789"'}
        )

    assert ("FAILED", True) == (ended["state"], "ResourceLimitError" in ended["error"]["payload"])
    assert (400, 400) == (refused.status_code, argued.status_code)
