"""Arguments of calls become requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringback_server.connectors.catalog import Catalog
from ringback_server.connectors.routes import Routes
from ringback_server.lang.connector_params import Params, params_of
from ringback_server.lang.connector_progress import poll_url
from ringback_server.lang.connector_requests import request_of
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.values import List, Map, Value, wrap

CATALOG = Catalog(Routes([("googleapis", "http://x.test")], own=(), google=False))
REAL = Catalog(Routes([], own=(), google=True))
PATCH = "firestore.v1.projects.databases.documents.patch"
DOCUMENT = "projects/p/databases/(default)/documents/c/d"
TOPIC = "pubsub.v1.projects.topics.publish"
OBJECT = "storage.v1.objects.get"
GENERATE = "aiplatform.v1.projects.locations.endpoints.generateContent"
MODEL = "projects/p/locations/us-central1/publishers/google/models/gemini-2.0-flash"


def sent(name: str, catalog: Catalog = CATALOG, /, **arguments: object) -> tuple[str, str]:
    """Return verb and URL of a call."""
    request = request_of(catalog.method(f"googleapis.{name}"), given(arguments))
    return request.verb, request.url


def tags_of(error: WorkflowError) -> list[Value]:
    """Return the tags of an error."""
    assert isinstance(error.value, Map)
    tags = error.value["tags"]
    assert isinstance(tags, List)
    return list(tags)


def given(arguments: dict[str, object]) -> Map:
    """Return arguments as a workflow gives them."""
    value = wrap(arguments)
    assert isinstance(value, Map)
    return value


@pytest.mark.parametrize(
    ("name", "arguments", "path"),
    [
        (PATCH, {"name": DOCUMENT}, f"v1/{DOCUMENT}"),
        (
            PATCH,
            {"name": DOCUMENT, "updateMask": {"fieldPaths": ["a", "b.c"]}},
            f"v1/{DOCUMENT}?updateMask.fieldPaths=a&updateMask.fieldPaths=b.c",
        ),
        (
            PATCH,
            {"name": DOCUMENT, "currentDocument": {"exists": True}, "fields": "name"},
            f"v1/{DOCUMENT}?currentDocument.exists=true&fields=name",
        ),
        (
            PATCH,
            {"name": "projects/p/databases/d/documents/c/ü ?#%41"},
            "v1/projects/p/databases/d/documents/c/%C3%BC%20%3F%23%41",
        ),
        (OBJECT, {"bucket": "b", "object": "a/b c"}, "storage/v1/b/b/o/a%2Fb%20c"),
        (OBJECT, {"bucket": "b", "object": "a..b/%2e.c"}, "storage/v1/b/b/o/a..b%2F%2e.c"),
        (OBJECT, {"bucket": "b", "object": "a%2Fb"}, "storage/v1/b/b/o/a%2Fb"),
        (
            OBJECT,
            {"bucket": "b", "object": "o", "generation": 7, "alt": None},
            "storage/v1/b/b/o/o?generation=7",
        ),
        (
            "bigquery.v2.jobs.list",
            {"projectId": "p", "stateFilter": ["done", "running"], "maxResults": 2},
            "bigquery/v2/projects/p/jobs?stateFilter=done&stateFilter=running&maxResults=2",
        ),
        (
            "translate.v2.languages.list",
            {"query": {"target": "EN", "x": [1, True]}},
            "language/translate/v2/languages?target=EN&x=1&x=true",
        ),
        (
            "run.v1.namespaces.jobs.get",
            {"name": "namespaces/p/jobs/j", "location": "us-central1"},
            "apis/run.googleapis.com/v1/namespaces/p/jobs/j",
        ),
        (GENERATE, {"model": MODEL, "region": "us-central1"}, f"v1/{MODEL}:generateContent"),
        (TOPIC, {"topic": "t/%3F?#:x y"}, "v1/t/%3F%3F%23:x%20y:publish"),
    ],
)
def test_url_when_arguments_are_given(name: str, arguments: dict[str, object], path: str) -> None:
    """Arguments stand in the path and in the query as the service's document says."""
    assert f"http://x.test/{path}" == sent(name, **arguments)[1]


def test_url_when_a_region_has_a_server_of_its_own() -> None:
    """The argument `location` chooses it, for what is looked at too."""
    method = REAL.method("googleapis.run.v1.namespaces.jobs.run")
    name, region = "namespaces/p/jobs/j", "europe-west1"
    request = request_of(method, given({"name": name, "location": region}))
    answer = wrap({"metadata": {"namespace": "p", "name": "e"}})
    assert method.polling is not None
    looked_at = poll_url(method, method.polling, answer, {"location": region, "name": name})
    path = "apis/run.googleapis.com/v1/namespaces/p"

    assert f"https://{region}-run.googleapis.com/{path}/jobs/j:run" == request.url
    assert f"https://{region}-run.googleapis.com/{path}/executions/e" == looked_at
    with pytest.raises(WorkflowError):
        request_of(method, given({"name": name, "location": "evil.test/"}))


@pytest.mark.parametrize(
    ("name", "arguments", "root"),
    [
        (GENERATE, {}, "https://aiplatform"),
        (GENERATE, {"region": "us-central1"}, "https://us-central1-aiplatform"),
        (GENERATE, {"location": "us-central1"}, "https://us-central1-aiplatform"),
        (GENERATE, {"location": "eu", "region": "eu"}, "https://aiplatform.eu.rep"),
        (GENERATE, {"region": None, "location": None}, "https://aiplatform"),
        (GENERATE, {"region": "global"}, "https://aiplatform"),
    ],
)
def test_url_when_either_argument_names_a_region(
    name: str, arguments: dict[str, object], root: str
) -> None:
    """Some of Google's connectors call it `location`, others `region`."""
    expected = f"{root}.googleapis.com/v1/{MODEL}:generateContent"

    assert expected == sent(name, REAL, model=MODEL, **arguments)[1]


@pytest.mark.parametrize("argument", ["location", "region"])
def test_operation_when_it_began_in_a_region(argument: str) -> None:
    """It is looked at there."""
    method = REAL.method("googleapis.aiplatform.v1.projects.locations.endpoints.create")
    name = "projects/p/locations/eu/operations/7"
    arguments: dict[str, Value] = {"parent": "projects/p/locations/eu", argument: "eu"}
    assert method.polling is not None

    assert f"https://aiplatform.eu.rep.googleapis.com/v1/{name}" == poll_url(
        method, method.polling, wrap({"name": name}), arguments
    )


def test_region_when_it_has_servers_for_batches_too() -> None:
    """Those of Firestore and Datastore are not what a connector calls."""
    name = "projects/p/databases/(default)/documents/c/d"
    url = sent(PATCH, REAL, name=name, location="eu")[1]

    assert f"https://firestore.eu.rep.googleapis.com/v1/{name}" == url


def test_url_when_an_argument_is_no_region_of_the_server() -> None:
    """What a method itself takes by that name stays in its request."""
    address = sent("compute.v1.addresses.get", REAL, project="p", region="r", address="a")[1]
    dataset = "aiplatform.v1.projects.locations.evaluateInstances"
    place = "projects/p/locations/eu"
    evaluated = sent(dataset, REAL, location=place, region="us-east1")[1]

    assert "https://compute.googleapis.com/compute/v1/projects/p/regions/r/addresses/a" == address
    assert f"https://us-east1-aiplatform.googleapis.com/v1/{place}:evaluateInstances" == evaluated


def test_body_when_it_is_a_file() -> None:
    """Text and bytes are uploaded, maps are what a method takes otherwise."""
    method = CATALOG.method("googleapis.storage.v1.objects.insert")
    text = request_of(method, given({"bucket": "b", "name": "n", "body": "hi"}))
    data = request_of(method, given({"bucket": "b", "name": "n", "body": b"\0"}))
    structure = request_of(method, given({"bucket": "b", "body": {"name": "n"}}))

    assert "http://x.test/upload/storage/v1/b/b/o?uploadType=media&name=n" == text.url
    assert (b"hi", "text/plain; charset=utf-8") == (text.body, text.content_type)
    assert (b"\0", "application/octet-stream") == (data.body, data.content_type)
    assert "http://x.test/storage/v1/b/b/o" == structure.url
    assert {"name": "n"} == json.loads(structure.body or b"")


@pytest.mark.parametrize(
    ("name", "arguments", "tag", "message"),
    [
        (TOPIC, {}, "TypeError", "argument 'topic' is missing"),
        (TOPIC, {"topic": None}, "TypeError", "argument 'topic' is missing"),
        (
            TOPIC,
            {"topic": "projects/p/topics/t", "topics": 1},
            "TypeError",
            "there is no argument 'topics'; did you mean 'topic'?",
        ),
        (
            TOPIC,
            {"topic": "projects/p/topics/t", "zzz": 1},
            "TypeError",
            "there is no argument 'zzz'; it has topic, body",
        ),
        (TOPIC, {"topic": ["t"]}, "TypeError", "'topic' must be a string"),
        (TOPIC, {"topic": "projects/p/topics/"}, "ValueError", "names nothing"),
        (TOPIC, {"topic": "projects//topics/t"}, "ValueError", "names nothing"),
        (TOPIC, {"topic": "/t"}, "ValueError", "names nothing"),
        (TOPIC, {"topic": "projects/p/topics/t\n"}, "ValueError", "names nothing"),
        (GENERATE, {"model": MODEL, "region": ["eu"]}, "ValueError", "region must be the name"),
        (GENERATE, {"model": MODEL, "location": "x"}, "ValueError", "location must be the name"),
        (
            GENERATE,
            {"model": MODEL, "location": "eu", "region": "us"},
            "ValueError",
            "location and region must not name two regions",
        ),
        (TOPIC, {"topic": "projects/p/topics/t", "regio": "eu"}, "TypeError", "no argument 'regio"),
        (TOPIC, {"topic": "projects/../topics/t"}, "ValueError", "names nothing"),
        (TOPIC, {"topic": "projects/p/topics/t", "body": 7}, "TypeError", "'body' must be a map"),
        (TOPIC, {"topic": "projects/p/topics/t", "query": 7}, "TypeError", "'query' must be a map"),
        (OBJECT, {"bucket": "..", "object": "o"}, "ValueError", "names nothing"),
        (TOPIC, {"topic": "projects/p/topics/%2e%2e"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "%2e%2e", "object": "o"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "b", "object": "..%2f..%2fx"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "b", "object": "a/%252E/x"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "b", "object": f"%{'25' * 9}2e"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "", "object": "o"}, "ValueError", "names nothing"),
        (OBJECT, {"bucket": "b", "object": "o", "body": {}}, "TypeError", "no argument 'body'"),
        (OBJECT, {"bucket": "b", "object": "o", "fields": {}}, "TypeError", "must be a string"),
        (OBJECT, {"bucket": "b", "object": "o", "generation": [1]}, "TypeError", "not list"),
    ],
)
def test_arguments_when_they_will_not_do(
    name: str, arguments: dict[str, object], tag: str, message: str
) -> None:
    """What is missing, unknown or wrong is told before anything is sent."""
    with pytest.raises(WorkflowError) as caught:
        sent(name, **arguments)

    assert [tag] == tags_of(caught.value)
    assert message in str(caught.value.value)


def test_params_when_they_are_given() -> None:
    """The documented parameters, with the documented defaults."""
    chosen: dict[str, Any] = {
        "timeout": 31_536_000,
        "polling_policy": {"initial_delay": 90, "multiplier": 1, "max_delay": 30.5},
        "skip_polling": True,
        "scopes": "a, b",
    }

    assert params_of("f", None) == Params(
        timeout=1800.0, initial_delay=1.0, multiplier=1.25, max_delay=60.0
    )
    assert params_of("f", wrap(chosen)) == Params(
        timeout=31_536_000.0,
        initial_delay=30.5,
        multiplier=1.0,
        max_delay=30.5,
        skip_polling=True,
        scopes=("a", "b"),
    )


@pytest.mark.parametrize(
    ("params", "tag"),
    [
        (7, "TypeError"),
        ({"time": 7}, "ValueError"),
        ({"timeout": 0}, "ValueError"),
        ({"timeout": 31_536_001}, "ValueError"),
        ({"timeout": "7"}, "TypeError"),
        ({"timeout": True}, "TypeError"),
        ({"timeout": float("nan")}, "ValueError"),
        ({"skip_polling": "yes"}, "TypeError"),
        ({"scopes": 7}, "TypeError"),
        ({"polling_policy": []}, "TypeError"),
        ({"polling_policy": {"delay": 1}}, "ValueError"),
        ({"polling_policy": {"multiplier": 0.5}}, "ValueError"),
        ({"polling_policy": {"max_delay": -1}}, "ValueError"),
    ],
)
def test_params_when_they_make_no_sense(params: object, tag: str) -> None:
    """What cannot be meant is an error of the call."""
    with pytest.raises(WorkflowError) as caught:
        params_of("f", wrap(params))

    assert [tag] == tags_of(caught.value)
