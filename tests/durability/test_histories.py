"""Step entries of an execution whose server is killed, again and again."""

from __future__ import annotations

import json
import secrets
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.process import Server, serving
from tests.waiting import until

PARENT = "projects/local/locations/us-central1"
TURNS = 40
KILLS = 4
SOURCE = f"""
main:
  steps:
    - first: {{assign: [sum: 0]}}
    - loop:
        for:
          value: v
          range: [1, {TURNS}]
          steps:
            - both:
                parallel:
                  shared: [sum]
                  branches:
                    - left: {{steps: [{{nap: {{call: sys.sleep, args: {{seconds: 0.02}}}}}}]}}
                    - right: {{steps: [{{add: {{assign: [sum: '${{sum + 1}}']}}}}]}}
    - last: {{return: '${{sum}}'}}
"""
#: of an iteration: itself, the parallel step, its branches and their steps
EACH = 6

Entry = dict[str, Any]


def entries(server: Server, token: str, execution: str) -> list[Entry]:
    """Return all step entries of an execution."""
    found = server.call("GET", f"{execution}/stepEntries", token).json()
    assert found.get("totalSize", 0) == len(found.get("stepEntries", []))
    return list(found.get("stepEntries", []))


def ids(found: list[Entry]) -> list[int]:
    """Return the numbers of entries."""
    return [int(entry["entryId"]) for entry in found]


def ended(found: list[Entry]) -> dict[str, Entry]:
    """Return the entries that have ended."""
    return {entry["entryId"]: entry for entry in found if entry["state"] == "STATE_SUCCEEDED"}


def unlinked(found: dict[str, Entry]) -> dict[str, Entry]:
    """Return entries without what comes after them, which is told later."""
    return {
        key: {
            **entry,
            "navigationInfo": {k: v for k, v in entry["navigationInfo"].items() if k != "next"},
        }
        for key, entry in found.items()
    }


def test_entries_when_the_server_is_killed(tmp_path: Path) -> None:
    """Each step that ran has one entry, and what was told once stays as it was."""
    data, option = tmp_path / "data", "--execution-history=detailed"
    told: dict[str, Entry] = {}
    with serving(data, option, home=tmp_path) as server:
        token = server.token()
        execution = started(server, token)
    for kill in range(1, KILLS + 1):
        least = kill * TURNS * EACH // (KILLS + 1) + secrets.randbelow(2 * EACH)
        with serving(data, option, home=tmp_path) as server:
            found = until(partial(enough, server, token, execution, least))
            server.kill()
        assert list(range(1, len(found) + 1)) == ids(found)
        assert told == {k: v for k, v in unlinked(ended(found)).items() if k in told}
        told = unlinked(ended(found))
    with serving(data, option, home=tmp_path) as server:
        last = until(partial(result, server, token, execution))
        found = entries(server, token, execution)

    counted = [
        int(entry["stepEntryMetadata"]["progressNumber"])
        for entry in found
        if entry["stepType"] == "STEP_FOR_ITERATION"
    ]
    assert TURNS == json.loads(last)
    assert list(range(1, 3 + TURNS * EACH + 1)) == ids(found)
    assert len(found) == len(ended(found))
    assert list(range(1, TURNS + 1)) == counted
    assert told == {k: v for k, v in unlinked(ended(found)).items() if k in told}


def started(server: Server, token: str) -> str:
    """Deploy the workflow and execute it; return the execution's name."""
    deployed = {"sourceContents": SOURCE}
    server.call("POST", f"{PARENT}/workflows?workflowId=w", token, json=deployed)
    answer = server.call("POST", f"{PARENT}/workflows/w/executions", token, json={})
    return str(answer.json()["name"])


def enough(server: Server, token: str, execution: str, target: int) -> list[Entry] | None:
    """Return the entries once there are as many as wanted."""
    found = entries(server, token, execution)
    return found if len(found) >= target else None


def result(server: Server, token: str, execution: str) -> str | None:
    """Return the result of an execution once it has ended."""
    found = server.call("GET", execution, token).json()
    return None if found["state"] == "ACTIVE" else str(found["result"])
