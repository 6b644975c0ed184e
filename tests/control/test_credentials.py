"""The verb that makes ID tokens."""

from __future__ import annotations

import pytest

from ringback_server.control import credentials
from ringback_server.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError
from ringback_server.model.names import ServiceAccountName
from tests.auth.forge import opened
from tests.services import INVOKER, VIEWER, Service

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
