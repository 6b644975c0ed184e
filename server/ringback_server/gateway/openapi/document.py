"""The whole document: REST, and the routes that are not made of descriptors."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from ringback_server.api.table import Service
from ringback_server.gateway.account_keys import JWK_PATHS, X509_PATH
from ringback_server.gateway.openapi.oauth import answer, oauth_paths, open_operation
from ringback_server.gateway.openapi.operations import ID, Paths, rest_paths
from ringback_server.gateway.openapi.schemas import Schema, Schemas, comment
from ringback_server.gateway.transcoder import Transcoder

#: where it is served
PATH = "/openapi.json"
CALLBACK_PATH = (
    "/v1/projects/{project}/locations/{location}/workflows/{workflow}/executions/{execution}"
    "/callbacks/{callback}"
)
_CALLBACK_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ERROR: Schema = {
    "description": "Google's error envelope.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "status"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "message": {"type": "string"},
                "status": {"type": "string", "description": "The canonical code, as in gRPC."},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_EMAIL: Schema = {"name": "email", "in": "path", "required": True, "schema": dict(ID)}
_KEYS = "Returns the keys that this server keeps for a service account, and signs with for others"


def openapi_document(services: Iterable[Service]) -> Schema:
    """Return the document, as JSON holds it."""
    schemas = Schemas()
    known = tuple(services)
    paths = rest_paths(Transcoder(known).bindings, schemas)
    for path, operations in _others().items():
        paths[path] = {**paths.get(path, {}), **operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringback",
            "version": version("ringback"),
            "description": "Workflows, their executions and callbacks over HTTP.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"bearer": []}],
        "tags": [
            *(_tag(service.descriptor.name, service.descriptor.full_name) for service in known),
            {"name": "OAuth", "description": "Tokens, and the keys that verify them."},
            {"name": "Server", "description": "What machines ask about the server itself."},
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "parameters": _parameters(),
            "responses": {"Error": answer("The request was refused.", _reference("Error"))},
            "schemas": {**dict(sorted(schemas.components.items())), "Error": _ERROR},
        },
    }


def _tag(name: str, full_name: str) -> Schema:
    return {"name": name, "description": comment(full_name)}


def _parameters() -> Schema:
    def query(name: str, description: str, schema: Schema) -> Schema:
        return {"name": name, "in": "query", "description": description, "schema": schema}

    return {
        "alt": query(
            "$alt",
            "How the answer is written. json;enum-encoding=int writes enums as numbers.",
            {"type": "string", "enum": ["json"]},
        ),
        "fields": query(
            "fields",
            "The fields to answer with, such as workflows(name,state),nextPageToken.",
            {"type": "string"},
        ),
        "prettyPrint": query(
            "prettyPrint", "Whether the answer has line breaks.", {"type": "boolean"}
        ),
    }


def _others() -> Paths:
    """Return the operations of the routes that are functions of their own."""
    return {
        CALLBACK_PATH: {
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": dict(ID)}
                for name in ("project", "location", "workflow", "execution", "callback")
            ],
            **{method: _callback(method) for method in _CALLBACK_METHODS},
        },
        **oauth_paths(),
        **{
            path: {
                "parameters": [_EMAIL],
                "get": open_operation("OAuth", f"accountKeys{number}", _KEYS),
            }
            for number, path in enumerate((X509_PATH, *JWK_PATHS))
        },
        PATH: {"get": open_operation("Server", "openapi", "Returns this document")},
        "/healthz": {"get": open_operation("Server", "healthz", "Tells that the process answers")},
        "/readyz": {
            "get": open_operation(
                "Server", "readyz", "Tells whether requests should come here", "503"
            )
        },
        "/metrics": {"get": _metrics()},
    }


def _callback(method: str) -> Schema:
    said = "Resumes the execution that waits at this URL, or is kept until it does. "
    names = {"Ringback-Outcome": "resumed, buffered or duplicate", "Ringback-Payload-Id": "its id"}
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in names.items()
    }
    accepted = {**answer("It is on disk.", {"type": "object"}), "headers": headers}
    operation: Schema = {
        "operationId": f"callback.{method}",
        "tags": ["Callbacks"],
        "summary": "Sends a callback",
        "description": said + "An endpoint takes the one method that it was made for.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Repeats with the same key are one callback.",
                "schema": {"type": "string", "maxLength": 255},
            }
        ],
        "responses": {"200": accepted, "default": {"$ref": "#/components/responses/Error"}},
    }
    if method in {"post", "put", "patch"}:
        operation["requestBody"] = {"content": {"*/*": {"schema": {}}}}
    return operation


def _metrics() -> Schema:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": "metrics",
        "tags": ["Server"],
        "summary": "Returns the numbers of the server, for Prometheus",
        "responses": {
            "200": {"description": "Prometheus' text format.", "content": content},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
