"""Redirects, and names that lead elsewhere the second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ringback_server.engine.outbound.exchange import MAX_REDIRECTS
from ringback_server.lang.http_exchange import FailureKind, HttpFailure
from tests.engine.outbound.upstream import (
    Connection,
    Talk,
    answer_to,
    answering,
    client,
    names,
    request,
    response_to,
    upstream,
)


def leading(where: Callable[[Connection], str], status: int = 302) -> Talk:
    """Redirect requests for `/old`, and answer others."""

    def talk(connection: Connection) -> None:
        while received := connection.read():
            if received.target == "/old":
                connection.answer(status, b"moved", {"Location": where(connection)})
            else:
                connection.answer(200, b"here")

    return talk


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_redirect_when_it_is_followed(method: str, status: int) -> None:
    """GET and HEAD follow a redirect, relative ones too, and keep their headers at one origin."""
    with upstream(leading(lambda _: "new?x=1#part", status)) as server, client() as running:
        sent = request(server.url("/old"), method, headers={"Authorization": "Bearer t"})
        response = response_to(running, sent)

    assert 200 == response.code
    assert [("/old", "Bearer t"), ("/new?x=1", "Bearer t")] == [
        (received.target, received.headers["authorization"]) for received in server.received
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_redirect_when_the_method_does_not_follow(method: str) -> None:
    """Other methods get the redirect as their answer."""
    with upstream(leading(lambda _: "/new")) as server, client() as running:
        response = response_to(running, request(server.url("/old"), method))

    assert (302, b"moved", 1) == (response.code, response.body, len(server.received))


def test_redirect_when_it_leads_to_another_origin() -> None:
    """Credentials stay with the origin they were meant for."""
    headers = {"Authorization": "Bearer t", "cookie": "c", "X-Other": "kept"}
    with (
        upstream(answering(200, b"there")) as there,
        upstream(leading(lambda _: there.url("/new"))) as here,
        client() as running,
    ):
        response = response_to(running, request(here.url("/old"), headers=headers))

    assert b"there" == response.body
    assert {"authorization", "cookie"}.isdisjoint(there.received[0].headers)
    assert "kept" == there.received[0].headers["x-other"]


def test_redirect_when_there_is_no_end_of_it() -> None:
    """After ten redirects the next one is the answer."""
    with upstream(leading(lambda _: "/old")) as server, client() as running:
        response = response_to(running, request(server.url("/old")))

    assert (302, MAX_REDIRECTS + 1) == (response.code, len(server.received))


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://169.254.169.254/latest/meta-data", FailureKind.REFUSED),
        ("http://[::ffff:169.254.169.254]/", FailureKind.REFUSED),
        ("http://metadata.google.internal/", FailureKind.REFUSED),
        ("//10.0.0.1/", FailureKind.REFUSED),
        ("http://2852039166/", FailureKind.REFUSED),
        ("file:///etc/passwd", FailureKind.INVALID),
        ("gopher://127.0.0.1:25/", FailureKind.INVALID),
        ("http://user:word@127.0.0.1/", FailureKind.INVALID),
    ],
)
def test_redirect_when_it_leads_where_nothing_may_go(location: str, kind: FailureKind) -> None:
    """Each redirect is checked like the first URL."""
    with upstream(leading(lambda _: location)) as server, client() as running:
        answer = answer_to(running, request(server.url("/old")))

    assert isinstance(answer, HttpFailure)
    assert kind is answer.kind
    assert 1 == len(server.received)


def test_name_when_its_address_changes_after_the_check() -> None:
    """A name is resolved once for a connection, which goes to the address that was checked."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with upstream(answering(200, b"x")) as server, client(resolve=resolve) as running:
        first = response_to(running, request(server.url(host="changing.test")))
        # The kept connection leads to the checked address still.
        second = response_to(running, request(server.url(host="changing.test")))

    assert ([200, 200], ["changing.test"]) == ([first.code, second.code], asked)
    assert f"changing.test:{server.port}" == server.received[0].headers["host"]


def test_name_when_its_address_changes_with_a_redirect() -> None:
    """The address of a new connection is checked again, also for a name that was allowed."""
    answers = iter((["127.0.0.1"], ["10.0.0.1", "169.254.169.254"]))

    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return next(answers)

    def once(connection: Connection) -> None:
        connection.read()
        connection.answer(302, b"", {"Location": "/next", "Connection": "close"})

    with upstream(once) as server, client(resolve=resolve) as running:
        answer = answer_to(running, request(server.url(host="changing.test")))

    assert isinstance(answer, HttpFailure)
    assert FailureKind.REFUSED is answer.kind


def test_name_when_some_of_its_addresses_are_forbidden() -> None:
    """Of several addresses only those are tried that may be."""
    known = names({"mixed.test": ["169.254.169.254", "10.0.0.1", "127.0.0.1"]})
    with upstream(answering(200, b"x")) as server, client(resolve=known) as running:
        assert 200 == response_to(running, request(server.url(host="mixed.test"))).code
