"""The public keys that this server keeps for service accounts, where Google has them (SPEC 6.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from starlette.types import Receive

from ringback_server.control.caller import ManagedKeys
from ringback_server.errors import MethodNotAllowedError
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.workers import Workers

#: where JWK sets and certificates of an account are, for routes
JWK_PATHS: Final = ("/service_accounts/v1/jwk/{email}", "/service_accounts/v1/metadata/jwk/{email}")
X509_PATH: Final = "/service_accounts/v1/metadata/x509/{email}"

_CACHE: Final = (("Cache-Control", "public, max-age=60"),)


class AccountKeysEndpoint:
    """Publishes the keys of the account that the path ends with.

    An account that is unknown has none, as one that nobody signed for: who exists does not show.
    """

    def __init__(self, keys_of: Callable[[str], Mapping[str, object]], workers: Workers) -> None:
        """Take what `keys_of` an account are published as."""
        self._keys_of = keys_of
        self._workers = workers

    async def respond(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedError("The keys of an account take GET.", allow="GET, HEAD")
        email = unquote(request.raw_path.rpartition("/")[2])
        return json_answer(await self._workers.run(lambda: self._keys_of(email)), headers=_CACHE)


def account_keys(keys: ManagedKeys, workers: Workers) -> Mapping[str, AccountKeysEndpoint]:
    """Return what answers at each of the paths."""
    jwks = AccountKeysEndpoint(keys.jwks, workers)
    return {X509_PATH: AccountKeysEndpoint(keys.certificates, workers)} | dict.fromkeys(
        JWK_PATHS, jwks
    )
