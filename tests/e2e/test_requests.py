"""Requests of a real server's workflows: killed between answer and commit, and with its tokens."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import jwt

from tests.e2e.process import Server, serving
from tests.e2e.test_durability import WORKFLOW, ended, waiting
from tests.engine.outbound.upstream import Connection, answering, upstream
from tests.waiting import PATIENCE, until

POSTS = """
main:
  params: [url]
  steps:
    - before: {call: sys.log, args: {text: before}}
    - send: {call: http.post, args: {url: "${url}", body: {event: 1}}, result: first}
    - after: {call: sys.log, args: {text: after}}
    - again: {call: http.post, args: {url: "${url}", body: {event: 2}}, result: second}
    - finish: {return: ["${first.body}", "${second.body}"]}
"""


def deployed(server: Server, token: str, name: str, source: str) -> None:
    """Deploy a workflow."""
    parent = WORKFLOW.removesuffix("/workflows")
    body = {"sourceContents": source}
    server.call("POST", f"{parent}/workflows?workflowId={name}", token, json=body)


def started(server: Server, token: str, name: str, argument: object) -> str:
    """Start an execution and return its name."""
    body = {"argument": json.dumps(argument)}
    answer = server.call("POST", f"{WORKFLOW}/{name}/executions", token, json=body)
    return str(answer.json()["name"])


def texts(server: Server, token: str, execution: str) -> list[str]:
    """Return what an execution logged."""
    entries = server.call("GET", f"{execution}/logs", token).json().get("entries", [])
    return [entry["textPayload"] for entry in entries]


def test_request_when_the_server_is_killed_between_answer_and_commit(tmp_path: Path) -> None:
    """The request whose answer was not recorded is repeated, with its key, and nothing else."""

    def once(connection: Connection) -> None:
        connection.read()
        number = len(connection.server.received)
        if number == 1:
            # Nothing can be committed from here on, and the answer can arrive all the same.
            lock.execute("BEGIN IMMEDIATE")
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.answer(200, b"%d" % number, headers)
        connection.until_closed()

    with upstream(once) as others:
        with serving(tmp_path / "data", home=tmp_path) as first:
            token = first.token()
            deployed(first, token, "posts", POSTS)
            path = tmp_path / "data" / "ringback.db"
            with closing(
                sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            ) as lock:
                execution = started(first, token, "posts", others.url())
                others.closed.get(timeout=PATIENCE)
                first.kill()
        with serving(tmp_path / "data", home=tmp_path) as second:
            found = ended(second, token, execution)
            logged = texts(second, token, execution)

    assert ("SUCCEEDED", [2, 3]) == (found["state"], json.loads(found["result"]))
    assert ["before", "after"] == logged
    bodies = [json.loads(request.body)["event"] for request in others.received]
    keys = [request.headers["idempotency-key"] for request in others.received]
    assert ([1, 1, 2], keys[0]) == (bodies, keys[1])
    assert keys[2] != keys[0]


def test_request_when_the_server_is_stopped(tmp_path: Path) -> None:
    """A stop in good order waits for the answer, and the next process does not ask again."""

    def talk(connection: Connection) -> None:
        while connection.read():
            if len(connection.server.received) == 1:
                until(lambda: "stopping" in (tmp_path / "server.log").read_text())
            connection.answer(200, b"1", {"Content-Type": "application/json"})

    with upstream(talk) as others:
        with serving(tmp_path / "data", home=tmp_path) as first:
            token = first.token()
            deployed(first, token, "posts", POSTS)
            execution = started(first, token, "posts", others.url())
            until(lambda: others.received)
            assert 0 == first.stop()
        with serving(tmp_path / "data", home=tmp_path) as second:
            assert "SUCCEEDED" == ended(second, token, execution)["state"]

    assert [1, 2] == [json.loads(request.body)["event"] for request in others.received]


def test_callback_when_another_workflow_answers_it(tmp_path: Path) -> None:
    """A workflow answers another's callback with its own token, and nothing to set up."""
    source = """
main:
  params: [url]
  steps:
    - send:
        call: http.post
        args: {url: "${url}", body: {event: done}, auth: {type: OAuth2}}
        result: r
    - finish: {return: "${r.code}"}
"""
    with serving(tmp_path / "data", home=tmp_path) as server:
        token = server.token()
        execution, url = waiting(server, token, "POST")
        deployed(server, token, "answers", source)
        answer = ended(server, token, started(server, token, "answers", url))
        found = ended(server, token, execution)

    assert ("SUCCEEDED", "200") == (answer["state"], answer["result"])
    assert {"event": "done"} == json.loads(found["result"])["body"]


def test_id_token_when_it_is_verified(tmp_path: Path) -> None:
    """Whoever is called with an ID token verifies it by the server's public keys; no log has it."""
    source = """
main:
  params: [url]
  steps:
    - send: {call: http.get, args: {url: "${url}", auth: {type: OIDC}}}
    - open: {call: http.get, args: {url: "${url}", auth: {type: OAuth2}}}
"""
    with (
        serving(tmp_path / "data", "--log-level=debug", home=tmp_path) as server,
        upstream(answering(200, b"", {"Set-Cookie": "open-sesame"})) as others,
    ):
        token = server.token()
        deployed(server, token, "asks", source)
        ended(server, token, started(server, token, "asks", others.url("/here")))
        keys = server.call("GET", f"{server.http}/.well-known/jwks.json", None).json()
        bearers = [r.headers["authorization"].removeprefix("Bearer ") for r in others.received]
        powerless = server.call("GET", WORKFLOW, bearers[1])

    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    options: Any = {"algorithms": ["ES256"]}
    claims = jwt.decode(bearers[0], key, audience=others.url("/here"), **options)
    assert "invoker@local.iam.gserviceaccount.com" == claims["email"]
    # What listens on the loopback interface gets an access token that permits nothing here.
    assert 403 == powerless.status_code
    log = server.log.read_text()
    assert "DEBUG" in log
    assert [] == [secret for secret in (*bearers, "open-sesame") if secret in log]
