"""The way of a browser to an OpenID provider and back."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.person_logins import PersonLogin, PersonRule
from ringback_server.clock import SystemClock
from ringback_server.gateway.oauth_routes import Providers
from ringback_server.issuer_keys import fetched_keys
from tests.auth.oauth.desk import CLI, answered, asking
from tests.edges import http_edge
from tests.gateway.browsers import Browser, fields_of, onward
from tests.oidc_issuer import AUDIENCE, DISCOVERY, IssuerKey, LocalIssuer, local_issuer
from tests.services import VIEWER, Service

_GONE = "gone@local.iam.gserviceaccount.com"


@dataclass(slots=True)
class _Way:
    """A browser at a server, and the provider that it is sent to."""

    browser: Browser
    provider: LocalIssuer

    def wait(self) -> httpx.Response:
        """Begin the login of a program; return the page on which the browser waits."""
        self.browser.begin(str(httpx.URL("/authorize", params=asking())))
        return self.browser.get("/authorize/wait")

    def leave(self, page: httpx.Response, **more: str) -> dict[str, str]:
        """Go to the provider; return what it is asked."""
        place = onward(self.browser.send_to_provider(page, **more))
        assert place.startswith(f"{self.provider.url}/auth?")
        return {name: value for name, (value,) in parse_qs(urlsplit(place).query).items()}

    def back(
        self, asked: dict[str, str], browser: Browser | None = None, /, **claims: object
    ) -> httpx.Response:
        """Come back with a code, which is worth an ID token with some claims changed."""
        good = {"aud": "people", "nonce": asked["nonce"], "sub": "ada", **claims}
        now, key = SystemClock().now(), self.provider.keys[0]
        header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
        token = self.provider.token(now, good, header=header)
        self.provider.put("/token", {"id_token": token, "access_token": "x"})
        answer = {"state": asked["state"], "code": "c"}
        return (browser or self.browser).client.get("/oauth/callback", params=answer)


@pytest.fixture
def way(service: Service) -> Generator[_Way]:
    """Open a browser at a server with a provider."""
    with local_issuer(IssuerKey.new()) as provider:
        document = {
            **provider.discovery,
            "authorization_endpoint": f"{provider.url}/auth",
            "token_endpoint": f"{provider.url}/token",
        }
        provider.put(DISCOVERY, document)
        issuer = ExternalIssuer(
            name="staff",
            url=provider.url,
            audiences=frozenset({AUDIENCE}),
            login=PersonLogin(
                client_id="people", rules=(_rule("ada", VIEWER), _rule("bob", _GONE))
            ),
        )
        keys = fetched_keys([issuer], SystemClock())
        keys.start()
        try:
            with http_edge(service, Providers(issuers=(issuer,), keys=keys)) as client:
                browser = Browser(str(client.base_url))
                with browser.client:
                    yield _Way(browser, provider)
        finally:
            keys.close()


def _rule(subject: str, account: str) -> PersonRule:
    condition = Condition(ClaimPath(("sub",)), (Pattern.of(subject),))
    return PersonRule(conditions=(condition,), account=account)


def test_login_when_the_provider_says_who_it_is(way: _Way) -> None:
    """The browser goes on to the program with a code, and the same answer counts no second time."""
    asked = way.leave(way.wait())

    back = way.back(asked)

    assert (303, "/authorize/wait") == (back.status_code, back.headers["Location"])
    assert "code" in answered(way.browser.end())
    assert 400 == way.back(asked).status_code


def test_device_login_when_the_code_is_confirmed(way: _Way) -> None:
    """Nobody goes to the provider who has not said that the code is theirs."""
    shown = way.browser.client.post("/device_authorization", data={"client_id": CLI}).json()
    page = way.browser.send(way.browser.get("/device"), user_code=shown["user_code"])

    assert 400 == way.browser.send_to_provider(page).status_code
    assert 404 == (
        way.browser.send_to_provider(page, confirmed="yes", user_code="BBBB-BBBB").status_code
    )
    done = way.back(way.leave(page, confirmed="yes"))
    assert (200, True) == (done.status_code, VIEWER in done.text)


def test_device_page_when_the_code_is_that_of_a_browser(way: _Way) -> None:
    """A login by a browser is approved in that browser: no other is offered a way to."""
    code = way.browser.begin(str(httpx.URL("/authorize", params=asking())))
    page = way.browser.send(way.browser.get("/device"), user_code=code)

    assert "Log in with" not in page.text
    form = {"provider": "staff", "user_code": code, "confirmed": "yes"}
    form["csrf"] = fields_of(way.browser.get("/device"))["csrf"]
    assert 400 == way.browser.client.post("/authorize/provider", data=form).status_code


def test_form_when_it_is_not_from_our_page(way: _Way) -> None:
    """No other site can send a browser to a provider, and no name is one but those offered."""
    page = way.wait()
    fields = fields_of(page)
    post = way.browser.client.post

    assert 403 == post("/authorize/provider", data={**fields, "csrf": "0" * 64}).status_code
    foreign = {"Origin": "https://example.org"}
    assert 403 == post("/authorize/provider", data=fields, headers=foreign).status_code
    assert 400 == way.browser.send_to_provider(page, provider="other").status_code
    assert [405, 405] == [
        way.browser.get("/authorize/provider").status_code,
        post("/oauth/callback").status_code,
    ]


def test_answer_when_another_browser_brings_it(way: _Way) -> None:
    """What one browser was given cannot be used in another, which has another login."""
    asked = way.leave(way.wait())
    other = Browser(str(way.browser.client.base_url))
    with other.client:
        assert 400 == way.back(asked, other).status_code
        other.begin(str(httpx.URL("/authorize", params=asking())))
        assert 400 == way.back(asked, other).status_code

    assert 303 == way.back(asked).status_code


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "n"}, "cannot be verified"),
        ({"aud": "orders"}, "cannot be verified"),
        ({"sub": "eve"}, "You are principal://staff/subject/eve, and no rule lets you in here"),
        ({"sub": "<b>"}, "principal://staff/subject/&lt;b&gt;"),
        ({"sub": "bob"}, "your account is gone or disabled"),
    ],
)
def test_login_when_the_person_is_not_let_in(
    way: _Way, claims: dict[str, object], said: str
) -> None:
    """A page says why, and the login waits on."""
    refused = way.back(way.leave(way.wait()), None, **claims)

    assert (403, True) == (refused.status_code, said in refused.text), refused.text
    assert 200 == way.browser.get("/authorize/wait").status_code


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error": "invalid_grant"}', "refuses to log you in"),
        (302, b"", "refuses to log you in"),
        (200, b"<html>", "cannot be used"),
        (200, b"{}", "no ID token"),
        (200, b"x" * (300 * 1024), "refuses to log you in"),
        (200, b'{"id_token": "x"}', "cannot be verified"),
    ],
)
def test_login_when_the_provider_answers_a_code_with_nothing_of_use(
    way: _Way, status: int, body: bytes, said: str
) -> None:
    """A page says so, whatever it is."""
    asked = way.leave(way.wait())
    way.provider.put("/token", body, status, Location=f"{way.provider.url}/keys")

    answer = {"state": asked["state"], "code": "c"}
    refused = way.browser.client.get("/oauth/callback", params=answer)

    assert refused.status_code in {400, 403}
    assert said in refused.text


def test_login_when_the_provider_is_not_understood(way: _Way) -> None:
    """Without a discovery document nobody goes anywhere, and the login waits on."""
    way.provider.put(DISCOVERY, {"issuer": "https://example.org"})
    page = way.wait()

    assert "cannot be used" in way.browser.send_to_provider(page).text
    assert 200 == way.browser.get("/authorize/wait").status_code


def test_pages_when_there_is_no_provider(service: Service) -> None:
    """Nothing is offered, and nothing is taken."""
    with http_edge(service) as client:
        browser = Browser(str(client.base_url))
        with browser.client:
            browser.begin(str(httpx.URL("/authorize", params=asking())))
            assert "Log in with" not in browser.get("/authorize/wait").text
            assert 400 == browser.get("/oauth/callback?state=s&code=c").status_code
