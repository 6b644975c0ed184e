"""What the authorization server says about itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.keys import ALGORITHMS
from ringback_server.auth.oauth.clients import METHODS, PUBLIC_METHOD
from ringback_server.auth.oauth.requests import OFFLINE, OPENID
from ringback_server.auth.scopes import IAM

#: paths of the endpoints, below the URL of the server
AUTHORIZE: Final = "/authorize"
DEVICE: Final = "/device"
DEVICE_AUTHORIZATION: Final = "/device_authorization"
INTROSPECT: Final = "/introspect"
KEYS: Final = "/.well-known/jwks.json"
REVOKE: Final = "/revoke"
TOKEN: Final = "/token"  # noqa: S105 - a path


def server_metadata(
    issuer: str, url: str, grant_types: Iterable[str], algorithms: Iterable[str]
) -> dict[str, object]:
    """Return the metadata of the server that is reached under a URL.

    `issuer` is what tokens have as `iss`. `algorithms` are those of its signing keys.
    """
    confidential = {
        "_auth_methods_supported": list(METHODS),
        "_auth_signing_alg_values_supported": sorted(ALGORITHMS),
    }
    anybody = {**confidential, "_auth_methods_supported": [*METHODS, PUBLIC_METHOD]}
    endpoints = {"token": anybody, "revocation": anybody, "introspection": confidential}
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{url}{AUTHORIZE}",
        "token_endpoint": f"{url}{TOKEN}",
        "device_authorization_endpoint": f"{url}{DEVICE_AUTHORIZATION}",
        "revocation_endpoint": f"{url}{REVOKE}",
        "introspection_endpoint": f"{url}{INTROSPECT}",
        "jwks_uri": f"{url}{KEYS}",
        "scopes_supported": [CLOUD_PLATFORM, IAM, OPENID, OFFLINE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grant_types),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted(set(algorithms)),
        **{
            f"{endpoint}_endpoint{name}": value
            for endpoint, methods in endpoints.items()
            for name, value in methods.items()
        },
    }
