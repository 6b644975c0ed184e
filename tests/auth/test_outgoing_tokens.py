"""Who gets which token of an account."""

from __future__ import annotations

import pytest

from ringback_server.auth.outgoing_tokens import OutgoingTokens
from ringback_server.auth.permissions import ROLES
from ringback_server.errors import RingbackError
from tests.auth.forge import opened
from tests.auth.instances import SCOPE, VIEWER, Instance
from tests.replacing import replace

OWN = ("http://127.0.0.1:8780", "https://example.org/ringback")


def tokens(instance: Instance, *, loopback: bool = False) -> OutgoingTokens:
    """Return what gives out tokens."""
    return OutgoingTokens(instance.issuer, instance.credentials, own=OWN, loopback=loopback)


def test_id_token_when_it_goes_anywhere(instance: Instance) -> None:
    """An ID token names the account to its audience, and is good for nobody else."""
    _, claims = opened(tokens(instance).id_token(VIEWER, "https://elsewhere.test/"))

    assert ("https://elsewhere.test/", VIEWER) == (claims["aud"], claims["email"])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8780/v1/projects/p",
        "https://example.org/ringback/v1/projects/p?x=1",
        "https://example.org:443/ringback/",
    ],
)
def test_access_token_when_it_goes_to_this_server(instance: Instance, url: str) -> None:
    """This server gets a token with what the account may do, for as long as a request takes."""
    _, claims = opened(tokens(instance).access_token(VIEWER, url, ()))

    assert sorted(ROLES["roles/workflows.viewer"].permissions) == claims["permissions"]
    assert (SCOPE, 1800) == (claims["scope"], int(str(claims["exp"])) - int(str(claims["iat"])))


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/",
        "https://workflows.googleapis.com/v1/x",
        "https://example.org/",
        "https://example.org/ringback",
        "https://example.org/ringback-other/",
        "https://example.org/ringback/../other",
        "https://example.org/ringback/%2E%2e/other",
        "http://example.org/ringback/",
        "https://example.org:8443/ringback/",
        "http://127.0.0.1:8781/",
        "http://127.0.0.1.evil.test:8780/",
    ],
)
def test_access_token_when_it_would_go_elsewhere(instance: Instance, url: str) -> None:
    """Nobody else gets a token that opens this server."""
    with pytest.raises(RingbackError, match="OIDC"):
        tokens(instance).access_token(VIEWER, url, ())


@pytest.mark.parametrize("url", ["http://127.0.0.1:8085/", "http://[::1]:1/", "http://localhost/"])
def test_access_token_when_it_goes_to_an_emulator(instance: Instance, url: str) -> None:
    """On a machine of its own, what listens there gets a token that permits nothing."""
    _, claims = opened(tokens(instance, loopback=True).access_token(VIEWER, url, ("a", "b")))

    assert [] == claims["permissions"]
    with pytest.raises(RingbackError, match="OIDC"):
        tokens(instance).access_token(VIEWER, url, ())


def test_token_when_its_account_may_not_be_used(instance: Instance) -> None:
    """An account that is unknown or disabled has no tokens."""
    giver = tokens(instance)
    with pytest.raises(RingbackError, match="does not exist"):
        giver.id_token("nobody@local.iam.gserviceaccount.com", "a")
    with pytest.raises(RingbackError, match="does not exist"):
        giver.access_token("nobody@local.iam.gserviceaccount.com", f"{OWN[0]}/", ())
    account = instance.credentials.account(VIEWER)
    assert account is not None
    instance.credentials.add_account(replace(account, disabled=True))
    with pytest.raises(RingbackError, match="is disabled"):
        giver.id_token(VIEWER, "a")


def test_access_token_when_its_scope_is_not_ours(instance: Instance) -> None:
    """A scope that does not open this server gives no token for it."""
    with pytest.raises(RingbackError, match="scope"):
        tokens(instance).access_token(VIEWER, f"{OWN[0]}/", ("openid",))
