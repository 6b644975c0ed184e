"""Logins by a browser: requests, authorization codes and PKCE."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from ringback_server.auth.oauth.browsers import RedirectedError, UnknownClientError
from tests.auth.forge import opened
from tests.auth.instances import SCOPE, VIEWER
from tests.auth.oauth.desk import (
    BROWSER,
    CLI,
    OFFLINE,
    REDIRECT_URI,
    Desk,
    answered,
    asking,
    basic,
    challenge,
    redeeming,
)

INVALID = ("invalid_grant", 400)


def test_code_when_it_is_exchanged(desk: Desk) -> None:
    """It gives the tokens of the account that the login was approved as."""
    answer = desk.exchange(redeeming(desk.code()))

    principal = desk.authenticator.authenticate(str(answer["access_token"]))
    assert (VIEWER, OFFLINE) == (principal.email, answer["scope"])
    assert desk.refresh(str(answer["refresh_token"]))
    assert "id_token" not in answer


def test_code_when_it_is_used_again(desk: Desk) -> None:
    """What the first use gave is revoked (RFC 6749, 4.1.2)."""
    code = desk.code()
    answer = desk.exchange(redeeming(code))

    assert INVALID == desk.refusal(redeeming(code))
    assert not desk.counts(answer["access_token"])


WRONG_CODES = {
    "another verifier": {"code_verifier": "w" * 43},
    "a short verifier": {"code_verifier": "v" * 42},
    "a long verifier": {"code_verifier": "v" * 129},
    "another place": {"redirect_uri": "http://127.0.0.1:45679/callback"},
    "another code": {"code": "rbc_x"},
}


@pytest.mark.parametrize("changes", WRONG_CODES.values(), ids=WRONG_CODES.keys())
def test_code_when_something_else_is_wrong(desk: Desk, changes: dict[str, str]) -> None:
    """It is refused, and still counts for who has all of it."""
    code = desk.code()

    assert INVALID == desk.refusal(redeeming(code, **changes))
    assert desk.exchange(redeeming(code))


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier"])
def test_code_when_a_parameter_is_missing(desk: Desk, missing: str) -> None:
    """All of them are needed."""
    assert ("invalid_request", 400) == desk.refusal(redeeming(desk.code(), **{missing: ""}))


def test_code_when_it_is_late_or_of_another_client(desk: Desk) -> None:
    """It counts for a minute, for the client that it was given to."""
    code = desk.code()
    form = {name: value for name, value in redeeming(code).items() if name != "client_id"}
    assert INVALID == desk.refusal(form, basic(VIEWER, desk.secret()))
    desk.clock.advance(60)
    assert INVALID == desk.refusal(redeeming(code))


def test_answer_when_the_login_is_decided(desk: Desk) -> None:
    """The browser goes where the program said, with code, state and issuer, once."""
    browsers = desk.server.browsers
    browsers.begin(browsers.read(asking()), browser=BROWSER, address="a")
    login = browsers.waiting(BROWSER)
    assert login is not None
    assert browsers.end(login) is None
    desk.approve(browsers.user_code(login, BROWSER))
    decided = browsers.waiting(BROWSER)
    assert decided is not None
    location = browsers.end(decided)

    assert (location or "").startswith(f"{REDIRECT_URI}?")
    answer = answered(location)
    assert {"code", "state", "iss"} == answer.keys()
    assert ("s", "urn:ringback:one") == (answer["state"], answer["iss"])
    assert browsers.end(decided) is None
    assert browsers.waiting(BROWSER) is None


def test_answer_when_the_login_is_denied(desk: Desk) -> None:
    """The program hears that nobody was let in."""
    browsers = desk.server.browsers
    browsers.begin(browsers.read(asking()), browser=BROWSER, address="a")
    login = browsers.waiting(BROWSER)
    assert login is not None
    code = browsers.user_code(login, BROWSER)
    desk.approval.deny(desk.approval.find(code, "a"))
    decided = browsers.waiting(BROWSER)
    assert decided is not None

    assert "access_denied" == answered(browsers.end(decided))["error"]


def test_id_token_when_it_is_asked_for(desk: Desk) -> None:
    """It is for the program, and has the nonce of its request."""
    answer = desk.exchange(redeeming(desk.code(scope=f"openid {SCOPE}", nonce="n")))
    _, claims = opened(str(answer["id_token"]))

    assert (CLI, "n", VIEWER) == (claims["aud"], claims["nonce"], claims["email"])
    assert desk.unique_id(VIEWER) == claims["sub"]


UNKNOWN = {
    "no client": {"client_id": ""},
    "another client": {"client_id": VIEWER},
    "no place": {"redirect_uri": ""},
    "another path": {"redirect_uri": "http://127.0.0.1:1/other"},
    "another host": {"redirect_uri": "http://127.0.0.2:1/callback"},
    "a name": {"redirect_uri": "http://localhost:1/callback"},
    "another scheme": {"redirect_uri": "https://127.0.0.1:1/callback"},
    "a query": {"redirect_uri": "http://127.0.0.1:1/callback?a=b"},
    "a fragment": {"redirect_uri": "http://127.0.0.1:1/callback#a"},
    "a user": {"redirect_uri": "http://127.0.0.1@example.org:1/callback"},
    "a password": {"redirect_uri": "http://a:b@127.0.0.1:1/callback"},
    "no port number": {"redirect_uri": "http://127.0.0.1:x/callback"},
    "a large port": {"redirect_uri": "http://127.0.0.1:99999/callback"},
    "a padded port": {"redirect_uri": "http://127.0.0.1:080/callback"},
    "a backslash": {"redirect_uri": "http://127.0.0.1:1\\@example.org/callback"},
    "a space": {"redirect_uri": "http://127.0.0.1:1/callback "},
    "a new line": {"redirect_uri": "http://127.0.0.1:1/callback\r\nX: y"},
    "dots": {"redirect_uri": "http://127.0.0.1:1/x/../callback"},
}


@pytest.mark.parametrize("changes", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_request_when_nobody_may_be_told(desk: Desk, changes: dict[str, str]) -> None:
    """Without a known client and place, no browser is sent anywhere."""
    with pytest.raises(UnknownClientError):
        desk.server.browsers.read(asking(**changes))


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://[::1]:9/callback"]
)
def test_request_when_its_port_differs(desk: Desk, place: str) -> None:
    """On the loopback interface any port will do (RFC 8252, 7.3)."""
    assert place == desk.server.browsers.read(asking(redirect_uri=place)).redirection.redirect_uri


REDIRECTED = {
    "token": ({"response_type": "token"}, "unsupported_response_type"),
    "nothing": ({"response_type": ""}, "unsupported_response_type"),
    "fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "no challenge": ({"code_challenge": ""}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method": ({"code_challenge_method": ""}, "invalid_request"),
    "padded": ({"code_challenge": challenge() + "="}, "invalid_request"),
    "scope": ({"scope": "openid"}, "invalid_scope"),
    "object": ({"request": "x"}, "request_not_supported"),
    "object elsewhere": ({"request_uri": "https://x"}, "request_uri_not_supported"),
    "silence": ({"prompt": "none"}, "login_required"),
    "state": ({"state": "s" * 1001}, "invalid_request"),
    "nonce": ({"nonce": "\n"}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "error"), REDIRECTED.values(), ids=REDIRECTED.keys())
def test_request_when_the_program_may_be_told(
    desk: Desk, changes: dict[str, str], error: str
) -> None:
    """A known program hears what is wrong with its request."""
    with pytest.raises(RedirectedError) as caught:
        desk.server.browsers.read(asking(**changes))

    location = caught.value.location
    assert error == answered(location)["error"]
    assert "urn:ringback:one" == answered(location)["iss"]
    assert "127.0.0.1:45678" == urlsplit(location).netloc


def test_request_when_it_asks_for_offline_access_as_googles_do(desk: Desk) -> None:
    """`access_type=offline` is the scope offline_access."""
    asked = desk.server.browsers.read(asking(scope=SCOPE, access_type="offline"))

    assert OFFLINE == asked.scope
