"""Tokens that are good for less: what bounds a token may have, and how one is made of another.

A token that is made with a token is never good for more than that: its resource lies under the
other's, its method is the other's, and unless the caller may make tokens of the account anyway
(`iam.serviceAccounts.getAccessToken`), its permissions are among the other's and it ends no later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ringback_server.auth.access import under
from ringback_server.errors import (
    FieldViolation,
    InvalidArgumentError,
    PermissionDeniedError,
)
from ringback_server.model.names import CallbackName
from ringback_server.model.principals import Principal

#: what sending a callback needs
SEND: Final = "workflows.callbacks.send"
_SEND_ALONE: Final = frozenset({SEND})
#: the HTTP methods that callback endpoints take
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

#: lifetimes in seconds: the default, which is the longest of a token that is bound to no resource
DEFAULT_LIFETIME: Final = 3_600
#: the longest of one that is bound to a resource
RESOURCE_LIFETIME: Final = 24 * 3_600
#: the longest of all, of one that only sends to one callback: an answer may take months
CALLBACK_LIFETIME: Final = 90 * 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a token is bound to; None sets no bound."""

    #: what it may be used for, of what the account may do
    permissions: frozenset[str] | None = None
    #: the full name of a resource, for that and what lies below
    resource: str | None = None
    #: the one HTTP method that callbacks are sent with
    method: str | None = None
    #: seconds until it expires; None is an hour, or less if it may live no longer
    lifetime: float | None = None

    @property
    def longest(self) -> int:
        """How long such a token may live, in seconds."""
        if self.resource is None:
            return DEFAULT_LIFETIME
        return CALLBACK_LIFETIME if self.of_one_callback else RESOURCE_LIFETIME

    @property
    def of_one_callback(self) -> bool:
        """Whether all that it is good for is to send to one callback endpoint."""
        return self.permissions == _SEND_ALONE and _is_callback(self.resource)

    def check(self) -> None:
        """Raise InvalidArgumentError for bounds that no token has."""
        if self.method is not None and self.method not in METHODS:
            raise _invalid("method", f"method must be one of {', '.join(sorted(METHODS))}")
        if self.method is not None and self.permissions != _SEND_ALONE:
            raise _invalid("method", f"a token with a method has {SEND} as its only permission")
        if self.lifetime is not None and not 1 <= self.lifetime <= self.longest:
            raise _invalid("lifetime", _lifetimes(self.longest))


def inherited(asked: Bounds, calling: Principal) -> Bounds:
    """Return bounds with the resource and the method that the calling token imposes.

    Raises PermissionDeniedError for a resource that is not the calling token's or below it, and
    for another method.
    """
    resource, method = asked.resource or calling.resource, asked.method or calling.method
    if calling.resource is not None and not under(resource or "", calling.resource):
        raise _wider(f"it is bound to {calling.resource}", "resource")
    if calling.method is not None and method != calling.method:
        raise _wider(f"it is bound to the method {calling.method}", "method")
    return replace(asked, resource=resource, method=method)


def narrowed(asked: Bounds, calling: Principal, *, granted: Iterable[str], now: float) -> Bounds:
    """Return the bounds of a token that a caller makes of its own, by the calling token alone.

    `granted` is what bindings grant the account at `now` (Unix seconds). All of the calling token
    is kept unless less is asked for. Only a token for one callback may outlive it, and only if
    the calling token is good for all that the account may do: who could send now may send later.
    Raises PermissionDeniedError for what would be wider or longer.
    """
    granted = frozenset(granted)
    bounds = inherited(asked, calling)
    if calling.permissions is not None:
        kept = calling.permissions & granted if asked.permissions is None else asked.permissions
        if not kept <= calling.permissions:
            raise _wider(f"it has no {min(kept - calling.permissions)}", "permissions")
        bounds = replace(bounds, permissions=kept)
    left = calling.expire_time - int(now)
    if left >= 1 and bounds.of_one_callback and _is_whole(calling, granted):
        return bounds
    wanted = min(DEFAULT_LIFETIME, left) if bounds.lifetime is None else bounds.lifetime
    if wanted > left or left < 1:
        raise _wider(f"it expires at {_moment(calling.expire_time)}", "lifetime")
    return replace(bounds, lifetime=wanted)


def _is_whole(principal: Principal, granted: frozenset[str]) -> bool:
    """Tell whether a token is good for all that its account may do."""
    bound = principal.resource is not None or principal.method is not None
    return not bound and (principal.permissions is None or granted <= principal.permissions)


def _is_callback(resource: str | None) -> bool:
    try:
        CallbackName.parse(resource or "")
    except InvalidArgumentError:
        return False
    return True


def _lifetimes(longest: int) -> str:
    return (
        f"lifetime must be from 1 to {longest} s here: a token may live {DEFAULT_LIFETIME} s, one "
        f"that is bound to a resource {RESOURCE_LIFETIME} s, and one that is bound to a callback "
        f"and has {SEND} as its only permission {CALLBACK_LIFETIME} s"
    )


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _wider(fact: str, field: str) -> PermissionDeniedError:
    """Make the error for a token that would be good for more than the one it is made with."""
    return PermissionDeniedError(
        f"A token is never good for more than the one that it is made with, and {fact}: ask for "
        "less, or call with another token.",
        reason="TOKEN_TOO_NARROW",
        facts={"field": field},
    )


def _invalid(field: str, message: str) -> InvalidArgumentError:
    violation = FieldViolation(field=field, description=message)
    return InvalidArgumentError(message, violations=(violation,))
