"""A small Google: a few services on one real server, as far as workflows here call them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.engine.outbound.upstream import Connection, Received

#: what a service answers to a request: a status and a body
Answer = tuple[int, Any]

_JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass(slots=True)
class Asked:
    """A request as a service sees it."""

    match: re.Match[str]
    query: dict[str, list[str]]
    body: Any
    headers: dict[str, str]

    def named(self, group: str) -> str:
        """Return a part of the path."""
        return self.match.group(group)


@dataclass(slots=True)
class Google:
    """Services with what they have been told."""

    messages: list[str] = field(default_factory=list[str])
    documents: dict[str, Any] = field(default_factory=dict[str, Any])
    secrets: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    tasks: list[Any] = field(default_factory=list[Any])
    objects: dict[str, str] = field(default_factory=dict[str, str])
    #: how often a job or an operation is still running when it is looked at
    patience: int = 2
    #: looks at each job and operation, by its name
    looks: dict[str, int] = field(default_factory=dict[str, int])
    #: what was begun, in order
    begun: list[str] = field(default_factory=list[str])
    #: tokens that were sent
    bearers: set[str] = field(default_factory=set[str])

    def talk(self, connection: Connection) -> None:
        """Answer the requests of one connection."""
        while request := connection.read():
            status, body = self.answer(request)
            connection.answer(status, json.dumps(body).encode(), _JSON)

    def answer(self, request: Received) -> Answer:
        """Answer a request as the service does that has its path."""
        self.bearers.add(request.headers.get("authorization", ""))
        parts = urlsplit(request.target)
        for method, pattern, service in _ROUTES:
            match = re.fullmatch(pattern, parts.path)
            if match and method == request.method:
                kind = request.headers.get("content-type", "")
                text = request.body.decode()
                body = json.loads(text) if text and "json" in kind else text
                return service(self, Asked(match, parse_qs(parts.query), body, request.headers))
        return _refused(404, f"{request.method} {parts.path}")

    def running(self, name: str) -> bool:
        """Tell whether something still runs, once more."""
        self.looks[name] = self.looks.get(name, 0) + 1
        return self.looks[name] <= self.patience


def _refused(code: int, message: str) -> Answer:
    return code, {"error": {"code": code, "message": message}}


def _publish(google: Google, asked: Asked) -> Answer:
    messages = [base64.b64decode(one["data"]).decode() for one in asked.body["messages"]]
    first = len(google.messages)
    google.messages += messages
    return 200, {"messageIds": [str(first + place) for place in range(len(messages))]}


def _get_document(google: Google, asked: Asked) -> Answer:
    name = asked.named("name")
    if name not in google.documents:
        return _refused(404, "no such document")
    return 200, {"name": name, "fields": google.documents[name]}


def _patch_document(google: Google, asked: Asked) -> Answer:
    name = asked.named("name")
    mask = asked.query.get("updateMask.fieldPaths")
    document = google.documents.setdefault(name, {})
    given = asked.body["fields"]
    document.update({key: given[key] for key in (mask or given)})
    return 200, {"name": name, "fields": document}


def _query(_google: Google, asked: Asked) -> Answer:
    return 200, {
        "jobComplete": True,
        "totalRows": "1",
        "rows": [{"f": [{"v": asked.body["query"]}]}],
    }


def _job(google: Google, project: str, number: str, state: str) -> dict[str, Any]:
    job: dict[str, Any] = {
        "jobReference": {"projectId": project, "jobId": number, "location": "EU"},
        "status": {"state": state},
    }
    if state == "DONE" and google.begun[int(number)] == "SELECT nothing":
        job["status"]["errorResult"] = {"reason": "invalidQuery", "message": "nothing to select"}
    return job


def _insert_job(google: Google, asked: Asked) -> Answer:
    google.begun.append(asked.body["configuration"]["query"]["query"])
    return 200, _job(google, asked.named("project"), str(len(google.begun) - 1), "PENDING")


def _get_job(google: Google, asked: Asked) -> Answer:
    if asked.query.get("location") != ["EU"]:
        return _refused(404, "no such job here")
    number = asked.named("job")
    state = "RUNNING" if google.running(number) else "DONE"
    return 200, _job(google, asked.named("project"), number, state)


def _create_task(google: Google, asked: Asked) -> Answer:
    google.tasks.append(asked.body["task"])
    return 200, {"name": f"{asked.named('queue')}/tasks/{len(google.tasks)}"}


def _access(google: Google, asked: Asked) -> Answer:
    versions = google.secrets.get(asked.named("secret"), [])
    wanted = asked.named("version")
    number = len(versions) if wanted == "latest" else int(wanted)
    if not 0 < number <= len(versions):
        return _refused(404, "no such version")
    name = f"{asked.named('secret')}/versions/{number}"
    return 200, {"name": name, "payload": {"data": versions[number - 1]}}


def _add_version(google: Google, asked: Asked) -> Answer:
    versions = google.secrets.setdefault(asked.named("secret"), [])
    versions.append(asked.body["payload"]["data"])
    return 200, {"name": f"{asked.named('secret')}/versions/{len(versions)}", "state": "ENABLED"}


def _translate(_google: Google, asked: Asked) -> Answer:
    [text] = asked.query.get("q") or [asked.body["q"]]
    return 200, {"data": {"translations": [{"translatedText": f"{text}, traduit"}]}}


def _build(google: Google, asked: Asked) -> Answer:
    google.begun.append(asked.named("project"))
    return 200, _operation(str(len(google.begun) - 1), done=False)


def _operation(number: str, *, done: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {"name": f"operations/build/{number}"}
    if done:
        operation |= {"done": True, "metadata": {"build": {"status": "SUCCESS"}}}
    return operation


def _get_operation(google: Google, asked: Asked) -> Answer:
    number = asked.named("number")
    return 200, _operation(number, done=not google.running(number))


def _upload(google: Google, asked: Asked) -> Answer:
    [name] = asked.query["name"]
    google.objects[name] = asked.body
    return 200, {"name": name, "contentType": asked.headers["content-type"]}


def _download(google: Google, asked: Asked) -> Answer:
    name = asked.named("object").replace("%2F", "/")
    return 200, {"alt": asked.query.get("alt"), "content": google.objects[name]}


_ROUTES: tuple[tuple[str, str, Callable[[Google, Asked], Answer]], ...] = (
    ("POST", r"/v1/projects/[^/]+/topics/[^/]+:publish", _publish),
    ("GET", r"/v1/(?P<name>projects/[^/]+/databases/[^/]+/documents/.+)", _get_document),
    ("PATCH", r"/v1/(?P<name>projects/[^/]+/databases/[^/]+/documents/.+)", _patch_document),
    ("POST", r"/bigquery/v2/projects/[^/]+/queries", _query),
    ("POST", r"/bigquery/v2/projects/(?P<project>[^/]+)/jobs", _insert_job),
    ("GET", r"/bigquery/v2/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)", _get_job),
    ("POST", r"/v2/(?P<queue>projects/[^/]+/locations/[^/]+/queues/[^/]+)/tasks", _create_task),
    (
        "GET",
        r"/v1/(?P<secret>projects/[^/]+/secrets/[^/]+)/versions/(?P<version>[^/]+):access",
        _access,
    ),
    ("POST", r"/v1/(?P<secret>projects/[^/]+/secrets/[^/]+):addVersion", _add_version),
    ("POST", r"/language/translate/v2", _translate),
    ("POST", r"/v1/projects/(?P<project>[^/]+)/builds", _build),
    ("GET", r"/v1/operations/build/(?P<number>\d+)", _get_operation),
    ("POST", r"/upload/storage/v1/b/[^/]+/o", _upload),
    ("GET", r"/storage/v1/b/[^/]+/o/(?P<object>[^/]+)", _download),
)
