"""Google's tokens, by Google's own library, from a token endpoint on the loopback interface."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from ringback_server.auth.google_tokens import DEFAULT, GoogleTokens
from ringback_server.errors import RingbackError
from tests.auth.instances import SCOPE
from tests.google_endpoint import EMAIL, google_endpoint

USER = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}


def loaded(source: Path | str, *, loopback: bool = False) -> GoogleTokens:
    """Return what gets tokens."""
    return GoogleTokens(str(source), loopback=loopback)


def test_access_token_when_scopes_are_asked_for(tmp_path: Path) -> None:
    """An access token has the scopes asked for, by default that of all Google Cloud."""
    with google_endpoint() as google:
        tokens = loaded(google.key_file(tmp_path / "key.json"))
        first = tokens.access_token(())
        second = tokens.access_token(("a", "b"))

    assert [first.token, second.token] == google.tokens
    assert [(EMAIL, SCOPE), (EMAIL, "a b")] == [(c["iss"], c["scope"]) for c in google.asked]
    assert abs(first.expire_time - time.time() - google.lifetime) < 60
    assert first.token not in repr(first)


def test_id_token_when_an_audience_is_asked_for(tmp_path: Path) -> None:
    """An ID token is for the audience asked for."""
    with google_endpoint() as google:
        found = loaded(google.key_file(tmp_path / "key.json")).id_token("https://run.test")

    assert ([found.token], "https://run.test") == (
        google.tokens,
        google.asked[0]["target_audience"],
    )
    assert abs(found.expire_time - time.time() - google.lifetime) < 60


def test_tokens_when_credentials_are_the_default_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`default` finds what Google's libraries find, for both kinds of tokens."""
    with google_endpoint() as google:
        path = google.key_file(tmp_path / "key.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        tokens = loaded(DEFAULT)
        found = [tokens.access_token(("a",)).token, tokens.id_token("https://run.test").token]

    assert google.tokens == found


def test_token_when_the_endpoint_refuses(tmp_path: Path) -> None:
    """A refusal says why, and nothing of what was sent."""
    with google_endpoint() as google:
        google.failing_for = ""
        tokens = loaded(google.key_file(tmp_path / "key.json"))
        with pytest.raises(RingbackError, match="no token of Google: invalid_grant: no:") as caught:
            tokens.access_token(())

    assert [] == [word for word in google.assertions if word in caught.value.message]


def test_token_when_the_endpoint_is_not_there(tmp_path: Path) -> None:
    """An endpoint that does not answer is told of."""
    with google_endpoint() as google:
        tokens = loaded(google.key_file(tmp_path / "key.json"))
    with pytest.raises(RingbackError, match="no token of Google: Connection refused"):
        tokens.id_token("https://run.test")


def test_id_token_when_credentials_are_a_user_s(tmp_path: Path) -> None:
    """A user's credentials give no ID tokens, and nobody else's are taken for it."""
    path = tmp_path / "user.json"
    path.write_text(json.dumps(USER))
    with pytest.raises(RingbackError, match="give no ID tokens"):
        loaded(path).id_token("https://run.test")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[]", "does not hold credentials"),
        ("{}", "does not hold credentials"),
        ("{", "is not JSON"),
        ("\x00\xff", "is not JSON"),
        ("[" * 100_000, "does not hold credentials"),
        ('{"type": "impersonated_service_account"}', "does not hold credentials"),
        ('{"type": "service_account", "token_uri": 5}', "token_uri must begin with https://"),
        (
            '{"type": "service_account", "token_uri": "http://169.254.169.254/x"}',
            "token_uri must begin with https://, or lead to this machine",
        ),
        (
            '{"type": "external_account", "token_url": "http://10.0.0.1/x"}',
            "token_url must begin with https://",
        ),
        (
            '{"type": "x", "source_credentials": {"type": "y", "token_uri": "https://"}}',
            "token_uri must begin with https://",
        ),
        ('{"type": "service_account"}', "missing fields"),
        ('{"type": "of_another_kind"}', "valid type"),
    ],
)
def test_credentials_when_a_file_is_not_of_them(tmp_path: Path, content: str, why: str) -> None:
    """A file that holds no credentials is refused when it is loaded."""
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=why):
        loaded(path)


def test_credentials_when_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing is told of, and so are default credentials that point nowhere."""
    with pytest.raises(ValueError, match=r"key\.json: No such file"):
        loaded(tmp_path / "key.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(ValueError, match=r"cannot use default: .*not found"):
        loaded(DEFAULT)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "HOME"):
        monkeypatch.setenv(name, "" if name.startswith("GOOGLE") else str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(ValueError, match=r"see https://\S*cloud\.google\.com/\S+ for more"):
        loaded(DEFAULT)


@pytest.mark.parametrize("missing", ["google.auth", "requests"])
def test_credentials_when_the_library_is_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Without google-auth, or what it sends requests with, the extra to install is named."""
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "google.auth.transport.requests", raising=False)
    with pytest.raises(ValueError, match=r"pip install 'ringback\[google\]'"):
        loaded(DEFAULT)


@pytest.mark.parametrize(
    "url",
    ["https://storage.googleapis.com/b", "https://x-y.p.googleapis.com:443/", "http://[::1]:1/"],
)
def test_check_when_an_access_token_may_go_there(tmp_path: Path, url: str) -> None:
    """Google's services, and this machine's as long as it is its own, get access tokens."""
    with google_endpoint() as google:
        loaded(google.key_file(tmp_path / "key.json"), loopback=True).check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.googleapis.com/",
        "https://storagegoogleapis.com/",
        "https://storage.googleapis.com.evil.test/",
        "https://evil.test/?x=.googleapis.com",
        "http://127.0.0.1:8085/",
    ],
)
def test_check_when_an_access_token_must_not_go_there(tmp_path: Path, url: str) -> None:
    """Nobody else gets an access token, nor does a service of Google's in plain text."""
    with google_endpoint() as google:
        tokens = loaded(google.key_file(tmp_path / "key.json"))
        with pytest.raises(RingbackError, match="are not sent to"):
            tokens.check(url)
