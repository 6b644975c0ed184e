"""Whatever is sent, authentication answers with a principal or UnauthenticatedError."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringback_server.auth.grants import JWT_BEARER, OAuthError
from ringback_server.errors import UnauthenticatedError
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, AccountKeys, Instance

BOUNDED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ACCESS_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope")
CLAIM = st.sampled_from((*ACCESS_CLAIMS, "permissions", "resource", "target_audience"))
HEADER = st.sampled_from(["typ", "alg", "kid", "crit", "b64", "jwk"])


def check(instance: Instance, bearer: str) -> None:
    """Authenticate and exchange; anything but the two errors declared fails the test."""
    with suppress(UnauthenticatedError):
        assert ADMIN == instance.authenticator.authenticate(bearer).email
    with suppress(OAuthError):
        instance.grants.exchange({"grant_type": JWT_BEARER, "assertion": bearer})


@BOUNDED
@given(bearer=st.text(max_size=200) | st.text(alphabet="aA09-_.=", max_size=200))
def test_authenticate_answers_when_sent_any_text(instance: Instance, bearer: str) -> None:
    """No text makes it fail otherwise."""
    check(instance, bearer)


@BOUNDED
@given(header=st.binary(max_size=60), claims=st.binary(max_size=60), account=st.booleans())
def test_authenticate_answers_when_sent_signed_bytes(
    instance: Instance, header: bytes, claims: bytes, *, account: bool
) -> None:
    """Nor do bytes in the places of header and claims."""
    key = instance.keys.admin_pem if account else instance.signing_pem
    good = instance.account_header() if account else instance.access_header()

    check(instance, forge(header, claims, key))
    check(instance, forge(good, claims, key))


@BOUNDED
@given(
    header=st.dictionaries(HEADER, JSON, max_size=2),
    claims=st.dictionaries(CLAIM, JSON, max_size=3),
)
def test_authenticate_answers_when_sent_signed_json(
    instance: Instance, header: dict[str, object], claims: dict[str, object]
) -> None:
    """Nor does any JSON value in any claim that is genuinely signed."""
    signer = instance.signing_pem
    now = int(instance.clock.now())
    ours: dict[str, object] = {"iss": ADMIN, "sub": ADMIN, "iat": now, "exp": now + 60}

    check(
        instance,
        forge(instance.access_header() | header, instance.access_claims() | claims, signer),
    )
    check(
        instance, forge(instance.account_header() | header, ours | claims, instance.keys.admin_pem)
    )


@BOUNDED
@given(data=st.data())
def test_authenticate_refuses_when_any_character_is_changed(
    account_keys: AccountKeys, data: st.DataObject
) -> None:
    """No token that differs from a genuine one in one character is accepted."""
    instance = Instance(account_keys)
    token = data.draw(st.sampled_from([instance.access_token(), instance.account_token()]))
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[at]))

    with pytest.raises(UnauthenticatedError):
        instance.authenticator.authenticate(token[:at] + other + token[at + 1 :])


def test_forged_json_reaches_the_claims(instance: Instance) -> None:
    """The fuzzing above is not stopped at the door: its unchanged token is accepted."""
    claims = json.loads(json.dumps(instance.access_claims()))

    check(instance, instance.sign_access(instance.access_header(), claims))
    assert ADMIN == instance.authenticator.authenticate(instance.access_token()).email
