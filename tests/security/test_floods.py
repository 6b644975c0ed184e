"""HTTP/2 at its worst against the gRPC port: the server goes on to serve the others.

Rapid reset (CVE-2023-44487), CONTINUATION flood (CVE-2024-24549 and others), and the floods of
2019 (CVE-2019-9512 to 9518), each with bounded bytes.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import pytest

from tests.security.attacked import Attacked
from tests.security.frames import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    frame,
    message,
)
from tests.waiting import until

_BLOCK = block("/ringback.v1.Workflows/ListWorkflows")
#: bytes by which memory may grow, for a while
_GROWTH = 256 * 1024 * 1024
_PIECE = 65_536


def _streams(count: int) -> range:
    return range(1, 2 * count, 2)


FLOODS: Mapping[str, Callable[[], bytes]] = {
    "rapid reset": lambda: b"".join(
        frame(HEADERS, END_HEADERS, stream, _BLOCK) + frame(RST_STREAM, 0, stream, CANCEL)
        for stream in _streams(20_000)
    ),
    "reset by the server": lambda: b"".join(
        frame(HEADERS, END_HEADERS, stream, _BLOCK) + frame(WINDOW_UPDATE, 0, stream, bytes(4))
        for stream in _streams(20_000)
    ),
    "calls without a message": lambda: b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, _BLOCK) for stream in _streams(20_000)
    ),
    "calls without an end": lambda: b"".join(
        frame(HEADERS, END_HEADERS, stream, _BLOCK) for stream in _streams(20_000)
    ),
    "continuation": lambda: (
        frame(HEADERS, 0, 1, _BLOCK) + frame(CONTINUATION, 0, 1, b"\x10\x01a\x01b" * 200) * 8_000
    ),
    "empty continuation": lambda: (
        frame(HEADERS, 0, 1, _BLOCK) + frame(CONTINUATION, 0, 1) * 200_000
    ),
    "settings": lambda: frame(SETTINGS, payload=bytes.fromhex("000300000064")) * 100_000,
    "many settings": lambda: frame(SETTINGS, payload=bytes.fromhex("000300000064") * 2_700) * 300,
    "ping": lambda: frame(PING, payload=b"12345678") * 40_000,
    "window updates": lambda: frame(WINDOW_UPDATE, payload=(1).to_bytes(4, "big")) * 100_000,
    "priority": lambda: frame(PRIORITY, 0, 5, bytes(5)) * 100_000,
    "empty data": lambda: frame(HEADERS, END_HEADERS, 1, _BLOCK) + frame(DATA, 0, 1) * 200_000,
    "unknown frames": lambda: frame(0xFA, 0xFF, 0, bytes(100)) * 50_000,
}


def flood(connection: socket.socket, data: bytes) -> None:
    """Send all of it, and read what comes meanwhile, until it is sent or refused."""
    connection.settimeout(0)
    rest = memoryview(data)
    while rest:
        readable, writable, _ = select.select([connection], [connection], [], 5.0)
        if not readable and not writable:
            return
        try:
            if readable and not connection.recv(_PIECE):
                return
            if writable:
                rest = rest[connection.send(rest[:_PIECE]) :]
        except BlockingIOError:
            continue
        except ConnectionError:
            return


@pytest.mark.parametrize("name", FLOODS)
def test_good_callers_when_frames_flood_in(target: Attacked, name: str) -> None:
    """Others are served meanwhile, and nothing is left when the connection is."""
    data = FLOODS[name]()
    files, memory = target.files, target.memory

    with target.good_callers(), target.connect(PREFACE, edge="grpc") as connection:
        flood(connection, data)
        grown = target.memory - memory

    assert grown < _GROWTH
    until(lambda: target.files <= files + 8)


@pytest.mark.parametrize(
    ("path", "message_"),
    [
        ("/ringback.v1.Workflows/ListWorkflows", b""),
        ("/grpc.health.v1.Health/Check", b""),
        ("/grpc.health.v1.Health/Watch", b""),
        ("/grpc.health.v1.Health/Watch", frame(DATA, END_STREAM, 0, message(b""))),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b""),
    ],
    ids=[
        "calls without a message",
        "health without a question",
        "watches without a question",
        "watchers of health",
        "reflection without a question",
    ],
)
def test_good_callers_when_calls_are_held_open(
    target: Attacked, path: str, message_: bytes
) -> None:
    """Calls of strangers that do not end take no place of others, however many they are."""
    begun = block(path)
    with ExitStack() as stack, target.good_callers():
        # As many as would take all the calls that the server answers at once.
        for _ in range(10):
            connection = stack.enter_context(target.connect(PREFACE, edge="grpc"))
            for stream in _streams(1_000):
                number = stream.to_bytes(4, "big")
                rest = message_[:5] + number + message_[9:] if message_ else b""
                connection.sendall(frame(HEADERS, END_HEADERS, stream, begun) + rest)


def test_log_when_metadata_is_no_text(target: Attacked) -> None:
    """What is not UTF-8 in a call's metadata shows in no log: it may be a token."""
    secret = b"Bearer eyJsecretsecretsecret"
    for value in (secret + b"\xff", b"\x81" + secret, secret + b"\xc3"):
        call = frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            block("/ringback.v1.Workflows/ListWorkflows", ("authorization", value)),
        )
        with target.connect(PREFACE + call, edge="grpc") as connection:
            connection.settimeout(1.0)
            read = connection.recv(_PIECE)

        assert read

    assert b"eyJsecret" not in target.server.log.read_bytes()
