"""Connections that do nothing, as many as there may be: the server serves, and forgets them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from resource import RLIMIT_NOFILE, getrlimit, setrlimit

import pytest

from tests.security.attacked import Attacked
from tests.waiting import until

_MOST = 10_000
#: where opening them takes longer
_MANY = 3_000
#: files of either process that are no connections
_OTHERS = 200
#: connections that may still be on their way, or were closed for taking too long
_LATE = 100
#: bytes that an idle connection may cost the server
_EACH = 40 * 1024
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")


@pytest.fixture
def count() -> Iterator[int]:
    """Return how many connections this process can open, and the server hold."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (hard, hard))
    yield min(_MOST, hard // 2 - _OTHERS)
    setrlimit(RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("edge", "beginning", "most"),
    [("http", b"", _MOST), ("http", b"GET / HTTP/1.1\r\n", _MANY), ("grpc", _HTTP2, _MANY)],
    ids=["nothing", "half a head", "HTTP/2"],
)
def test_good_callers_when_others_hold_connections(
    target: Attacked, count: int, edge: str, beginning: bytes, most: int
) -> None:
    """Good callers are served meanwhile, and afterwards nothing is left of the others."""
    count = min(count, most)
    files, memory = target.files, target.memory
    with ExitStack() as stack, target.good_callers():
        for _ in range(count):
            stack.enter_context(target.connect(beginning, edge=edge))
        until(lambda: target.files >= files + count - _LATE)
        grown = target.memory - memory

    assert grown < count * _EACH
    until(lambda: target.files <= files + 8)


def test_memory_when_connections_come_again(target: Attacked) -> None:
    """What connections cost is used again for the next ones."""
    sizes: list[int] = []
    files = target.files
    for _ in range(4):
        with ExitStack() as stack:
            for _ in range(_MANY // 3):
                stack.enter_context(target.connect(b"GET / HTTP/1.1\r\n"))
            until(lambda: target.files >= files + _MANY // 3)
        until(lambda: target.files <= files + 8)
        sizes.append(target.memory)

    assert sizes[-1] <= sizes[0] * 1.25
