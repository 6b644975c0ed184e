"""Requests that grow, or go deep: what they may cost is bounded, and their answer is a refusal."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping

import grpc
import httpx
import pytest

from ringback_server.api.table import SERVICES, Method
from tests.rpc.calls import PARENT, REQUESTS, status_of
from tests.security.attacked import SOON, Attacked
from tests.security.callers import Callers
from tests.security.scenes import Scene
from tests.security.stage import Stage

_MEBI = 1024 * 1024
#: bytes by which memory may grow while bombs are unpacked
_GROWTH = 200 * _MEBI
_BOMBS = 4


def raw(channel: grpc.Channel, path: str, body: bytes, authorization: str) -> grpc.StatusCode:
    """Send the bytes of a message, and return the status."""
    send = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        send(body, metadata=(("authorization", authorization),), timeout=SOON)
    except grpc.RpcError as error:
        return status_of(error)
    return grpc.StatusCode.OK


def test_messages_when_they_unfold(target: Attacked) -> None:
    """A few thousand bytes of gzip, 10 and 64 MB unpacked, are refused, many at a time too."""
    options = (
        ("grpc.default_compression_algorithm", 2),
        ("grpc.max_send_message_length", -1),
    )
    memory = target.memory
    with (
        grpc.insecure_channel(target.server.grpc, options=options) as channel,
        target.good_callers(),
    ):
        send = channel.unary_unary(
            "/ringback.v1.Workflows/ListWorkflows",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        metadata = (("authorization", f"Bearer {target.token}"),)
        for size in (10 * _MEBI, 64 * _MEBI):
            bomb = bytes(size)
            calls = [send.future(bomb, metadata=metadata, timeout=60.0) for _ in range(_BOMBS)]
            assert {grpc.StatusCode.RESOURCE_EXHAUSTED} == {each.code() for each in calls}
        grown = target.memory - memory

    assert grown < _GROWTH


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "identity, gzip"])
def test_body_when_it_is_compressed(coding: str, target: Attacked) -> None:
    """No body is unpacked: whatever it says, it is refused or taken as it is."""
    body = (zlib.compress if "deflate" in coding else gzip.compress)(bytes(10 * _MEBI))
    headers = {"Content-Encoding": coding, "Authorization": f"Bearer {target.token}"}
    memory = target.memory

    answers = [
        httpx.post(
            f"{target.server.http}{path}",
            content=body,
            headers={**headers, "Content-Type": kind},
            timeout=SOON,
        )
        for path, kind in (
            (f"/v1/{PARENT}/workflows?workflowId=w", "application/json"),
            ("/token", "application/x-www-form-urlencoded"),
        )
    ]

    assert [415, 400] == [answer.status_code for answer in answers]
    assert target.memory - memory < 5 * _MEBI


def nested(opening: str, closing: str, depth: int) -> bytes:
    """Return JSON of some depth."""
    return (opening * depth + "1" + closing * depth).encode()


DEEP: Mapping[str, bytes] = {
    "lists": nested("[", "]", 100_000),
    "objects": nested('{"a":', "}", 100_000),
    "lists without an end": nested("[", "", 500_000),
    "objects without an end": nested('{"a":', "", 300_000),
    "labels": b'{"labels":' + nested("[", "]", 100_000) + b"}",
    "source": b'{"sourceContents":' + nested('{"a":', "}", 100_000) + b"}",
    "YAML": json.dumps({"sourceContents": "- a: " + "[" * 60_000}).encode(),
    "YAML of objects": json.dumps({"sourceContents": "{a: " * 30_000}).encode(),
    "YAML of lists": json.dumps({"sourceContents": "- " * 60_000}).encode(),
    "YAML of aliases": json.dumps(
        {
            "sourceContents": "a0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
        }
    ).encode(),
    "expression": json.dumps(
        {"sourceContents": "- a:\n    return: ${" + "(" * 60_000 + "1" + ")" * 60_000 + "}"}
    ).encode(),
    "expression of signs": json.dumps(
        {"sourceContents": "- a:\n    return: ${" + "-" * 100_000 + "1}"}
    ).encode(),
    "many digits": b'{"labels":{"a":' + b"9" * 1_000_000 + b"}}",
    "huge exponent": b'{"labels":{"a":1e999999999}}',
    "surrogates": b'{"description":"\\ud800"}',
    "null bytes": b'{"description":"\\u0000"}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_document_when_it_is_deep(body: bytes, target: Attacked) -> None:
    """It is refused as a bad request, soon, and costs nobody else anything."""
    url = f"{target.server.http}/v1/{PARENT}/workflows?workflowId=deep"
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    with target.good_callers():
        answer = httpx.post(url, content=body, headers=headers, timeout=SOON)

    assert 400 == answer.status_code, answer.text[:500]


@pytest.mark.parametrize(
    "body",
    [nested("[", "]", 20_000), nested('{"a":', "}", 20_000), b"[" * 100_000, b"9" * 100_000],
    ids=["lists", "objects", "no end", "digits"],
)
def test_callback_when_it_is_deep(body: bytes, stage: Stage, callers: Callers) -> None:
    """A callback's body is taken as JSON or as text, whatever it holds; the execution goes on."""
    scene = Scene.of(stage)
    headers = {"Authorization": callers.right(), "Content-Type": "application/json"}

    answer = stage.http.post(f"/v1/{scene.callback}", content=body, headers=headers)
    url = f"/v1/{scene.execution}"
    execution = stage.http.get(url, headers={"Authorization": callers.right()})

    assert answer.status_code in {200, 400}, answer.text
    assert execution.is_success


@pytest.mark.parametrize("argument", [b"[" * 50_000, nested("[", "]", 20_000)])
def test_argument_when_it_is_deep(argument: bytes, stage: Stage, callers: Callers) -> None:
    """An argument of an execution is taken or refused."""
    scene = Scene.of(stage)
    answer = stage.http.post(
        f"/v1/{scene.workflow}/executions",
        json={"argument": argument.decode()},
        headers={"Authorization": callers.right()},
    )

    assert answer.status_code in {200, 400}, answer.text[:500]


UNARY = sorted(
    f"/{service.descriptor.full_name}/{name}"
    for service in SERVICES
    for name, method in service.methods.items()
    if isinstance(method, Method)
)
#: fields that nest, wire types that end nowhere, text that is no text
MESSAGES = {
    "groups": b"\x0b" * 10_000,
    "nested fields": b"\x0a\xff\xff\x7f" * 1_000,
    "endless number": b"\x08" + b"\xff" * 100,
    "length beyond the end": b"\x0a\xff\xff\xff\xff\x0f",
    "no wire type": b"\x0f",
    "field 0": b"\x02\x00",
    "not UTF-8": b"\x0a\x02\xff\xfe",
}


@pytest.mark.parametrize("path", UNARY)
def test_message_when_it_is_none(path: str, stage: Stage, callers: Callers) -> None:
    """What cannot be read is refused as any bad request, after the token and before all else."""
    for name, body in MESSAGES.items():
        right = raw(stage.channel, path, body, callers.right())
        stranger = raw(stage.channel, path, body, "Bearer not.a.token")

        assert grpc.StatusCode.UNAUTHENTICATED is stranger, name
        assert right is not grpc.StatusCode.INTERNAL, name
        assert right is not grpc.StatusCode.UNKNOWN, name


def test_unreadable_messages_when_nobody_needs_a_token(target: Attacked) -> None:
    """Health and reflection take them for questions about nothing."""
    with grpc.insecure_channel(target.server.grpc) as channel:
        for body in MESSAGES.values():
            code = raw(channel, "/grpc.health.v1.Health/Check", body, "")
            assert code in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OK}
            answers = channel.stream_stream(
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                request_serializer=bytes,
                response_deserializer=bytes,
            )(iter([body]), timeout=SOON)
            assert 1 == len(list(answers))


def test_requests_when_the_matrix_is_deep() -> None:
    """Every RPC above is one that the matrix has."""
    assert {f"/{'/'.join(name.rsplit('.', 1))}" for name in REQUESTS} >= set(UNARY)
