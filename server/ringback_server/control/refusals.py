"""How a verb refuses one field of a request."""

from __future__ import annotations

from ringback_server.errors import (
    FieldViolation,
    InvalidArgumentError,
    PermissionDeniedError,
)
from ringback_server.model.principals import Principal

_LONGEST_ID = 255


def refused(field: str, message: str) -> InvalidArgumentError:
    """Make the error that says what is wrong with `field`, a path in the request message."""
    return InvalidArgumentError(
        message, violations=(FieldViolation(field=field, description=message),)
    )


def refuse_if_set(**fields: str) -> None:
    """Raise InvalidArgumentError for a field of a list request that this server does not have."""
    for field, value in fields.items():
        if value:
            raise refused(field, f"{field} is not supported by this list")


def check_unbound(principal: Principal, made: str) -> None:
    """Raise PermissionDeniedError if what is `made` would be good for more than the call's token.

    What signs for an account, or is exchanged for tokens of it, has no bounds of its own.
    """
    if principal.resource is not None:
        raise PermissionDeniedError(
            f"{made} is good for all that the account may do, and the token of this call is bound "
            f"to {principal.resource}: call with another token.",
            reason="TOKEN_TOO_NARROW",
            facts={"field": "resource"},
        )


def check_request_id(request_id: str | None) -> None:
    """Raise InvalidArgumentError for an id of a request that is empty or too long."""
    if request_id is not None and not 0 < len(request_id) <= _LONGEST_ID:
        raise refused("request_id", f"an idempotency key must have 1 to {_LONGEST_ID} characters")
