"""Waits as they are packed with the machine's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ringback_server.lang.connectors import ConnectorCall
from ringback_server.lang.effects import Children, ChildRequest, Wait
from ringback_server.lang.http_exchange import HttpAuth, HttpRequest
from ringback_server.lang.stdlib.registry import Continuation
from ringback_server.lang.strands import Suspension
from ringback_server.lang.values import Map, wrap
from ringback_server.model.names import WorkflowName
from ringback_server.model.resources import CallLogLevel, HistoryLevel


class _Request(msgspec.Struct, array_like=True):
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    timeout: float
    ca_certificate: bytes | None
    #: type, audience, scopes
    auth: tuple[Literal["OIDC", "OAuth2"], str | None, list[str]] | None
    private_service: str | None = None


class _Child(msgspec.Struct, array_like=True):
    #: project, location, workflow
    workflow: tuple[str, str, str]
    argument: str
    labels: dict[str, str]
    call_log_level: int
    history_level: int
    buffered: bool = True


class PackedWait(msgspec.Struct, array_like=True):
    """A wait and how its strand goes on; new fields come last and have a default."""

    number: int
    endpoint: int | None
    deadline: float | None
    expiry: str | None
    request: _Request | None = None
    #: name, data
    continuation: tuple[str, Mapping[str, object]] | None = None
    #: whether their ends are awaited, requests
    children: tuple[bool, list[_Child]] | None = None
    #: name, arguments
    connector: tuple[str, Mapping[str, object]] | None = None
    #: whether the continuation has the body of the request, which is then packed with that alone
    shares_body: bool = False


def packed_suspension(suspension: Suspension) -> PackedWait:
    """Return a wait, and how a strand goes on after it."""
    wait, going_on = suspension.wait, suspension.continuation
    call, body = wait.connector, wait.request and wait.request.body
    shares_body = going_on is not None and body is not None and going_on.data.get("body") == body
    return PackedWait(
        number=wait.number,
        endpoint=wait.endpoint,
        deadline=wait.deadline,
        expiry=suspension.expiry,
        request=None if wait.request is None else _packed_request(wait.request),
        continuation=None
        if going_on is None
        else (going_on.name, _data(going_on, shares_body=shares_body)),
        children=None if wait.children is None else _packed_children(wait.children),
        connector=None if call is None else (call.name, call.arguments),
        shares_body=shares_body,
    )


def suspension_of(packed: PackedWait) -> Suspension:
    """Return what was packed."""
    going_on, call = packed.continuation, packed.connector
    wait = Wait(
        packed.number,
        packed.endpoint,
        packed.deadline,
        None if packed.request is None else _request(packed.request),
        None if packed.children is None else _children(packed.children),
        None if call is None else ConnectorCall(call[0], _map(call[1])),
    )
    if going_on is None:
        return Suspension(wait, packed.expiry, None)
    data = _map(going_on[1])
    if packed.shares_body and wait.request is not None:
        data = Map.of([*data.items(), ("body", wait.request.body)])
    return Suspension(wait, packed.expiry, Continuation(going_on[0], data))


def _data(going_on: Continuation, *, shares_body: bool) -> Mapping[str, object]:
    """Return the data of a continuation, without the body if the request has it."""
    if not shares_body:
        return going_on.data
    return {key: value for key, value in going_on.data.items() if key != "body"}


def _map(content: Mapping[str, object]) -> Map:
    return Map.of((key, wrap(value)) for key, value in content.items())


def _packed_children(children: Children) -> tuple[bool, list[_Child]]:
    return children.awaited, [
        _Child(
            workflow=(one.workflow.project, one.workflow.location, one.workflow.workflow),
            argument=one.argument,
            labels=dict(one.labels),
            call_log_level=int(one.call_log_level),
            history_level=int(one.history_level),
            buffered=one.buffered,
        )
        for one in children.requests
    ]


def _children(packed: tuple[bool, list[_Child]]) -> Children:
    awaited, requests = packed
    return Children(
        awaited=awaited,
        requests=tuple(
            ChildRequest(
                workflow=WorkflowName(*one.workflow),
                argument=one.argument,
                labels=one.labels,
                call_log_level=CallLogLevel(one.call_log_level),
                history_level=HistoryLevel(one.history_level),
                buffered=one.buffered,
            )
            for one in requests
        ),
    )


def _packed_request(request: HttpRequest) -> _Request:
    auth = request.auth
    return _Request(
        method=request.method,
        url=request.url,
        headers=list(request.headers),
        body=request.body,
        timeout=request.timeout,
        ca_certificate=request.ca_certificate,
        auth=None if auth is None else (auth.type, auth.audience, list(auth.scopes)),
        private_service=request.private_service,
    )


def _request(packed: _Request) -> HttpRequest:
    auth = None
    if packed.auth is not None:
        kind, audience, scopes = packed.auth
        auth = HttpAuth(type=kind, audience=audience, scopes=tuple(scopes))
    return HttpRequest(
        method=packed.method,
        url=packed.url,
        headers=tuple(packed.headers),
        body=packed.body,
        timeout=packed.timeout,
        ca_certificate=packed.ca_certificate,
        auth=auth,
        private_service=packed.private_service,
    )
