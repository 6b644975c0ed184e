"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller and the bounds that its token sets."""

    email: str
    #: what the token names as permissions; None if the token does not say, so bindings decide
    permissions: frozenset[str] | None = None
    #: the resource name the token is bound to, itself or anything below it; None if unbound
    resource: str | None = None
    #: `jti` of the token, or a hash of it where it has none: for logs and audit, not a secret
    token_id: str
    #: Unix seconds
    expire_time: float
