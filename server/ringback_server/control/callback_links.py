"""Tokens for one callback each: what a caller may hand to whoever is to answer."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.auth.attenuation import SEND, Bounds
from ringback_server.auth.issuer import IssuedToken
from ringback_server.control import credentials
from ringback_server.control.caller import Caller, requires
from ringback_server.errors import FailedPreconditionError
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import CallbackEndpoint


@requires("workflows.callbacks.send")
def check(caller: Caller, _parent: ExecutionName) -> None:
    """Return if the caller may make links to the endpoints of an execution.

    Raise PermissionDeniedError, and FailedPreconditionError if it is no service account.
    """
    if caller.backend.store.credentials.account(caller.principal.email) is None:
        raise FailedPreconditionError(
            f"Tokens speak for service accounts, and {caller.principal.email} is none.",
            reason="NOT_A_SERVICE_ACCOUNT",
        )


def make(
    caller: Caller, endpoints: Sequence[CallbackEndpoint], lifetime: float
) -> list[IssuedToken]:
    """Make a token for each endpoint, which sends to it with its method and does nothing else.

    `lifetime` is in seconds. Raise InvalidArgumentError if it is too long for any such token, and
    PermissionDeniedError if it is too long for one made with the caller's token.
    """
    return [
        credentials.make_own(
            caller,
            Bounds(
                permissions=frozenset({SEND}),
                resource=endpoint.name,
                method=endpoint.method,
                lifetime=lifetime,
            ),
        )
        for endpoint in endpoints
    ]
