"""The verb that watches executions: what ends a watch early."""

from __future__ import annotations

import pytest

from ringback_server.api.admission import Admission
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import ExternalTokens
from ringback_server.auth.tokens import Authenticator
from ringback_server.control import workflows
from ringback_server.control.caller import Caller
from ringback_server.control.watching import Watch
from ringback_server.errors import NotFoundError, ShuttingDownError, UnauthenticatedError
from ringback_server.model.principals import Grant
from ringback_server.model.resources import Binding, Execution
from tests.auth.foreign_door import Keys
from tests.oidc_issuer import AUDIENCE, IssuerKey, LocalIssuer, key_set
from tests.replacing import replace
from tests.services import Service


def begun(caller: Caller, execution: Execution, told: list[bool]) -> Watch:
    """Begin a watch that takes note of being told."""
    return Watch(caller, execution.name, "", lambda: told.append(True))


def test_watch_when_the_token_has_expired(service: Service) -> None:
    """Nothing is told to a token that is no longer valid, however long the call lasts."""
    execution, caller = service.execution("w"), service.caller()
    expired = replace(caller, principal=replace(caller.principal, expire_time=1.0))
    watch = begun(expired, execution, [])
    with pytest.raises(UnauthenticatedError) as caught:
        watch.look()

    assert "TOKEN_EXPIRED" == caught.value.reason


def test_watch_when_the_token_was_revoked(service: Service) -> None:
    """A revoked token is told nothing more, from the next look on."""
    execution, caller = service.execution("w"), service.caller()
    watch = begun(caller, execution, [])
    first = watch.look()
    caller.backend.store.credentials.revoke(caller.principal.token_id, 1e12)
    with pytest.raises(UnauthenticatedError) as caught:
        watch.look()

    assert first is not None
    assert "TOKEN_INVALID" == caught.value.reason


def test_watch_when_an_external_issuer_vouches_for_the_caller(service: Service) -> None:
    """Who has no account here watches by the grants of the token, until it is revoked."""
    execution, caller = service.execution("w"), service.caller()
    principal = replace(
        caller.principal,
        email="principal://one/subject/someone",
        permissions=None,
        grants=(Grant(role="roles/workflows.viewer", resource=str(execution.name.parent)),),
    )
    watch = begun(replace(caller, principal=principal), execution, [])
    first = watch.look()
    caller.backend.store.credentials.revoke(principal.token_id, 1e12)
    with pytest.raises(UnauthenticatedError) as caught:
        watch.look()

    assert first is not None
    assert "TOKEN_INVALID" == caught.value.reason


def test_watch_when_the_key_of_an_external_issuer_is_gone(service: Service) -> None:
    """What nobody vouches for any longer is told nothing more."""
    execution, credentials = service.execution("w"), service.backend.store.credentials
    others = LocalIssuer("https://login.example.org", [IssuerKey.new(kid="one")])
    keys = Keys(one=key_set(others.keys))
    entry = ExternalIssuer(name="one", url=others.url, audiences=frozenset({AUDIENCE}))
    authenticator = Authenticator(
        service.issuer,
        credentials,
        credentials,
        service.backend.clock,
        external=ExternalTokens([entry], keys, credentials),
    )
    bearer = f"Bearer {others.token(service.backend.clock.now(), {})}"
    caller = Admission(authenticator, service.backend).admit(bearer)
    viewer = Binding(email=caller.principal.email, role="roles/workflows.viewer", resource="*")
    credentials.add_binding(viewer)
    watch = begun(caller, execution, [])
    first = watch.look()
    keys.sets["one"] = key_set([])
    with pytest.raises(UnauthenticatedError) as caught:
        watch.look()

    assert first is not None
    assert "TOKEN_INVALID" == caught.value.reason


def test_watch_when_the_workflow_is_deleted(service: Service) -> None:
    """The watch is told, and that its execution is gone."""
    execution, told = service.execution("w"), list[bool]()
    watch = begun(service.caller(), execution, told)
    first = watch.look()
    workflows.delete(service.caller(), execution.name.parent)
    with pytest.raises(NotFoundError):
        watch.look()

    assert first is not None
    assert told


def test_watch_when_nothing_has_changed(service: Service) -> None:
    """A look that finds nothing new has nothing to tell."""
    execution, told = service.execution("w"), list[bool]()
    watch = begun(service.caller(), execution, told)

    assert watch.look() is not None
    assert watch.look() is None
    assert not watch.over


def test_watch_that_is_closed(service: Service) -> None:
    """It hears no more; closing it again does nothing."""
    execution, told = service.execution("w"), list[bool]()
    watch = begun(service.caller(), execution, told)
    watch.close()
    watch.close()
    service.backend.engine.ended(execution.key)

    assert [] == told


def test_watch_when_the_server_leaves(service: Service) -> None:
    """It ends, at once and for who comes later."""
    execution, told = service.execution("w"), list[bool]()
    watch = begun(service.caller(), execution, told)
    service.backend.engine.leave()
    for each in (watch, begun(service.caller(), execution, [])):
        with pytest.raises(ShuttingDownError):
            each.look()

    assert [True] == told
