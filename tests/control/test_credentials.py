"""The verbs that make tokens of service accounts."""

from __future__ import annotations

from typing import cast

import pytest

from ringback_server.auth.attenuation import SEND, Bounds
from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.control import account_keys, client_secrets, credentials, sessions
from ringback_server.control.caller import Caller
from ringback_server.errors import (
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from ringback_server.model.names import RootName, ServiceAccountName
from ringback_server.model.resources import Binding
from tests.auth.forge import opened
from tests.replacing import replace
from tests.services import ADMIN, INVOKER, NOBODY, PARENT, VIEWER, Service

CREATE = "iam.serviceAccounts.getAccessToken"
INVOKERS = ServiceAccountName("-", INVOKER)


@pytest.mark.parametrize(("include_email", "email"), [(False, None), (True, INVOKER)])
def test_generate_id_token_for_another(
    service: Service, *, include_email: bool, email: str | None
) -> None:
    """An ID token is for its audience, and has the e-mail address only if asked for."""
    issued = credentials.generate_id_token(
        service.caller(), INVOKERS, audience="https://run.test", include_email=include_email
    )
    _, claims = opened(issued.token)
    account = service.backend.store.credentials.account(INVOKER)
    assert account is not None

    assert ("https://run.test", account.unique_id) == (claims["aud"], claims["sub"])
    assert email == claims.get("email")


@pytest.mark.parametrize(
    ("project", "audience", "delegates", "field"),
    [
        ("-", "", [], "audience"),
        ("-", "a\n", [], "audience"),
        ("-", "a", ["projects/-/serviceAccounts/a"], "delegates"),
    ],
)
def test_generate_id_token_with_a_bad_field(
    service: Service, project: str, audience: str, delegates: list[str], field: str
) -> None:
    """What this server cannot do is refused, with the field's name."""
    name = ServiceAccountName(project, VIEWER)
    with pytest.raises(InvalidArgumentError) as caught:
        credentials.generate_id_token(
            service.caller(), name, audience=audience, delegates=delegates
        )

    assert [field] == [violation.field for violation in caught.value.violations]


def test_generate_id_token_for_nobody(service: Service) -> None:
    """There is no token of an account that does not exist, nor for who may not ask."""
    unknown = ServiceAccountName("-", "who@local.iam.gserviceaccount.com")
    with pytest.raises(NotFoundError):
        credentials.generate_id_token(service.caller(), unknown, audience="a")
    with pytest.raises(PermissionDeniedError, match="getOpenIdToken"):
        credentials.generate_id_token(service.caller(VIEWER), INVOKERS, audience="a")


def generated(caller: Caller, email: str, bounds: Bounds) -> dict[str, object]:
    """Have a token generated; return its claims."""
    issued = credentials.generate_access_token(
        caller, ServiceAccountName("-", email), scope=[CLOUD_PLATFORM], bounds=bounds
    )
    return opened(issued.token)[1]


def called_with(service: Service, email: str, bounds: Bounds) -> Caller:
    """Let an account in with a token that is good for less."""
    issued = service.issuer.access_token(
        email, permissions=bounds.permissions, resource=bounds.resource, method=bounds.method
    )
    return service.admission.admit(f"Bearer {issued.token}")


def test_generate_access_token_of_ones_own(service: Service) -> None:
    """It takes no permission to make a token of the same account that is good for less."""
    caller = service.caller(INVOKER)
    bounds = Bounds(permissions=frozenset({SEND}), resource=f"{PARENT}/workflows/w", method="POST")
    claims = generated(caller, INVOKER, bounds)

    assert (INVOKER, INVOKER) == (claims["sub"], claims["client_id"])
    assert ([SEND], bounds.resource) == (claims["permissions"], claims["resource"])
    assert ("POST", caller.principal.expire_time) == (claims["method"], claims["exp"])


def test_generate_access_token_of_another_without_the_permission(service: Service) -> None:
    """One's own token makes none of others, however narrow."""
    for bounds in (Bounds(), Bounds(permissions=frozenset({SEND}), resource="projects/local")):
        with pytest.raises(PermissionDeniedError, match="getAccessToken"):
            generated(service.caller(INVOKER), VIEWER, bounds)


def test_generate_access_token_with_a_narrow_token(service: Service) -> None:
    """Without asking for bounds, the calling token's are kept."""
    bounds = Bounds(permissions=frozenset({SEND}), resource="projects/local", method="GET")
    claims = generated(called_with(service, INVOKER, bounds), INVOKER, Bounds())

    assert ([SEND], "projects/local") == (claims["permissions"], claims["resource"])
    assert "GET" == claims["method"]


def test_generate_access_token_as_a_creator_within_a_resource(service: Service) -> None:
    """A token creator makes other permissions and longer lives, but never leaves its resource."""
    name = ServiceAccountName.of(VIEWER)
    bounds = Bounds(permissions=frozenset({CREATE}), resource=str(name))
    caller = called_with(service, ADMIN, bounds)

    assert str(name) == generated(caller, VIEWER, Bounds())["resource"]
    with pytest.raises(PermissionDeniedError) as caught:
        generated(caller, VIEWER, Bounds(resource="projects/local"))
    assert "TOKEN_TOO_NARROW" == caught.value.reason


def test_generate_access_token_as_a_creator_of_oneself(service: Service) -> None:
    """A token that may make tokens of its account makes wider and longer ones, and no other."""
    creating = called_with(service, ADMIN, Bounds(permissions=frozenset({CREATE})))
    sending = called_with(service, ADMIN, Bounds(permissions=frozenset({SEND})))
    wider = Bounds(resource="projects/local", lifetime=86_400)

    assert SEND in cast("list[str]", generated(creating, ADMIN, wider)["permissions"])
    with pytest.raises(PermissionDeniedError):
        generated(sending, ADMIN, wider)
    with pytest.raises(PermissionDeniedError):
        generated(sending, ADMIN, Bounds(permissions=frozenset({CREATE})))


def test_generate_access_token_with_the_number_of_the_project(service: Service) -> None:
    """The resource is written as permissions are checked on it."""
    service.execution("w")
    number = service.backend.settings.project_number
    claims = generated(service.caller(), INVOKER, Bounds(resource=f"projects/{number}"))

    assert "projects/local" == claims["resource"]


@pytest.mark.parametrize(
    "wrong",
    [
        Bounds(resource="*"),
        Bounds(resource="projects/-"),
        Bounds(resource="projects/local/"),
        Bounds(resource="projects/local/locations/-/workflows/w"),
        Bounds(resource="http://127.0.0.1/v1/projects/local"),
        Bounds(resource="projects/local", lifetime=86_401),
        Bounds(method="post", permissions=frozenset({SEND})),
        Bounds(method="POST"),
    ],
)
def test_generate_access_token_with_bounds_that_none_has(service: Service, wrong: Bounds) -> None:
    """What would bind to nothing is refused, for one's own token and another's."""
    for caller, email in ((service.caller(), INVOKER), (service.caller(), ADMIN)):
        with pytest.raises(InvalidArgumentError):
            generated(caller, email, wrong)


def test_generate_access_token_for_what_is_granted_elsewhere(service: Service) -> None:
    """A permission that the account has only in another place is refused at once."""
    granted = Binding(email=NOBODY, role="roles/workflows.invoker", resource="projects/other")
    service.backend.store.credentials.add_binding(granted)
    bounds = Bounds(permissions=frozenset({SEND}), resource="projects/local")

    assert generated(
        service.caller(), NOBODY, replace(bounds, resource="projects/other/locations/a")
    )
    with pytest.raises(PermissionDeniedError, match="projects/local"):
        generated(service.caller(), NOBODY, bounds)


def test_generate_access_token_for_what_is_no_permission(service: Service) -> None:
    """A permission that is misspelt is told, with the one that may be meant."""
    for caller, email in ((service.caller(), INVOKER), (service.caller(INVOKER), INVOKER)):
        with pytest.raises(InvalidArgumentError, match=f"did you mean {SEND}"):
            generated(caller, email, Bounds(permissions=frozenset({"workflows.callback.send"})))


def test_credentials_without_bounds_with_a_bound_token(service: Service) -> None:
    """What would be good for all of an account is not made with a token for a part of it."""
    name = ServiceAccountName.of(INVOKER)
    bounds = Bounds(resource="projects/local")
    caller = called_with(service, ADMIN, bounds)
    for make in (
        lambda: account_keys.create(caller, name, account_keys.KINDS["KEY_ALG_EC_P256"]),
        lambda: account_keys.upload(caller, name, b""),
        lambda: client_secrets.create(caller, name),
        lambda: credentials.generate_id_token(caller, name, audience="a"),
        lambda: credentials.sign_blob(caller, name, payload=b"a"),
        lambda: credentials.sign_jwt(caller, name, payload="{}"),
        lambda: sessions.approve_login(caller, name, user_code="BCDF-GHJK"),
    ):
        with pytest.raises(PermissionDeniedError) as caught:
            make()
        assert "TOKEN_TOO_NARROW" == caught.value.reason
    assert "projects/local" == generated(caller, INVOKER, Bounds())["resource"]


def test_revoke_token_by_its_id(service: Service) -> None:
    """Whoever issued it, a token counts no longer, as long as it would have."""
    revoked = service.issuer.access_token(VIEWER)
    sessions.revoke_token_id(service.caller(), RootName(), revoked.token_id, None)
    soon = service.backend.clock.now() + 60
    sessions.revoke_token_id(service.caller(), RootName(), revoked.token_id, soon)
    service.backend.store.expiry.revoked_tokens(soon + 3_600, 100)
    with pytest.raises(UnauthenticatedError):
        service.admission.admit(f"Bearer {revoked.token}")


def test_revoke_token_by_its_id_without_the_permission_on_everything(service: Service) -> None:
    """Whose token an id is of does not show, so that a project's permission is not enough."""
    owner = Binding(email=NOBODY, role="roles/owner", resource="projects/local")
    service.backend.store.credentials.add_binding(owner)
    with pytest.raises(PermissionDeniedError):
        sessions.revoke_token_id(service.caller(NOBODY), RootName(), "one:4711", None)


@pytest.mark.parametrize(
    ("token_id", "until", "field"),
    [("", None, "token_id"), ("a" * 301, None, "token_id"), ("one:1", 1.0, "until")],
)
def test_revoke_token_by_what_is_no_id(
    service: Service, token_id: str, until: float | None, field: str
) -> None:
    """An id that no token has, and a time that is past, are refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        sessions.revoke_token_id(service.caller(), RootName(), token_id, until)

    assert [field] == [violation.field for violation in caught.value.violations]


def test_revoke_token_by_its_id_when_that_is_the_token(service: Service) -> None:
    """A token is not taken for an id, and is not repeated."""
    token = service.token(VIEWER)
    with pytest.raises(InvalidArgumentError) as caught:
        sessions.revoke_token_id(service.caller(), RootName(), token[:200], None)

    assert token[:200] not in str(caught.value)
