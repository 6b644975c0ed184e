"""What an OpenID provider answers: its discovery document, and the answer to a code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ringback_server.auth.claims import strict_object
from ringback_server.auth.external_issuers import ExternalIssuer, keys_url
from ringback_server.auth.refusals import TokenError


class ProviderError(Exception):
    """A login through a provider comes to nothing; the message is for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a provider takes what (OpenID Connect Discovery 1.0, section 3)."""

    authorization: str
    #: where codes are exchanged
    exchange: str
    #: whether it takes a secret in the form alone, not by HTTP Basic
    posts_secret: bool = False
    #: whether its answers say whose they are (RFC 9207)
    tells_issuer: bool = False


def read_endpoints(issuer: ExternalIssuer, content: bytes) -> Endpoints:
    """Read a discovery document; raises ProviderError."""
    document = _object(issuer, content)
    if document.get("issuer") != issuer.url:
        raise _unusable(issuer)
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    known = cast("list[object]", methods) if isinstance(methods, list) else []
    return Endpoints(
        authorization=_endpoint(issuer, document, "authorization_endpoint"),
        exchange=_endpoint(issuer, document, "token_endpoint"),
        posts_secret="client_secret_post" in known and "client_secret_basic" not in known,
        tells_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def read_id_token(issuer: ExternalIssuer, content: bytes) -> str:
    """Return the ID token of the answer to a code; raises ProviderError."""
    token = _object(issuer, content).get("id_token")
    if not isinstance(token, str):
        raise ProviderError(f"{issuer.name} has given no ID token.")
    return token


def _endpoint(issuer: ExternalIssuer, document: Mapping[str, object], name: str) -> str:
    place = document.get(name)
    try:
        url = keys_url(place) if isinstance(place, str) else ""
    except ValueError:
        url = ""
    if not url or (issuer.url.startswith("https:") and not url.startswith("https:")):
        raise _unusable(issuer)
    return url


def _object(issuer: ExternalIssuer, content: bytes) -> Mapping[str, object]:
    try:
        return strict_object(content)
    except TokenError:
        raise _unusable(issuer) from None


def _unusable(issuer: ExternalIssuer) -> ProviderError:
    return ProviderError(f"What {issuer.name} answers cannot be used to log in.")
