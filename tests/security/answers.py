"""What a call was answered with, compared without the names that it was about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import httpx
from google.protobuf.message import Message

from tests.rpc.calls import call, info_of, status_of

#: what the HTTP status must be for each status in the envelope
HTTP_STATUSES = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer."""

    status: str
    reason: str
    #: all that was told, without names and ids of requests
    told: str = ""


def over_grpc(
    channel: grpc.Channel,
    name: str,
    message: Message,
    authorization: str | None,
    unnamed: Callable[[str], str],
) -> Seen:
    """Call an RPC; `unnamed` takes names out of what is told."""
    metadata = () if authorization is None else (("authorization", authorization),)
    try:
        call(channel, name, message, metadata=metadata)
    except grpc.RpcError as error:
        return _refusal(error, unnamed)
    return Seen(status="OK", reason="")


def over_http(
    client: httpx.Client,
    request: httpx.Request,
    authorization: str | None,
    unnamed: Callable[[str], str],
) -> Seen:
    """Send a request; an error without Google's envelope fails the test."""
    if authorization is not None:
        request.headers["Authorization"] = authorization
    answer = client.send(request, stream=True)
    try:
        if answer.is_success:  # it may have no end
            return Seen(status="OK", reason="")
        answer.read()
    finally:
        answer.close()
    error = json.loads(answer.text)["error"]
    assert error["code"] == answer.status_code
    assert HTTP_STATUSES.get(error["status"], answer.status_code) == answer.status_code
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert (answer.status_code == HTTP_STATUSES["UNAUTHENTICATED"]) == (challenge != "")
    told = unnamed(f"{answer.text} {challenge}")
    return Seen(status=error["status"], reason=error["details"][0]["reason"], told=told)


def _refusal(error: grpc.RpcError, unnamed: Callable[[str], str]) -> Seen:
    assert isinstance(error, grpc.Call)
    info = info_of(error)
    told = unnamed(f"{error.details()} {sorted(info.metadata.items())}")
    return Seen(status=status_of(error).name, reason=info.reason, told=told)
