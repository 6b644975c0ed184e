"""Definitions that call Google's Workflows hosts, on a real server that answers for them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ringback_client import Client, result_of
from ringback_client.connection import find_server
from tests.e2e.process import environment, ringback, serving
from tests.waiting import until

EVENTS = Path(__file__).parents[2] / "examples" / "events"

#: starts a workflow, as definitions do that were written for Google's service
STARTER = """
main:
  params: [auth]
  steps:
    - wanted: {assign: [{argument: {source: bank, timeout: 0.001}}]}
    - start:
        try:
          call: http.post
          args:
            url: ${"https://workflowexecutions.googleapis.com/v1/projects/"
              + sys.get_env("GOOGLE_CLOUD_PROJECT_ID") + "/locations/us-central1/workflows/"
              + "await-event/executions"}
            body:
              argument: ${json.encode_to_string(argument)}
            auth: {type: "${auth}"}
          result: started
        except:
          as: e
          steps:
            - failed: {return: ["${e.tags[0]}", '${map.get(e, "code")}']}
    - finish: {return: ["${started.code}", "${started.body.argument}"]}
"""

#: an execution that has started another one cannot store anything from then on
HOLD = """
CREATE TRIGGER hold BEFORE UPDATE ON execution
  WHEN OLD.id = (SELECT min(id) FROM execution) AND 1 < (SELECT count(*) FROM execution)
  BEGIN SELECT RAISE(FAIL, 'nothing is stored'); END
"""


def connected(home: Path) -> Client:
    """Return a client of the server that a user started last."""
    return Client(find_server(environment(home), home))


def deployed(home: Path) -> None:
    """Deploy the example and what starts it."""
    with connected(home) as client:
        for source in EVENTS.glob("*.yaml"):
            client.deploy(source.stem, source.read_text())
        client.deploy("starter", STARTER)


def result(home: Path, name: str, argument: object) -> object:
    """Run a workflow and return its result."""
    with connected(home) as client:
        return client.run(name, argument)


@pytest.mark.parametrize(
    "how",
    [
        ("--http-address=127.0.0.1:0",),
        ("--http-address=127.0.0.1:0", "--tls-self-signed"),
        ("--http-address=0.0.0.0:0", "--grpc-address=0.0.0.0:0", "--tls-self-signed"),
        ("--http-address=127.0.0.1:0", "--public-url=https://ringback.test"),
        ("--http-address=127.0.0.1:0", "--insecure-no-auth"),
    ],
    ids=["plain", "tls", "everywhere", "public", "no-auth"],
)
def test_google_hosts_when_the_server_answers_for_them(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    """Workflows start others and answer their callbacks, wherever and however it listens."""
    with serving(tmp_path / "data", *how, home=tmp_path):
        deployed(tmp_path)
        event = {"name": "report.pdf", "source": "storage"}
        with connected(tmp_path) as client:
            waiting = client.execute("await-event", {"source": "storage"})
            told = result(tmp_path, "event-listener", event)
            ended = result_of(client.wait(waiting.name))
        started = result(tmp_path, "starter", "OAuth2")
        refused = result(tmp_path, "starter", "OIDC")

    assert (1, event) == (told, ended)
    assert [200, '{"source":"bank","timeout":0.001}'] == started
    # An ID token says who somebody is, and opens nothing; without authentication all are let in.
    open_door = "--insecure-no-auth" in how
    assert open_door or refused == ["HttpError", 401]


@pytest.mark.parametrize(("header", "count"), [("Idempotency-Key", 1), ("none", 2)])
def test_google_hosts_when_the_server_is_killed_before_it_stores_an_answer(
    tmp_path: Path, header: str, count: int
) -> None:
    """The request is sent again, and with its key it has started one execution."""
    how = ("--log-level=debug", f"--idempotency-header={header}")
    path = tmp_path / "data" / "ringback.db"
    with serving(tmp_path / "data", *how, home=tmp_path) as first:
        deployed(tmp_path)
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute(HOLD)
            ringback("execute", "starter", "--data", '"OAuth2"', home=tmp_path)
            until(lambda: "nothing is stored" in first.log.read_text())
            first.kill()
            database.execute("DROP TRIGGER hold")
    with serving(tmp_path / "data", *how, home=tmp_path):
        ended = ringback("executions", "wait-last", "--format=json", home=tmp_path)
        started = json.loads(
            ringback("executions", "list", "await-event", "--format=json", home=tmp_path)
        )

    assert 200 == json.loads(json.loads(ended)["result"])[0]
    assert count == len(started)


def test_google_hosts_when_the_execution_belongs_to_a_trace(tmp_path: Path) -> None:
    """An execution that another starts over HTTP belongs to the same trace."""
    traceparent = f"00-{'1' * 32}-{'2' * 16}-01"
    with serving(tmp_path / "data", home=tmp_path) as server:
        deployed(tmp_path)
        resource = "projects/local/locations/us-central1/workflows/starter/executions"
        started = server.call(
            "POST",
            resource,
            server.token(),
            headers={"traceparent": traceparent},
            json={"argument": '"OAuth2"'},
        ).json()
        ringback("executions", "wait", started["name"], home=tmp_path)
        with closing(sqlite3.connect(tmp_path / "data" / "ringback.db")) as database:
            traces = database.execute("SELECT trace FROM execution").fetchall()

    assert [(traceparent,), (traceparent,)] == traces


def test_google_hosts_when_they_are_measured(tmp_path: Path) -> None:
    """Requests that never left the process are counted and logged like all others."""
    with serving(tmp_path / "data", "--log-level=debug", home=tmp_path) as server:
        deployed(tmp_path)
        result(tmp_path, "starter", "OAuth2")
        metrics = httpx.get(f"{server.http}/metrics").text

    method = "ringback.v1.Executions/CreateExecution"
    labels = f'edge="http",method="{method}",status="200"'
    assert f"ringback_request_seconds_count{{{labels}}} 1.0" in metrics
    assert f"http {method} 200 in" in server.log.read_text()


def test_google_hosts_when_the_server_does_not_answer_for_them(tmp_path: Path) -> None:
    """With the setting off they are others, who get no access token of this server."""
    with serving(tmp_path / "data", "--answer-for=none", home=tmp_path):
        deployed(tmp_path)

        assert ["AuthError", None] == result(tmp_path, "starter", "OAuth2")


def test_google_hosts_when_connectors_lead_there(tmp_path: Path) -> None:
    """Connectors of Workflows itself reach the server that runs them, with nothing to set up."""
    source = """
- here: {assign: [{parent: projects/local/locations/us-central1/workflows/await-event}]}
- start:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.create
    args: {parent: "${parent}", body: {argument: '{"source": "bank"}'}}
    result: started
- list:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.list
    args: {parent: "${parent}", view: FULL}
    result: listed
- cancel:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.cancel
    args: {name: "${listed.executions[0].name}"}
    result: cancelled
- finish: {return: ["${started.name == cancelled.name}", "${cancelled.state}"]}
"""
    with serving(tmp_path / "data", home=tmp_path):
        deployed(tmp_path)
        (tmp_path / "connected.yaml").write_text(source)
        ringback("deploy", "connected", "--source", "connected.yaml", home=tmp_path)

        assert [True, "CANCELLED"] == result(tmp_path, "connected", None)
