"""What a machine asks to be sent over HTTP, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAuth:
    """Whose token a request carries: the engine attaches it when it sends, nobody stores it."""

    type: Literal["OIDC", "OAuth2"]
    #: of an ID token; None: the URL
    audience: str | None = None
    #: of an access token
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request, complete but for its token."""

    method: str
    #: absolute, encoded, without user, password and fragment
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = field(default=None, repr=False)
    #: seconds until the whole answer must be there
    timeout: float
    #: PEM or DER of the only authority that is trusted; None: those of the system
    ca_certificate: bytes | None = field(default=None, repr=False)
    auth: HttpAuth | None = None
    #: a service of Service Directory that the request is for: only stubs can stand for one
    private_service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What a server answered, with any status."""

    code: int
    #: names in canonical case, in the order they came
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)


class FailureKind(Enum):
    """Why there is no answer."""

    CONNECTION_FAILED = "connection failed"  #: refused, unreachable, or the name is unknown
    TLS = "tls"  #: no secure connection came about
    REFUSED = "refused"  #: the egress policy forbids the address
    CONNECTION_BROKEN = "connection broken"  #: after it was made; the request may have arrived
    TIMEOUT = "timeout"
    TOO_LARGE = "too large"
    INVALID = "invalid"  #: something about the request will not do
    AUTH = "auth"  #: there is no token for it


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFailure:
    """Why a server gave no answer; `message` is for people."""

    kind: FailureKind
    message: str


HttpAnswer = HttpResponse | HttpFailure
