"""Requests of RPCs as HTTP requests, as the rules in the protos say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import quote

import httpx
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from ringback_server.gateway.path_template import Kind
from ringback_server.gateway.transcoder import Binding
from tests.rpc.calls import PARENT

PROJECT = "projects/local"
Document = dict[str, object]


def http_request(
    client: httpx.Client, binding: Binding, message: Message, names: Mapping[str, str]
) -> httpx.Request:
    """Return the request by which a message travels.

    Where its own name does not fit the rule, one of `names` is sent, or one above them.
    """
    # Names of fields are those of the protos, as in the templates.
    document: Document = MessageToDict(message, preserving_proto_field_name=True)
    values = {field: _take(document, field) for field in binding.template.fields}
    path = _path(binding, values, [PROJECT, PARENT, *names.values()])
    body: object = None
    if binding.body == "*":
        body, document = document, {}
    elif binding.body:
        body = document.pop(binding.body, {})
    return client.build_request(
        binding.verb,
        path,
        params=list(_parameters(document)),
        content=None if body is None else json.dumps(body).encode(),
        headers={} if body is None else {"Content-Type": "application/json"},
    )


def _take(document: Document, path: str) -> str:
    """Take a field out of a document."""
    *outer, last = path.split(".")
    for part in outer:
        document = cast("Document", document.get(part, {}))
    return str(document.pop(last, ""))


def _path(binding: Binding, values: Mapping[str, str], names: Iterable[str]) -> str:
    path, done = "", set[str]()
    for segment in binding.template.segments:
        if not segment.field:
            path += f"/{segment.text}"
        elif segment.field not in done:
            done.add(segment.field)
            path += f"/{_fitting(binding, segment.field, [values[segment.field], *names])}"
    verb = binding.template.verb
    return f"{path}:{verb}" if verb else path


def _fitting(binding: Binding, field: str, names: Iterable[str]) -> str:
    """Return the first name that fits what a rule says of a field."""
    segments = [one for one in binding.template.segments if one.field == field]
    for name in names:
        parts = name.split("/")
        if segments[0].kind is Kind.REST or (
            len(parts) == len(segments)
            and all(
                one.kind is Kind.ONE or one.text == part
                for one, part in zip(segments, parts, strict=True)
            )
        ):
            return quote(name, safe="/:@")
    shown = "/".join(one.text for one in segments)
    raise AssertionError(
        f"{binding.name}: no name fits {field}={shown}: give the RPC one that does in REQUESTS in "
        "tests/rpc/calls.py, or Scene.names in tests/security/scenes.py one of that kind"
    )


def _parameters(document: Document, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _parameters(cast("Document", value), f"{prefix}{name}.")
        else:
            values = cast("list[object]", value) if isinstance(value, list) else [value]
            yield from ((f"{prefix}{name}", str(each)) for each in values)
