"""A real server is killed while its workflow waits for what a connector began."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.connectors.fakes import Google
from tests.e2e.process import serving
from tests.e2e.test_durability import ended
from tests.e2e.test_requests import deployed, started
from tests.engine.outbound.upstream import upstream
from tests.waiting import until

SOURCE = """
- build:
    call: googleapis.cloudbuild.v1.projects.builds.create
    args:
      projectId: p
      body: {}
      connector_params: {polling_policy: {initial_delay: DELAY, multiplier: 1}}
    result: r
- done: {return: "${r.metadata.build.status}"}
"""


def stored(directory: Path, text: bytes) -> bool:
    """Tell whether the state of an execution that is stored has a text."""
    with closing(sqlite3.connect(directory / "ringback.db")) as database:
        states = database.execute("SELECT state FROM execution WHERE state IS NOT NULL").fetchall()
    return any(text in state for (state,) in states)


@pytest.mark.parametrize(
    ("delay", "looks"), [("0.01", 3), ("1", 0)], ids=["between-looks", "before-the-first"]
)
def test_operation_when_the_server_is_killed(tmp_path: Path, delay: str, looks: int) -> None:
    """The next process goes on looking at what was begun, and begins nothing again."""
    google, data = Google(patience=1_000_000), tmp_path / "data"
    with upstream(google.talk) as there:
        option = f"--connector=googleapis.cloudbuild.v1={there.url('')}"
        with serving(data, option, home=tmp_path) as first:
            token = first.token()
            deployed(first, token, "builds", SOURCE.replace("DELAY", delay))
            execution = started(first, token, "builds", None)
            until(lambda: google.looks.get("0", 0) >= looks and stored(data, b"connector.poll"))
            first.kill()
        seen, google.patience = google.looks.get("0", 0), 0
        with serving(data, option, home=tmp_path) as second:
            found = ended(second, token, execution)

    assert ("SUCCEEDED", "SUCCESS") == (found["state"], json.loads(found["result"]))
    assert ["p"] == google.begun
    assert google.looks["0"] > seen
