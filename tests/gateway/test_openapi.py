"""The OpenAPI document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from ringback_server.api.table import SERVICES
from ringback_server.gateway.openapi.document import CALLBACK_PATH, openapi_document
from ringback_server.gateway.openapi.oauth import oauth_paths
from ringback_server.gateway.openapi.operations import openapi_path
from ringback_server.gateway.path_template import PathTemplate
from ringback_server.gateway.transcoder import Transcoder
from tests.edges import http_edge
from tests.services import Service

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rest.md"
# Any: it is a tree of JSON, which tests look into wherever they like.
DOCUMENT: dict[str, Any] = openapi_document(SERVICES)
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
}


def test_document_by_its_standard() -> None:
    """The document is OpenAPI 3.1, every reference leads somewhere, and no id is given twice."""
    assert [] == [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]
    assert "3.1.0" == DOCUMENT["openapi"]


def test_document_of_all_routes() -> None:
    """Every HTTP rule is an operation, and so are the routes beside them."""
    rules = {
        (binding.verb, openapi_path(binding.template)) for binding in Transcoder(SERVICES).bindings
    }
    callbacks = {("DELETE", CALLBACK_PATH), ("OPTIONS", CALLBACK_PATH), ("POST", CALLBACK_PATH)}
    others = {("POST", "/token"), ("GET", "/.well-known/jwks.json"), ("GET", "/metrics")}
    oauth = {
        (method.upper(), path) for path, methods in oauth_paths().items() for method in methods
    }

    assert rules | callbacks | others | oauth <= OPERATIONS.keys()
    assert len(OPERATIONS) == len(rules) + 7 + 7 + len(oauth)


@pytest.mark.parametrize("key", OPERATIONS, ids=" ".join)
def test_operation_of_a_route(key: tuple[str, str]) -> None:
    """Each operation says what it does, has all parameters of its path, and how it refuses."""
    operation = OPERATIONS[key]
    shared = DOCUMENT["paths"][key[1]].get("parameters", [])
    parameters = [*shared, *operation.get("parameters", [])]
    named = [found["name"] for found in parameters if found.get("in") == "path"]

    assert operation["summary"]
    assert re.findall(r"\{(\w+)\}", key[1]) == named
    assert "default" in operation["responses"]


def test_schemas_of_messages() -> None:
    """Schemas have JSON's names and forms, what fields are for, and the words of the protos."""
    schemas = DOCUMENT["components"]["schemas"]
    workflow, entry = schemas["Workflow"]["properties"], schemas["LogEntry"]["properties"]
    create = OPERATIONS["POST", "/v1/projects/{project}/locations/{location}/workflows"]

    assert {"type": "string", "format": "date-time", "readOnly": True} == {
        key: value for key, value in workflow["createTime"].items() if key != "description"
    }
    assert "#/components/schemas/Workflow.State" == workflow["state"]["$ref"]
    assert {"type": "string"} == workflow["labels"]["additionalProperties"]
    assert workflow["tags"]["writeOnly"]
    assert "type" not in entry["jsonPayload"]
    assert "The definition as text, in YAML or JSON." == workflow["sourceContents"]["description"]
    assert ["STATE_UNSPECIFIED", "ACTIVE", "UNAVAILABLE"] == schemas["Workflow.State"]["enum"]
    assert [("workflowId", True), ("validateOnly", False)] == [
        (found["name"], found["required"])
        for found in create["parameters"]
        if found.get("in") == "query"
    ]
    assert create["requestBody"]["required"]


def test_everything_is_described() -> None:
    """Every message of ours and every field of it has words, for no proto is without."""
    bare = [
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if not name.startswith(("google.", "Error"))
        for field, shown in {"": schema, **schema.get("properties", {})}.items()
        if "description" not in shown
    ]

    assert [] == bare


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "/v1/{name=projects/*/logEntries/*}:go",
            "/v1/projects/{project}/logEntries/{logEntry}:go",
        ),
        ("/v1/{id}", "/v1/{id}"),
        ("/{a.b}/x", "/{b}/x"),
        ("/v1/files/{name=**}", "/v1/files/{file}"),
    ],
)
def test_path_of_a_template(template: str, expected: str) -> None:
    """A segment that is not fixed is a parameter with the name of one of its collection."""
    assert expected == openapi_path(PathTemplate.parse(template))


def test_document_over_http(service: Service) -> None:
    """Everybody may read the document, with GET and HEAD alone."""
    with http_edge(service) as client:
        answer = client.get("/openapi.json")
        head = client.head("/openapi.json")
        refused = client.post("/openapi.json")

    assert json.loads(json.dumps(DOCUMENT)) == answer.json()
    assert answer.headers["Content-Length"] == head.headers["Content-Length"]
    assert (405, "GET, HEAD") == (refused.status_code, refused.headers["Allow"])


def test_page_of_all_routes() -> None:
    """The page has a row for each operation, and none for what there is not."""
    rows = re.findall(r"^\| ([A-Z, ]+) \| `(/[^`]*)` \|", PAGE.read_text(), re.MULTILINE)
    found = {(method, path) for methods, path in rows for method in methods.split(", ")}

    assert OPERATIONS.keys() == found
