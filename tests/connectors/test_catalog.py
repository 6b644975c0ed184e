"""What is known of Google's services, by the names that workflows use."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ringback_server.connectors.catalog import Catalog, doubts_of
from ringback_server.connectors.documents import Documents
from ringback_server.connectors.own_services import SERVICES
from ringback_server.connectors.routes import Routes, places
from ringback_server.lang.connector_progress import KINDS
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.values import Map

THERE = "http://there.test:8085"
FIRESTORE = "googleapis.firestore.v1.projects.databases.documents.get"


def catalog(*chosen: tuple[str, str], google: bool = False, own: str = "http://us.test") -> Catalog:
    """Return a catalog whose connectors lead where a test says."""
    return Catalog(Routes(chosen, own=[own], google=google))


def refusal(known: Catalog, name: str) -> str:
    """Return why a connector cannot be called."""
    with pytest.raises(WorkflowError) as caught:
        known.method(name)
    assert isinstance(caught.value.value, Map)
    assert ["ValueError"] == caught.value.value["tags"]
    return str(caught.value.value["message"])


@pytest.mark.parametrize(
    ("chosen", "google", "root", "bearer"),
    [
        ([("googleapis", THERE)], False, f"{THERE}/", "owner"),
        ([("googleapis", "http://a.test"), ("googleapis.firestore", THERE)], False, None, "owner"),
        ([("googleapis.firestore.v1", f"{THERE}/x/")], False, f"{THERE}/x/", "owner"),
        ([("googleapis.pubsub", THERE)], True, "https://firestore.googleapis.com/", "token"),
        ([("googleapis.firestore", "google"), ("googleapis", THERE)], False, "", "token"),
        ([("googleapis", "http://us.test/x")], False, "http://us.test/x/", "token"),
        ([("googleapis", "https://eu-firestore.googleapis.com")], False, "", "token"),
        ([("googleapis", "http://eu-firestore.googleapis.com")], False, "", "owner"),
        ([("googleapis", "https://eu.googleapis.com.evil.test")], False, "", "owner"),
    ],
)
def test_route_when_it_is_chosen(
    chosen: list[tuple[str, str]], root: str | None, bearer: str, *, google: bool
) -> None:
    """The longest name wins; tokens go to this server and to Google's, and to nobody else."""
    found = catalog(*chosen, google=google).method(FIRESTORE)

    assert bearer == found.bearer
    if root:
        assert root == found.root


def test_route_when_nothing_is_chosen() -> None:
    """A connector that leads nowhere says what to do; those of this server always lead there."""
    message = refusal(catalog(("googleapis.firestor", THERE)), FIRESTORE)
    own = catalog().method("googleapis.workflows.v1.projects.locations.workflows.get")

    assert "--connector googleapis.firestore.v1=URL" in message
    assert "--google-credentials" in message
    assert ("https://workflows.googleapis.com/", "token") == (own.root, own.bearer)


def test_place_when_a_route_is_chosen() -> None:
    """Requests may go where connectors lead."""
    chosen = [("a", "http://one.test:81/x"), ("b", "https://two.test"), ("c", "google")]

    assert [("one.test", 81), ("two.test", 443)] == places(chosen)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("googleapis.firestor.v1.projects.x", "did you mean 'googleapis.firestore.v1'?"),
        ("googleapis.firestore.v7.projects.x", "did you mean 'googleapis.firestore.v1"),
        (f"{FIRESTORE}s", "did you mean 'projects.databases.documents.get'?"),
        ("googleapis.secretmanager.v1.projects.secrets.versions.accessStrng", "accessString"),
        ("googleapis.x.v1.y.z", "is not a service of Google"),
        ("gke.create_job", "is not supported"),
        ("googleapis.index.json.a.b", "is not a service of Google"),
    ],
)
def test_name_when_it_is_unknown(name: str, hint: str) -> None:
    """What is not known says so, with what is near, wherever it would lead."""
    assert hint in refusal(catalog(("googleapis", THERE)), name)
    assert hint in refusal(catalog(), name)


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        ("googleapis", None),
        ("googleapis.pubsub", None),
        ("googleapis.pubsub.v1", None),
        ("googleapis.pubsub.v1.projects.topics", None),
        ("googleapis.workflowexecutions.v1", None),
        ("googleapis.pubsb", "it is not a service of Google; did you mean 'googleapis.pubsub'?"),
        ("googleapis.pubsub.v9", "it is not a service of Google; did you mean 'googleapis.pubsub"),
        ("googleapis.pubsub.v1.projects.topic", "the service has no methods of this name"),
        ("gke", "connectors of gke are not supported"),
    ],
)
def test_choice_when_nothing_has_its_name(name: str, doubt: str | None) -> None:
    """What an operator says of a name that nothing has is told of, once and in one line."""
    found = list(doubts_of(Documents(), [name]))

    assert [doubt is not None] * len(found) == [True] * (doubt is not None)
    assert [] == [one for one in found if not one.startswith(f"--connector {name}: {doubt}")]


def test_choice_when_the_documents_are_not_installed() -> None:
    """That is told of once, and only if something needs them."""
    missing = Documents(lambda: None)
    told = list(doubts_of(missing, ["googleapis.workflows", "googleapis.pubsub", "googleapis"]))

    assert [True] == [
        "pip install 'ringback[connectors]', or '.[connectors]'" in one for one in told
    ]
    assert [] == list(doubts_of(missing, ["googleapis.workflows.v1"]))


def test_documents_when_they_are_not_installed() -> None:
    """What needs them says how to install them; what does not is called as ever."""
    known = Catalog(Routes([("googleapis", THERE)], own=(), google=False), Documents(lambda: None))
    name = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.list"

    away = Catalog(Routes((), own=(), google=False), Documents(lambda: None))
    install = "pip install 'ringback[connectors]', or '.[connectors]' in a clone"

    assert install in refusal(known, FIRESTORE)
    assert install in refusal(away, FIRESTORE)
    assert "v1/{+parent}/executions" == known.method(name).resource.template


def test_documents_when_a_service_is_called_for_the_first_time(tmp_path: Path) -> None:
    """Its document is read then, and once; names are never paths."""
    described = {"rootUrl": "https://x.googleapis.com/", "servicePath": "x/v1/"}
    methods = {"get": {"httpMethod": "GET", "path": "things/{thing}", "id": "x.things.get"}}
    path = tmp_path / "x.v1.json"
    path.write_text(json.dumps({**described, "resources": {"things": {"methods": methods}}}))
    (tmp_path / "secret.json").write_text("{}")
    documents = Documents(lambda: tmp_path)
    known = Catalog(Routes([("googleapis", "google")], own=(), google=True), documents)
    found = known.method("googleapis.x.v1.things.get")
    path.unlink()

    assert ("https://x.googleapis.com/x/v1/", "GET") == (found.base, found.verb)
    assert documents.get("x", "v1") is not None
    assert documents.get("../secret", "v1") is None
    assert ["secret"] != documents.names()


@pytest.mark.parametrize(
    ("name", "kind", "looked_at"),
    [
        ("cloudbuild.v1.projects.builds.create", "operation", "v1/{+name}"),
        ("run.v2.projects.locations.jobs.run", "operation", "v2/{+name}"),
        ("compute.v1.instances.insert", "status", "projects/{project}/zones/{zone}/operations/"),
        ("compute.v1.zoneOperations.wait", "status", "projects/{project}/zones/{zone}/operations/"),
        ("sqladmin.v1.instances.insert", "status", "v1/projects/{project}/operations/{operation}"),
        ("container.v1.projects.locations.clusters.create", "status", "v1/{+name}"),
        ("bigquery.v2.jobs.insert", "bigquery", "projects/{+projectId}/jobs/{+jobId}"),
        ("dataflow.v1b3.projects.templates.create", "dataflow", "v1b3/projects/{projectId}/"),
        ("run.v1.namespaces.jobs.run", "run", "apis/run.googleapis.com/v1/{+name}"),
        ("workflows.v1.projects.locations.workflows.create", "operation", "v1/{+name}"),
    ],
)
def test_polling_when_a_method_begins_something(name: str, kind: str, looked_at: str) -> None:
    """What a method begins is looked at where the service says."""
    polling = catalog(("googleapis", THERE)).method(f"googleapis.{name}").polling

    assert polling is not None
    assert kind == polling.kind
    assert [one.template for one in polling.resources if one.template.startswith(looked_at)]


@pytest.mark.parametrize(
    "name",
    [
        "cloudbuild.v1.operations.get",
        "compute.v1.zoneOperations.get",
        "pubsub.v1.projects.topics.publish",
        "bigquery.v2.jobs.query",
        "workflowexecutions.v1.projects.locations.workflows.executions.cancel",
    ],
)
def test_polling_when_a_method_answers_at_once(name: str) -> None:
    """What has answered is not looked at."""
    assert catalog(("googleapis", THERE)).method(f"googleapis.{name}").polling is None


def test_own_services_when_compared_with_google() -> None:
    """Our own table says of each method what Google's document says, but for one filter of ours."""
    documents = Documents()
    for (service, version), ours in SERVICES.items():
        theirs = documents.get(service, version)
        assert theirs is not None
        assert theirs.document.root_url == ours.document.root_url
        for name, method in ours.methods.items():
            their = theirs.methods[name]
            assert (their.http_method, their.path) == (method.http_method, method.path), name
            assert (their.request is None) is (method.request is None), name
            for parameter, known in method.parameters.items():
                found = their.parameters.get(parameter)
                if found is None:
                    assert ("projects.locations.workflows.executions.callbacks.list", "filter") == (
                        name,
                        parameter,
                    )
                    continue
                assert (known.location, known.pattern) == (found.location, found.pattern), name


@pytest.mark.parametrize("service", Documents().names())
def test_catalog_when_every_method_is_asked_for(service: str) -> None:
    """All of Google's documents can be read, and all their methods described."""
    documents = Documents()
    found = documents.get(*service.split(".", 1)) if service.count(".") == 1 else None
    known = Catalog(Routes([("googleapis", THERE)], own=(), google=False), documents)
    for name in found.methods if found and tuple(service.split(".")) not in SERVICES else ():
        method = known.method(f"googleapis.{service}.{name}")
        assert method.polling is None or method.polling.kind in KINDS
        for argument in method.resource.arguments.values():
            re.compile(argument.pattern)
