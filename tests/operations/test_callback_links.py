"""Links for whoever is to answer, by the command line and the library, against a whole server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback.v1.callbacks_pb2 import Callback
from ringback_client import AsyncClient, Client, RequestError
from ringback_client.cli.app import run
from tests.auth.forge import opened
from tests.operations.running import WAITS, Running, running

SEND = "workflows.callbacks.send"
DAY = 86_400
INVOKER = "invoker@local.iam.gserviceaccount.com"

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server that the command line finds from the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        yield started


@pytest.fixture
def execution(server: Running) -> str:
    """Start an execution that waits."""
    server.deploy(WAITS)
    return server.start()


def printed(capsys: Captured, *arguments: str, code: int = 0) -> str:
    """Run a command that ends as expected; return what it printed, or said if it failed."""
    capsys.readouterr()
    found = run(arguments)
    output = capsys.readouterr()
    assert code == found, output.err
    return output.err if code else output.out.strip()


def lifetime(token: str) -> object:
    """Return how long a token is valid, in seconds."""
    _, claims = opened(token)
    end, begin = claims["exp"], claims["iat"]
    assert isinstance(end, int)
    assert isinstance(begin, int)
    return end - begin


@pytest.mark.parametrize(("ttl", "seconds"), [("24h", DAY), ("90d", 90 * DAY), ("600", 600)])
def test_print_access_token_for_one_callback(
    server: Running, execution: str, capsys: Captured, ttl: str, seconds: int
) -> None:
    """Of a callback's URL or its name, with its method; curl sends with it."""
    del server
    url = printed(capsys, "callbacks", "wait", execution)
    name = url.partition("/v1/")[2]
    words = ("--permission", SEND, "--method", "post", "--ttl", ttl)
    for callback in (url, name):
        token = printed(capsys, "auth", "print-access-token", "--resource", callback, *words)
        _, claims = opened(token)
        assert (name, "POST", [SEND]) == (
            claims["resource"],
            claims["method"],
            claims["permissions"],
        )
        assert seconds == lifetime(token)


@pytest.mark.usefixtures("server")
def test_print_access_token_when_there_is_no_such_callback(
    execution: str, capsys: Captured
) -> None:
    """It is made, and said to open nothing."""
    absent = ("--resource", f"{execution}/callbacks/absent", "--permission", SEND)
    capsys.readouterr()

    assert 0 == run(["auth", "print-access-token", *absent])
    assert "There is no such callback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--ttl", "2h"), 1, "86400"),
        (("--ttl", "25h", "--resource", "projects/local"), 1, "7776000"),
        (("--ttl", "soon"), 2, "10m"),
        (("--resource", "w"), 2, "full name"),
        (("--method", "POST"), 1, SEND),
        (("--method", "TRACE", "--permission", SEND), 1, "PATCH"),
    ],
)
@pytest.mark.usefixtures("server")
def test_print_access_token_with_what_none_has(
    capsys: Captured, words: tuple[str, ...], code: int, why: str
) -> None:
    """What is wrong is said, with what would do."""
    assert why in printed(capsys, "auth", "print-access-token", *words, code=code)


def test_callbacks_list_with_tokens(server: Running, execution: str, capsys: Captured) -> None:
    """Each endpoint comes with a link, and only when it is asked for."""
    printed(capsys, "callbacks", "wait", execution)
    listed = ("callbacks", "list", execution, "--format", "json")
    (plain,) = json.loads(printed(capsys, *listed))
    (found,) = json.loads(printed(capsys, *listed, "--with-tokens", "--ttl", "30d"))
    table = printed(capsys, "callbacks", "list", execution, "--with-tokens")
    misused = printed(capsys, *listed, "--ttl", "30d", code=2)
    answer = server.http.post(
        found["url"], headers={"Authorization": f"Bearer {found['accessToken']}"}
    )

    assert {"accessToken", "accessTokenExpireTime"} == found.keys() - plain.keys()
    assert (30 * DAY, 200) == (lifetime(found["accessToken"]), answer.status_code)
    assert ["METHOD", "URL", "EXPIRES", "TOKEN"] == table.splitlines()[0].split()
    assert "--with-tokens" in misused


def test_links_of_the_library(execution: str) -> None:
    """Both clients make them, of what they listed."""

    async def asynchronously() -> list[Callback]:
        async with AsyncClient() as client:
            return [one async for one in client.callbacks(execution, token_lifetime=60)]

    with Client() as client:
        found = client.wait_for_callback(execution, timeout=5)
        (listed,) = client.callbacks(execution, token_lifetime=DAY)
        token = client.generate_access_token(
            INVOKER, seconds=DAY, permissions=[SEND], resource=found, method=found.method
        )
    (again,) = asyncio.run(asynchronously())
    with Client(credentials=token) as partner:
        with pytest.raises(RequestError, match="denied"):
            partner.get(execution)
        partner.send_callback(found, {"parcel": 7})

    assert (DAY, 60) == (lifetime(listed.access_token), lifetime(again.access_token))
    assert "" == found.access_token


def test_link_in_logs_and_in_data(
    server: Running, execution: str, capsys: Captured, tmp_path: Path
) -> None:
    """What is made and used stands in no file of the server."""
    url = printed(capsys, "callbacks", "wait", execution)
    token = printed(capsys, "auth", "print-access-token", "--permission", SEND, "--resource", url)
    listed = printed(capsys, "callbacks", "list", execution, "--with-tokens", "--format=json")
    tokens = (token, json.loads(listed)[0]["accessToken"])
    for each in tokens:
        server.http.post(url, headers={"Authorization": f"Bearer {each}"})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert files
    assert [] == [
        path
        for path in files
        for each in tokens
        if each.rpartition(".")[2].encode() in path.read_bytes()
    ]


def test_print_access_token_with_a_token_that_is_good_for_less(
    server: Running, execution: str, capsys: Captured, tmp_path: Path
) -> None:
    """Who has a token and no key makes one of it that is good for less, and for no more."""
    url = printed(capsys, "callbacks", "wait", execution)
    bounds = ("--permission", SEND, "--resource", url, "--ttl", "90d")
    token = printed(capsys, "auth", "print-access-token", *bounds)
    (tmp_path / "token").write_text(token)
    held = ("auth", "print-access-token", "--access-token-file", str(tmp_path / "token"))
    same = printed(capsys, *held)
    narrower = printed(capsys, *held, "--method=POST", "--ttl=1h")
    refused = printed(capsys, *held, "--resource=projects/local", code=1)
    answer = server.http.post(url, headers={"Authorization": f"Bearer {narrower}"})

    assert token == same
    assert ("POST", 3600) == (opened(narrower)[1]["method"], lifetime(narrower))
    assert 200 == answer.status_code
    assert "never good for more" in refused
