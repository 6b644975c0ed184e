"""Logins through an OpenID provider: what it is asked, and which of its answers count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.oauth.opaque import digest, user_code_digest
from ringback_server.auth.oauth.provider_documents import (
    Endpoints,
    ProviderError,
    read_endpoints,
    read_id_token,
)
from ringback_server.auth.oauth.provider_logins import Attempt, Person, ProviderLogins
from ringback_server.auth.person_logins import PersonLogin, PersonRule
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.errors import OverloadedError
from ringback_server.model.logins import Login
from tests.auth.foreign_door import Keys
from tests.auth.instances import ADMIN, URL, VIEWER
from tests.auth.oauth.desk import Desk, challenge
from tests.oidc_issuer import AUDIENCE, IssuerKey, LocalIssuer, key_set
from tests.replacing import replace

_CLIENT = "people"
_COOKIE = "c" * 43
_PART = "a:b"
_ENDPOINTS = Endpoints(
    authorization="https://login.example.org/auth?tenant=a",
    exchange="https://login.example.org/token",
)


def _condition(claim: str, wanted: str) -> Condition:
    return Condition(ClaimPath.parse(claim), (Pattern.of(wanted),))


@dataclass(slots=True)
class _Through:
    """A way to log in at a desk."""

    desk: Desk
    provider: LocalIssuer
    issuer: ExternalIssuer
    keys: Keys
    logins: ProviderLogins

    def login(self) -> Login:
        """Begin a login of a device, and return it."""
        code = user_code_digest(str(self.desk.device()["user_code"]))
        login = self.desk.store.logins.by_user_code(code or b"")
        assert login is not None
        return login

    def begin(self, login: Login | None = None, browser: str = _COOKIE) -> dict[str, str]:
        """Send a browser to the provider; return what it asks there."""
        place = self.logins.begin(self.issuer, _ENDPOINTS, login or self.login(), browser)
        return {name: value for name, (value,) in parse_qs(urlsplit(place).query).items()}

    def token(self, asked: dict[str, str], **claims: object) -> str:
        """Sign a good ID token, its claims changed."""
        header = self.header(typ=claims.pop("typ", "JWT"))
        good = {"aud": _CLIENT, "nonce": asked["nonce"], "sub": "ada", **claims}
        return self.provider.token(self.desk.clock.now(), good, header=header)

    def header(self, **changes: object) -> dict[str, Any]:
        """Return the header of an ID token."""
        key = self.provider.keys[0]
        return {"alg": key.algorithm, "kid": key.kid, **changes}

    def refusal(self, **claims: object) -> Refusal:
        """Return why an ID token with other claims does not count."""
        asked = self.begin()
        attempt = self.logins.take({"state": asked["state"]}, _COOKIE)
        with pytest.raises(TokenError) as caught:
            self.logins.person(attempt, self.token(asked, **claims))
        return caught.value.refusal

    def without_answer(self, answer: dict[str, str], browser: str = _COOKIE) -> str:
        """Return what a person is told whose browser brings an answer that does not count."""
        with pytest.raises(ProviderError) as caught:
            self.logins.take(answer, browser)
        return str(caught.value)


@pytest.fixture
def through(desk: Desk) -> _Through:
    """Return a way that lets ada in as VIEWER, and admins as ADMIN."""
    provider = LocalIssuer("https://login.example.org", [IssuerKey.new()])
    rules = (
        PersonRule(conditions=(_condition("groups", "admins"),), account=ADMIN),
        PersonRule(conditions=(_condition("sub", "ada"),), account=VIEWER),
    )
    issuer = ExternalIssuer(
        name="one",
        url=provider.url,
        audiences=frozenset({AUDIENCE}),
        login=PersonLogin(client_id=_CLIENT, client_secret=_PART, rules=rules),
    )
    keys = Keys(one=key_set(provider.keys))
    store = desk.store
    logins = ProviderLogins([issuer], keys, store.logins, store.credentials, desk.clock, url=URL)
    return _Through(desk, provider, issuer, keys, logins)


def _attempt(through: _Through, asked: dict[str, str]) -> Attempt:
    return through.logins.take({"state": asked["state"], "iss": through.issuer.url}, _COOKIE)


def test_provider_is_asked_for_a_code_that_is_bound(through: _Through) -> None:
    """The request has PKCE, a nonce and a state, all new each time, beside the place's own."""
    first, second = through.begin(), through.begin()

    fixed = {
        "tenant": "a",
        "response_type": "code",
        "client_id": _CLIENT,
        "redirect_uri": f"{URL}/oauth/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    new = ("state", "nonce", "code_challenge")
    assert fixed == {name: value for name, value in first.items() if name not in new}
    assert all(first[name] != second[name] and len(first[name]) == 43 for name in new)


def test_code_is_exchanged_with_what_it_is_bound_to(through: _Through) -> None:
    """The verifier is that of the challenge, and the secret goes by HTTP Basic, encoded."""
    asked = through.begin()
    sent = through.logins.code_request(_attempt(through, asked), {"code": "x"})

    assert asked["code_challenge"] == challenge(sent.form["code_verifier"])
    assert {"grant_type", "code", "redirect_uri", "code_verifier"} == set(sent.form)
    assert "Basic cGVvcGxlOmElM0Fi" == sent.authorization


@pytest.mark.parametrize(
    ("secret", "expected"),
    [(None, {"client_id"}), ("s", {"client_id", "client_secret"})],
)
def test_code_is_exchanged_without_basic_when_the_client_is_another(
    through: _Through, secret: str | None, expected: set[str]
) -> None:
    """A public client says who it is; a provider that takes forms alone has the secret there."""
    attempt = _attempt(through, through.begin())
    client = replace(attempt.client, client_secret=secret)
    endpoints = replace(_ENDPOINTS, posts_secret=secret is not None)

    sent = through.logins.code_request(
        replace(attempt, client=client, endpoints=endpoints), {"code": "x"}
    )

    assert sent.authorization is None
    assert expected == set(sent.form) - {"grant_type", "code", "redirect_uri", "code_verifier"}


def test_person_when_the_id_token_is_good(through: _Through) -> None:
    """The first rule that matches says the account; the session remembers who it is."""
    asked = through.begin(through.login())
    attempt = _attempt(through, asked)

    person = through.logins.person(attempt, through.token(asked))
    through.logins.approve(attempt, VIEWER, person)

    assert Person(name="principal://one/subject/ada", account=VIEWER) == person
    both = through.logins.person(attempt, through.token(asked, groups=["admins"]))
    assert ADMIN == both.account
    other = through.logins.person(attempt, through.token(asked, sub="eve"))
    assert (None, "principal://one/subject/eve") == (other.account, other.name)
    with pytest.raises(ProviderError, match="has ended"):
        through.logins.approve(attempt, ADMIN, person)


def test_session_when_a_provider_approved_it(through: _Through) -> None:
    """Its tokens are the account's, and the session has the person's name."""
    shown = through.desk.device()
    login = through.desk.store.logins.by_user_code(user_code_digest(shown["user_code"]) or b"")
    asked = through.begin(login)
    attempt = _attempt(through, asked)
    through.logins.approve(attempt, VIEWER, through.logins.person(attempt, through.token(asked)))

    tokens = through.desk.poll(shown)

    refresh = through.desk.store.sessions.refresh_token(digest(str(tokens["refresh_token"])))
    assert refresh is not None
    assert ("principal://one/subject/ada", VIEWER) == (
        refresh.session.person,
        refresh.session.email,
    )


WRONG: dict[str, tuple[dict[str, object], Refusal]] = {
    "the nonce of another login": ({"nonce": "n" * 43}, Refusal.CLAIM),
    "no nonce": ({"nonce": None}, Refusal.CLAIM),
    "another client": ({"aud": "orders"}, Refusal.AUDIENCE),
    "what is for access tokens": ({"aud": AUDIENCE}, Refusal.AUDIENCE),
    "another client besides": ({"aud": [_CLIENT, "orders"]}, Refusal.AUDIENCE),
    "no audience": ({"aud": None}, Refusal.CLAIM),
    "another party": ({"azp": "orders"}, Refusal.AUDIENCE),
    "another issuer": ({"iss": "https://two.example.org"}, Refusal.ISSUER),
    "an access token": ({"typ": "at+jwt"}, Refusal.TYPE),
    "expired": ({"iat": 1, "exp": 2}, Refusal.EXPIRED),
    "no end": ({"exp": None}, Refusal.CLAIM),
    "no subject": ({"sub": None}, Refusal.CLAIM),
    "a long life": ({"exp": 253_402_300_799}, Refusal.LIFETIME),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_id_token_is_refused_when_it_is_not_for_this_login(through: _Through, wrong: str) -> None:
    """Each claim is what OpenID Connect Core 3.1.3.7 asks for."""
    claims, refusal = WRONG[wrong]

    assert refusal is through.refusal(**claims)


def test_id_token_is_refused_when_its_signature_is_not_the_issuers(through: _Through) -> None:
    """No algorithm beside those of the entry, no unknown key, no forged signature, no `none`."""
    asked = through.begin()
    attempt = _attempt(through, asked)
    claims = {"aud": _CLIENT, "nonce": asked["nonce"]}
    now, stranger = through.desk.clock.now(), IssuerKey.new(kid=through.provider.keys[0].kid)
    sign = through.provider.token
    narrow = replace(attempt.issuer, algorithms=frozenset({"RS256"}))
    good = through.token(asked)
    cases = [
        (attempt, sign(now, claims, key=stranger, header=through.header(typ="JWT"))),
        (attempt, sign(now, claims, header=through.header(kid="other", typ="JWT"))),
        (attempt, sign(now, claims, header=through.header(alg="none", typ="JWT"))),
        (attempt, f"{good.rpartition('.')[0]}."),
        (attempt, "x"),
        (replace(attempt, issuer=narrow), good),
    ]

    for where, token in cases:
        with pytest.raises(TokenError):
            through.logins.person(where, token)
    through.keys.reachable = False
    with pytest.raises(OverloadedError):
        through.logins.person(attempt, good)


def test_answer_when_it_comes_again(through: _Through) -> None:
    """A state counts once."""
    asked = through.begin()
    _attempt(through, asked)

    assert "Begin again" in through.without_answer({"state": asked["state"]})


def test_answer_when_it_is_not_this_browsers(through: _Through) -> None:
    """Another browser cannot use a state, nor spoil it for its own."""
    asked = through.begin()

    assert "Begin again" in through.without_answer({"state": asked["state"]}, "d" * 43)
    assert "Begin again" in through.without_answer({"state": "s" * 43})
    assert "Begin again" in through.without_answer({})
    assert _attempt(through, asked)


def test_answer_when_the_login_began_the_way_again_or_ended(through: _Through) -> None:
    """A login has one way at a time, and none after its end."""
    login = through.login()
    before, after = through.begin(login), through.begin(login)

    assert "Begin again" in through.without_answer({"state": before["state"]})
    through.desk.clock.advance(601)
    assert "Begin again" in through.without_answer({"state": after["state"]})


def test_answer_when_another_issuer_gave_it(through: _Through) -> None:
    """An answer that says whose it is, is the one that was asked (RFC 9207)."""
    for answer in ({"iss": "https://two.example.org"}, {"iss": ""}):
        asked = through.begin()
        assert "another issuer" in through.without_answer({"state": asked["state"], **answer})
    told = replace(_ENDPOINTS, tells_issuer=True)
    place = through.logins.begin(through.issuer, told, through.login(), _COOKIE)
    state = parse_qs(urlsplit(place).query)["state"][0]
    assert "another issuer" in through.without_answer({"state": state, "code": "x"})


@pytest.mark.parametrize(
    ("error", "shown"),
    [("access_denied", "access_denied"), ("x" * 101, "an error"), ("a\nb", "an error")],
)
def test_answer_when_it_is_an_error(through: _Through, error: str, shown: str) -> None:
    """A person reads why, if it is short and plain; the login waits on."""
    asked = through.begin()

    told = through.without_answer({"state": asked["state"], "error": error})
    assert f"one did not log you in: {shown}." == told


@pytest.mark.parametrize("code", ["", "x" * 4097])
def test_answer_when_it_has_no_code(through: _Through, code: str) -> None:
    """Nothing is exchanged."""
    attempt = _attempt(through, through.begin())

    with pytest.raises(ProviderError, match="no code"):
        through.logins.code_request(attempt, {"code": code})


def test_provider_when_there_is_none(through: _Through) -> None:
    """A name that is not configured is none, and without keys there are none."""
    store, clock = through.desk.store, through.desk.clock
    none = ProviderLogins([through.issuer], None, store.logins, store.credentials, clock, url=URL)

    assert (("one",), ()) == (through.logins.names, none.names)
    with pytest.raises(ProviderError, match="no such way"):
        through.logins.issuer("two")


DOCUMENTS = {
    "no json": b"<html>",
    "another issuer": b'{"issuer": "https://two.example.org"}',
    "no endpoints": b'{"issuer": "https://login.example.org"}',
    "plain http": b'{"issuer": "https://login.example.org", "authorization_endpoint": '
    b'"http://127.0.0.1/a", "token_endpoint": "https://login.example.org/t"}',
    "a script": b'{"issuer": "https://login.example.org", "authorization_endpoint": '
    b'"javascript:alert(1)", "token_endpoint": "https://login.example.org/t"}',
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_discovery_document_is_refused_when_it_will_not_do(
    through: _Through, document: str
) -> None:
    """Nobody is sent where a wrong document leads."""
    with pytest.raises(ProviderError, match="cannot be used"):
        read_endpoints(through.issuer, DOCUMENTS[document])


def test_discovery_document_says_how_a_secret_goes(through: _Through) -> None:
    """A provider that takes forms alone has it in the form; the default is HTTP Basic."""
    places = (
        b'"issuer": "https://login.example.org", "authorization_endpoint": '
        b'"https://login.example.org/auth?tenant=a", "token_endpoint": '
        b'"https://login.example.org/token"'
    )
    more = (
        b', "token_endpoint_auth_methods_supported": ["client_secret_post"], '
        b'"authorization_response_iss_parameter_supported": true'
    )

    assert _ENDPOINTS == read_endpoints(through.issuer, b"{%s}" % places)
    assert replace(_ENDPOINTS, posts_secret=True, tells_issuer=True) == read_endpoints(
        through.issuer, b"{%s%s}" % (places, more)
    )


def test_answer_to_a_code_when_it_has_no_id_token(through: _Through) -> None:
    """An access token alone says nothing of a person."""
    with pytest.raises(ProviderError, match="no ID token"):
        read_id_token(through.issuer, b'{"access_token": "x"}')
