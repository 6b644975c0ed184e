"""Whatever is sent to the endpoints, they refuse as OAuth says, or answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringback_server.auth.grants import JWT_BEARER, OAuthError
from ringback_server.auth.oauth.browsers import RedirectedError, UnknownClientError
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.errors import InvalidArgumentError, NotFoundError, TooManyAttemptsError
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.oauth_forms import oauth_request
from tests.auth.instances import VIEWER, AccountKeys
from tests.auth.oauth.desk import CLI, DEVICE_GRANT, Desk, asking, basic, desk_in, request

GRANTS = (
    "authorization_code",
    "client_credentials",
    "refresh_token",
    DEVICE_GRANT,
    JWT_BEARER,
)
FIELDS = (
    "access_token",
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "redirect_uri",
    "refresh_token",
    "scope",
    "token",
)
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
#: what RFC 6749, 6750, 7009 and 8628 let endpoints say
ERRORS = {
    "expired_token",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
}

texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from([CLI, VIEWER, "", "a.b.c", "rbr_x", "https://www.googleapis.com/auth/iam"]),
)
forms = st.dictionaries(st.sampled_from(FIELDS), texts, max_size=8)
headers = st.one_of(st.none(), st.text(max_size=40), st.builds(basic, texts, texts))


def refusal(send: Callable[[], object]) -> OAuthError | None:
    """Return why something is refused, None if it is not."""
    try:
        send()
    except OAuthError as error:
        return error
    return None


@pytest.fixture(scope="module")
def desk(account_keys: AccountKeys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return one server for all examples."""
    with desk_in(tmp_path_factory.mktemp("fuzz") / "data", account_keys) as made:
        yield made


@FUZZ
@given(grant=st.one_of(st.sampled_from(GRANTS), texts), form=forms, header=headers)
def test_endpoints_when_anything_is_sent(
    desk: Desk, grant: str, form: dict[str, str], header: str | None
) -> None:
    """No form and no header makes an endpoint fail in another way than OAuth has."""
    sent = request({"grant_type": grant, **form}, header, address=repr(form)[:40])
    server = desk.server
    for answer in (
        server.exchange,
        server.introspection.answer,
        server.revocation.revoke,
        server.token_info.answer,
    ):
        found = refusal(partial(answer, sent))
        assert found is None or found.error in ERRORS
        assert found is None or found.status in {400, 401, 429}
        assert found is None or found.description.isascii()


@FUZZ
@given(changes=st.dictionaries(st.sampled_from([*asking(), "nonce", "prompt"]), texts, max_size=4))
def test_authorization_when_anything_is_asked(desk: Desk, changes: dict[str, str]) -> None:
    """A browser is sent to the loopback interface, or nowhere."""
    try:
        place = desk.server.browsers.read({**asking(), **changes}).redirection.redirect_uri
    except UnknownClientError:
        return
    except RedirectedError as error:
        place = error.location
    assert place.startswith(("http://127.0.0.1", "http://[::1]"))
    assert "\n" not in place


@FUZZ
@given(body=st.binary(max_size=200), kind=st.sampled_from(["", "text/plain", "form"]))
def test_form_when_its_bytes_are_anything(body: bytes, kind: str) -> None:
    """A body is a form with each parameter once, or refused."""
    content = "application/x-www-form-urlencoded" if kind == "form" else kind
    sent = HttpRequest(
        method="POST", raw_path="/token", raw_query="", headers=(("content-type", content),)
    )
    made: list[OAuthRequest] = []
    found = refusal(lambda: made.append(oauth_request(sent, body)))

    assert found is None or found.error == "invalid_request"
    assert all(kind == "form" for _ in made)


@FUZZ
@given(typed=st.text(max_size=40))
def test_user_code_when_anything_is_typed(desk: Desk, typed: str) -> None:
    """What is typed is a code that nobody waits under, or none."""
    with pytest.raises((InvalidArgumentError, NotFoundError, TooManyAttemptsError)):
        desk.approval.find(typed, typed)
