"""OpenAPI operations of the RPCs that have HTTP rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from ringback_server.api.table import StreamMethod
from ringback_server.gateway.openapi.schemas import Schema, Schemas, behaves, comment
from ringback_server.gateway.parameters import is_leaf
from ringback_server.gateway.path_template import Kind, PathTemplate
from ringback_server.gateway.transcoder import Binding

JSON = "application/json"
#: what a segment of a name may be
ID: Schema = {"type": "string", "pattern": "^[A-Za-z0-9._~:@-]{1,128}$"}
_VERSION = re.compile(r"v\d+")
_REQUIRED = field_behavior_pb2.FieldBehavior.REQUIRED
#: how deep query parameters lead into messages
_DEEPEST = 3
_ID = "request_id"
_SYSTEM = ("alt", "fields", "prettyPrint")

Paths = dict[str, dict[str, object]]


def rest_paths(bindings: Iterable[Binding], schemas: Schemas) -> Paths:
    """Return the operations of all bindings, by path and method."""
    paths: Paths = {}
    seen: dict[str, int] = {}
    for binding in sorted(bindings, key=lambda each: (each.name, openapi_path(each.template))):
        seen[binding.name] = seen.get(binding.name, 0) + 1
        method = paths.setdefault(openapi_path(binding.template), {})
        method[binding.verb.lower()] = _operation(binding, schemas, seen[binding.name])
    return paths


def openapi_path(template: PathTemplate) -> str:
    """Return a template with a parameter for each segment that is not fixed."""
    verb = f":{template.verb}" if template.verb else ""
    parts = (text if literal else f"{{{text}}}" for text, literal in _segments(template))
    return "".join(f"/{part}" for part in parts) + verb


def _segments(template: PathTemplate) -> Iterator[tuple[str, bool]]:
    before = ""
    for segment in template.segments:
        if segment.kind is Kind.LITERAL:
            # What follows a version is no element of it.
            before = "" if _VERSION.fullmatch(segment.text) else segment.text
            yield segment.text, True
        else:
            yield _singular(before) or segment.field.rpartition(".")[2], False


def _singular(collection: str) -> str:
    if collection.endswith("ies"):
        return f"{collection[:-3]}y"
    return collection.removesuffix("s")


def _operation(binding: Binding, schemas: Schemas, number: int) -> Schema:
    *_, service, name = binding.name.split(".")
    said = comment(binding.name)
    operation: Schema = {
        "operationId": f"{service}.{name}" + (f".{number}" if number > 1 else ""),
        "tags": [service],
        "summary": said.partition(". ")[0].removesuffix("."),
        "description": said,
        "parameters": [
            *(
                {"name": text, "in": "path", "required": True, "schema": dict(ID)}
                for text, literal in _segments(binding.template)
                if not literal
            ),
            *_query(binding, schemas),
            *_headers(binding),
            *({"$ref": f"#/components/parameters/{parameter}"} for parameter in _SYSTEM),
        ],
        "responses": {
            **_answers(binding, schemas),
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
    body = _body(binding, schemas)
    return {**operation, "requestBody": body} if body else operation


def _query(binding: Binding, schemas: Schemas) -> Iterator[Schema]:
    if binding.body == "*":
        return
    taken = {*binding.template.fields, binding.body}
    for path in _leaves(binding.descriptor.input_type, (), taken):
        last = path[-1]
        parameter: Schema = {
            "name": ".".join(field.json_name for field in path),
            "in": "query",
            "required": len(path) == 1 and behaves(last, _REQUIRED),
            "schema": schemas.field(last),
        }
        said = comment(last.full_name)
        yield {**parameter, "description": said} if said else parameter


def _leaves(
    message: Descriptor, before: tuple[FieldDescriptor, ...], taken: set[str]
) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in message.fields:
        path = (*before, field)
        if ".".join(step.name for step in path) in taken:
            continue
        if is_leaf(field):
            yield path
        elif field.message_type and not field.is_repeated and len(path) < _DEEPEST:
            yield from _leaves(field.message_type, path, taken)


def _headers(binding: Binding) -> Iterator[Schema]:
    if _ID in binding.descriptor.input_type.fields_by_name:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The requestId, where the request does not say it: repeats do nothing.",
            "schema": {"type": "string", "maxLength": 255},
        }


def _body(binding: Binding, schemas: Schemas) -> Schema | None:
    message = binding.descriptor.input_type
    if not binding.body:
        return None
    if binding.body == "*":
        bound = set(binding.template.fields)
        schema = schemas.object(message, without=bound)
        return {"required": "required" in schema, "content": {JSON: {"schema": schema}}}
    field = message.fields_by_name[binding.body]
    content = {JSON: {"schema": schemas.field(field)}}
    return {"required": behaves(field, _REQUIRED), "content": content}


def _answers(binding: Binding, schemas: Schemas) -> Schema:
    message = binding.descriptor.output_type
    field = message.fields_by_name.get(binding.response_body)
    schema = schemas.field(field) if field else schemas.message(message)
    if isinstance(binding.method, StreamMethod):
        schemas.message(message)
        events = {"text/event-stream": {"schema": {"type": "string"}}}
        told = f"Server-sent events; the data of each is a {message.name} as JSON."
        return {
            "200": {"description": told, "content": events},
            "204": {"description": "The stream was told to its end."},
        }
    return {"200": {"description": "What was asked for.", "content": {JSON: {"schema": schema}}}}
