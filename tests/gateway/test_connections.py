"""The bounds of connections to the HTTP port, in the order in which they are closed."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager

from starlette.types import Receive

from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.connections import Connections
from ringback_server.gateway.exchange import Endpoint, HttpRequest
from ringback_server.gateway.protocol import MAX_HEADERS
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.setting_values import Address
from tests.edges import LOOPBACK

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Noted:
    """A connection that notes whether it was closed."""

    closed = False

    def make_room(self) -> None:
        """Note it."""
        self.closed = True


async def _empty(_request: HttpRequest, _receive: Receive) -> Answer:
    return json_answer({})


@contextmanager
def serving(most: int) -> Generator[Address]:
    """Serve something with at most so many connections."""
    listener = listen(LOOPBACK)
    server = HttpServer(listener, Endpoint(_empty), Workers(threads=1), max_connections=most)
    server.start()
    try:
        yield address_of(listener, LOOPBACK)
    finally:
        server.stop(1.0)


def connected(address: Address, sent: bytes = b"") -> socket.socket:
    """Connect and send something."""
    connection = socket.create_connection((address.host, address.port), 5.0)
    connection.sendall(sent)
    return connection


def answers(connection: socket.socket, count: int = 1) -> bool:
    """Tell whether so many answers come, all of them good."""
    come = b""
    while come.count(b"{}") < count:
        come += connection.recv(65_536)
    return come.count(b"HTTP/1.1 200 ") == count


def test_connection_when_there_are_too_many() -> None:
    """The one that has kept the server waiting longest goes, and none that is being answered."""
    held = Connections(3)
    first, second, third, fourth, fifth = many = [Noted() for _ in range(5)]
    for one in many[:3]:
        held.came(one)
    held.works(first)
    held.waits(second)

    held.came(fourth)
    assert [third] == [one for one in many if one.closed]
    held.went(third)
    held.works(second)
    held.works(fourth)

    held.came(fifth)
    assert [third, fifth] == [one for one in many if one.closed]
    held.went(fifth)
    assert "<Connections 3 of 3, 0 wait>" == repr(held)


def test_request_when_connections_are_held_by_others() -> None:
    """Idle connections shut nobody out, nor do heads and bodies that never end."""
    beginnings = (b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1", GET)
    with serving(8) as address:
        held = [connected(address, beginnings[number % 4]) for number in range(40)]
        with connected(address, GET) as last:
            assert answers(last)
            last.sendall(GET)
            assert answers(last)
        for one in held:
            one.close()


def test_connection_when_it_is_used_again_and_again() -> None:
    """Requests one after another, also sent at once, are one connection."""
    with serving(2) as address, connected(address, GET * 3) as connection:
        assert answers(connection, 3)
        connection.sendall(GET)
        assert answers(connection)


def test_request_when_it_has_many_headers() -> None:
    """So many headers are read, and one more is refused."""
    with serving(2) as address:
        for count, expected in ((MAX_HEADERS - 1, b"200"), (MAX_HEADERS, b"431")):
            head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * count + b"\r\n"
            with connected(address, head) as connection:
                assert expected == connection.recv(65_536).split(b" ")[1]
