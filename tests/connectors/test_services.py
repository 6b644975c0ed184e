"""Workflows of a real server call small services over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.fakes import Google
from tests.e2e.process import Server, serving
from tests.e2e.test_durability import ended
from tests.e2e.test_requests import deployed, started
from tests.engine.outbound.upstream import upstream

#: a look follows the other at once
SOON = "{polling_policy: {initial_delay: 0.01, multiplier: 1}}"


@dataclass(frozen=True, slots=True)
class World:
    """A server and the services that its workflows call."""

    google: Google
    server: Server
    token: str

    def run(self, name: str, source: str) -> object:
        """Deploy and run a workflow; return its result."""
        found = self._ended(name, source)
        assert "SUCCEEDED" == found["state"], found["error"]
        return json.loads(found["result"])

    def failed(self, name: str, source: str) -> dict[str, Any]:
        """Deploy and run a workflow; return its error."""
        error: dict[str, Any] = json.loads(self._ended(name, source)["error"]["payload"])
        return error

    def _ended(self, name: str, source: str) -> dict[str, Any]:
        deployed(self.server, self.token, name, source)
        found = ended(self.server, self.token, started(self.server, self.token, name, None))
        return {**found}


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run a server all of whose connectors lead to one small Google."""
    home, google = tmp_path_factory.mktemp("connectors"), Google()
    with upstream(google.talk) as there:
        option = f"--connector=googleapis={there.url('')}"
        nowhere = "--connector=googleapis.redis=http://127.0.0.1:9"
        with serving(home / "data", option, nowhere, home=home) as server:
            yield World(google, server, server.token())


def test_pubsub_when_a_message_is_published(world: World) -> None:
    """A message arrives as its data say, and nobody gets a token that is worth anything."""
    result = world.run(
        "publish",
        """
- init: {assign: [{message: {hello: world}}]}
- publish:
    call: googleapis.pubsub.v1.projects.topics.publish
    args:
      topic: projects/p/topics/t
      body: {messages: [{data: "${base64.encode(json.encode(message))}"}]}
    result: r
- done: {return: "${r.messageIds[0]}"}
""",
    )

    assert ("0", ['{"hello":"world"}']) == (result, world.google.messages)
    assert {"Bearer owner"} == world.google.bearers


def test_firestore_when_documents_are_written_and_read(world: World) -> None:
    """The steps of Google's translation sample: a nested mask, a missing document, a document."""
    result = world.run(
        "documents",
        """
- init:
    assign:
    - name: projects/p/databases/(default)/documents/translations/one
    - code: 0
- missing:
    try:
      call: googleapis.firestore.v1.projects.databases.documents.get
      args: {name: "${name}"}
    except:
      as: e
      steps: [{note: {assign: [{code: "${e.code}"}]}}]
- store:
    call: googleapis.firestore.v1.projects.databases.documents.patch
    args:
      name: ${name}
      updateMask: {fieldPaths: [text]}
      body: {fields: {text: {stringValue: hello}, other: {stringValue: unseen}}}
- read:
    call: googleapis.firestore.v1.projects.databases.documents.get
    args: {name: "${name}"}
    result: r
- done: {return: ["${code}", "${r.fields}"]}
""",
    )

    assert [404, {"text": {"stringValue": "hello"}}] == result


def test_bigquery_when_it_is_asked(world: World) -> None:
    """A query is answered at once; a job is looked at until it is done."""
    result = world.run(
        "queries",
        f"""
- ask:
    call: googleapis.bigquery.v2.jobs.query
    args: {{projectId: p, body: {{query: SELECT 1, useLegacySql: false}}}}
    result: a
- begin:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: p
      body: {{configuration: {{query: {{query: SELECT 2}}}}}}
      connector_params: {SOON}
    result: b
- done: {{return: ["${{a.rows[0].f[0].v}}", "${{b.status.state}}"]}}
""",
    )

    assert ["SELECT 1", "DONE"] == result


def test_bigquery_when_a_job_fails(world: World) -> None:
    """The OperationError has the job, and what it says of itself."""
    result = world.failed(
        "fails",
        f"""
- begin:
    call: googleapis.bigquery.v2.jobs.insert
    args:
      projectId: p
      body: {{configuration: {{query: {{query: SELECT nothing}}}}}}
      connector_params: {SOON}
""",
    )

    assert ("nothing to select", ["OperationError"]) == (result["message"], result["tags"])
    assert "DONE" == result["operation"]["status"]["state"]
    assert "invalidQuery" == result["error"]["reason"]


def test_tasks_when_one_is_created(world: World) -> None:
    """A task has what the body says."""
    task = {"httpRequest": {"url": "https://example.org", "body": "aGk="}}
    result = world.run(
        "tasks",
        f"""
- create:
    call: googleapis.cloudtasks.v2.projects.locations.queues.tasks.create
    args: {{parent: projects/p/locations/l/queues/q, body: {{task: {json.dumps(task)}}}}}
    result: r
- done: {{return: "${{r.name}}"}}
""",
    )

    assert "projects/p/locations/l/queues/q/tasks/1" == result
    assert [task] == world.google.tasks


def test_secrets_when_the_helpers_are_used(world: World) -> None:
    """Strings go in and come out, of the workflow's own project if no other is named."""
    result = world.run(
        "secrets",
        """
- add:
    call: googleapis.secretmanager.v1.projects.secrets.addVersionString
    args: {project_id: local, secret_id: s, data: "größer"}
- more:
    call: googleapis.secretmanager.v1.projects.secrets.addVersionBytes
    args: {secret_id: s, data: '${text.encode("two")}'}
- first:
    call: googleapis.secretmanager.v1.projects.secrets.versions.accessString
    args: {project_id: local, secret_id: s, version: 1}
    result: a
- latest:
    call: googleapis.secretmanager.v1.projects.secrets.versions.accessString
    args: {secret_id: s}
    result: b
- whole:
    call: googleapis.secretmanager.v1.projects.secrets.versions.access
    args: {name: projects/local/secrets/s/versions/2}
    result: c
- name:
    assign:
    - text: >-
        ${googleapis.secretmanager.v1.projects.secrets.versions.accessString("s", "1")
        + "!"}
- done: {return: ["${a}", "${b}", "${c.payload.data}", "${text}"]}
""",
    )

    assert ["größer", "two", "dHdv", "größer!"] == result


def test_translate_when_texts_are_given(world: World) -> None:
    """Both of Google's samples work: one gives a body, the other a query."""
    result = world.run(
        "translate",
        """
- one:
    call: googleapis.translate.v2.translations.translate
    args: {query: {q: bonjour, target: EN, format: text}}
    result: a
- other:
    call: googleapis.translate.v2.translations.translate
    args: {body: {q: merci, target: EN}}
    result: b
- done:
    return:
    - ${a.data.translations[0].translatedText}
    - ${b.data.translations[0].translatedText}
""",
    )

    assert ["bonjour, traduit", "merci, traduit"] == result


def test_build_when_it_takes_a_while(world: World) -> None:
    """The operation that has ended is the result, as with Google, with what it says of itself."""
    result = world.run(
        "builds",
        f"""
- build:
    call: googleapis.cloudbuild.v1.projects.builds.create
    args: {{projectId: p, body: {{}}, connector_params: {SOON}}}
    result: r
- done: {{return: "${{r.metadata.build.status}}"}}
""",
    )

    assert "SUCCESS" == result


def test_storage_when_objects_have_slashes(world: World) -> None:
    """Text is uploaded; a name is found whether it is encoded or not."""
    result = world.run(
        "objects",
        """
- put:
    call: googleapis.storage.v1.objects.insert
    args: {bucket: b, name: a/b.txt, body: hello}
    result: p
- get:
    call: googleapis.storage.v1.objects.get
    args: {bucket: b, object: a/b.txt, alt: media}
    result: g
- again:
    call: googleapis.storage.v1.objects.get
    args: {bucket: b, object: '${text.url_encode("a/b.txt")}'}
    result: h
- done: {return: ["${p.contentType}", "${g.alt[0]}", "${g.content}", "${h.content}"]}
""",
    )

    assert ["text/plain; charset=utf-8", "media", "hello", "hello"] == result


def test_call_when_there_is_nobody(world: World) -> None:
    """A longer name leads elsewhere; what is not there is a ConnectionFailedError, tried again."""
    result = world.failed(
        "nobody",
        """
- ask:
    call: googleapis.redis.v1.projects.locations.instances.get
    args: {name: projects/p/locations/l/instances/i, connector_params: {timeout: 2}}
""",
    )

    assert ["ConnectionFailedError"] == result["tags"]


@pytest.mark.parametrize(
    ("call", "tag", "message"),
    [
        (
            "googleapis.pubsub.v1.projects.topics.publsh",
            "ValueError",
            "did you mean 'projects.topics.publish'?",
        ),
        (
            "gke.request",
            "ValueError",
            "not supported: call googleapis.container.v1",
        ),
    ],
)
def test_call_when_it_names_nothing(world: World, call: str, tag: str, message: str) -> None:
    """What cannot be called says so, with what is near."""
    name = call.replace(".", "-")
    result = world.failed(name, f"- ask: {{call: {call}, args: {{topic: projects/p/topics/t}}}}\n")

    assert [tag] == result["tags"]
    assert message in result["message"]


def test_execution_when_it_is_read_by_a_connector(world: World, tmp_path: Path) -> None:
    """Workflows read this server's own executions: for those there is nothing to set up."""
    source = """
- get:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.get
    args:
      name: '${"projects/local/locations/us-central1/workflows/own/executions/"
        + sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'
    result: r
- list:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.list
    args: {parent: projects/local/locations/us-central1/workflows/own, pageSize: 5}
    result: all
- all:
    try:
      call: googleapis.workflows.v1.projects.locations.workflows.list
      args: {parent: projects/local/locations/us-central1}
    except:
      as: e
      steps: [{done: {return: ["${r.state}", "${len(all.executions)}", "${e.code}"]}}]
"""
    with serving(tmp_path / "data", home=tmp_path) as server:
        alone = World(world.google, server, server.token())
        result = alone.run("own", source)
        lost = alone.failed("lost", "- x: {call: googleapis.pubsub.v1.projects.topics.list}\n")

    # Its account may see executions, and not what is deployed.
    assert ["ACTIVE", 1, 403] == result
    assert "start the server with --connector googleapis.pubsub.v1=URL" in lost["message"]
