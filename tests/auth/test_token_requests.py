"""What endpoints for Google's tokens may do to this server, and what they may have it say."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_server.auth import token_requests
from ringback_server.auth.google_tokens import GoogleTokens
from ringback_server.errors import RingbackError
from tests.engine.outbound.upstream import Connection, upstream
from tests.google_endpoint import GoogleEndpoint

#: too short to be told from a word
SHORT = "ya29.short"
GOOGLES = "google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT"
NONE = "no token of Google: the answer holds none"


@contextmanager
def tokens_from(talk: Callable[[Connection], None], directory: Path) -> Generator[GoogleTokens]:
    """Give what gets its tokens where a test says."""
    with upstream(talk) as server:
        path = GoogleEndpoint(server=server).key_file(directory / "key.json")
        yield GoogleTokens(str(path), loopback=True)


def refusal(talk: Callable[[Connection], None], directory: Path) -> str:
    """Return why there is no token."""
    with tokens_from(talk, directory) as tokens, pytest.raises(RingbackError) as caught:
        tokens.access_token(())
    return caught.value.message


def answering(status: int, body: bytes) -> Callable[[Connection], None]:
    """Return what answers every request so."""

    def talk(connection: Connection) -> None:
        while connection.read():
            connection.answer(status, body, {"Content-Type": "application/json"})

    return talk


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, f"<html>{SHORT}</html>", NONE),
        (200, f'["{SHORT}"]', NONE),
        (200, "7", NONE),
        (200, "[" * 50_000, NONE),
        (200, '{"access_token": {"a": 1}}', NONE),
        (200, '{"access_token": ""}', NONE),
        (200, '{"access_token": "a\\r\\nX-Other: b"}', NONE),
        (200, '{"access_token": "\\u20ac"}', NONE),
        (200, '{"access_token": "a", "expires_in": {}}', NONE),
        (200, '{"access_token": "a", "expires_in": 1e300}', NONE),
        (200, '{"expires_in": 1}', "no token of Google: No access token in response."),
        (403, f"<html>{SHORT}</html>", "no token of Google: HTTP status 403: "),
        (400, f'{{"access_token": "{SHORT}"}}', "no token of Google: HTTP status 400: "),
        (400, f"{SHORT}\n" * 5_000, "no token of Google: HTTP status 400: "),
        (400, "[" * 50_000, "no token of Google: HTTP status 400: "),
        (400, '{"error": "invalid_grant"}', "no token of Google: invalid_grant: the answer does"),
        (400, f'{{"error": "{"a b " * 500}"}}', "no token of Google: a b a b "),
        (
            403,
            '{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "not you"}}',
            "no token of Google: PERMISSION_DENIED: not you",
        ),
        (307, "", "no token of Google: HTTP status 307: "),
        (400, "x" * 100_000, "no token of Google: the answer has more than 65536 bytes"),
        (200, "x" * 100_000, "no token of Google: the answer has more than 65536 bytes"),
    ],
)
def test_answer_when_it_is_no_token(tmp_path: Path, status: int, body: str, why: str) -> None:
    """Whatever is answered is an error in one short line, with nothing that may be a secret."""
    message = refusal(answering(status, body.encode()), tmp_path)

    assert message.startswith(why)
    assert SHORT not in message
    assert len(message) < 350


def test_answer_when_it_is_an_id_token_that_makes_no_sense(tmp_path: Path) -> None:
    """What should have been a token is not told of."""
    body = json.dumps({"id_token": SHORT}).encode()
    with (
        tokens_from(answering(200, body), tmp_path) as tokens,
        pytest.raises(RingbackError, match=NONE),
    ):
        tokens.id_token("https://run.test")


def test_answer_when_it_leads_elsewhere(tmp_path: Path) -> None:
    """What is sent for a token goes to nobody whom the credentials do not name."""
    with upstream(answering(200, b"{}")) as other:

        def talk(connection: Connection) -> None:
            while connection.read():
                connection.answer(307, b"", {"Location": other.url("/")})

        message = refusal(talk, tmp_path)

    assert "HTTP status 307" in message
    assert [] == other.received


def test_answer_when_it_takes_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither silence nor a byte now and then holds up anybody for longer than a request may."""
    monkeypatch.setattr(token_requests, "_TIMEOUT", 0.2)

    def silent(connection: Connection) -> None:
        connection.read()
        connection.until_closed()

    def trickling(connection: Connection) -> None:
        connection.read()
        connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.write(b" ")

    assert "Read timed out" in refusal(silent, tmp_path)
    assert "no token of Google: the answer " in refusal(trickling, tmp_path)


def test_refusal_when_it_repeats_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that repeats a user's secrets does not bring them into errors."""
    secrets = {"client_secret": "GOCSPX-short", "refresh_token": "1//short"}
    error = {"error": "invalid_grant", "error_description": f"no {' '.join(secrets.values())}"}
    path = tmp_path / "user.json"
    with upstream(answering(400, json.dumps(error).encode())) as server:
        # A file cannot name another.
        monkeypatch.setattr(GOOGLES, server.url("/"))
        user = {"type": "authorized_user", "client_id": "a", **secrets}
        path.write_text(json.dumps(user))
        with pytest.raises(RingbackError, match=r"invalid_grant: no … …$"):
            GoogleTokens(str(path), loopback=True).access_token(())
