"""The metadata server of a Google machine, as far as Google's libraries ask it for a token.

Code that uses Application Default Credentials finds it by GCE_METADATA_HOST and GCE_METADATA_IP,
and then runs unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias, TypeGuard, Union

from starlette.types import Receive

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.stores import KeyStore
from ringback_server.clock import Clock
from ringback_server.control.auditing import Audit
from ringback_server.errors import InvalidArgumentError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.guards import names_us
from ringback_server.gateway.path_template import decoded
from ringback_server.gateway.token_audit import store_made
from ringback_server.gateway.workers import Workers

_HEADERS: Final = (("Metadata-Flavor", "Google"), ("Server", "Metadata Server for VM"))
_HOSTS: Final = ("metadata.google.internal",)
_TEXT: Final = "application/text"
#: what the audit calls a request for a token
_METHOD: Final = "metadata"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class _Value:
    """A leaf: as text, and as it stands in JSON."""

    text: str
    document: object


#: a leaf that is made when it is asked for, with the query
_Made: TypeAlias = Callable[[Mapping[str, str]], Answer]
_Tree: TypeAlias = Mapping[str, Union[_Value, _Made, "_Tree"]]


def shown_email(email: str) -> str:
    """Return the address under which an account is shown: without the dots of its domain.

    google-auth takes the full address of a service account to Google, with the token, to ask where
    it may be used (`allowedLocations`). Tokens of this server must reach nobody else.
    """
    name, _, domain = email.partition("@")
    return f"{name}@{domain.partition('.')[0]}"


class MetadataServer:
    """Answers the paths below /computeMetadata/v1/ for one account."""

    def __init__(
        self,
        email: str,
        issuer: Issuer,
        keys: KeyStore,
        clock: Clock,
        workers: Workers,
        *,
        project: tuple[str, str],
        audit: Audit,
    ) -> None:
        """Take the account and what issues its tokens; `project` is its id and its number.

        The audit has each token before it is given out.
        """
        self._email = email
        self._issuer = issuer
        self._keys = keys
        self._clock = clock
        self._workers = workers
        self._audit = audit
        self._tree = {"computeMetadata": {"v1": self._root(*project)}}

    async def respond(self, request: HttpRequest, _receive: Receive) -> Answer:
        """Answer one request; refuse what was not written for a metadata server."""
        if request.method not in {"GET", "HEAD"}:
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "The metadata server takes GET.")
        if request.header("metadata-flavor") != "Google":
            return _refusal(HTTPStatus.FORBIDDEN, "Missing Metadata-Flavor:Google header.")
        if request.header("x-forwarded-for") is not None:
            return _refusal(HTTPStatus.FORBIDDEN, "Requests with X-Forwarded-For are refused.")
        if not names_us(request.header("host"), _HOSTS):
            return _refusal(HTTPStatus.FORBIDDEN, "The Host header names another server.")
        return await self._workers.run(lambda: self._answer(request))

    def _answer(self, request: HttpRequest) -> Answer:
        try:
            query = dict(request.query())
            found = self._find(decoded(request.raw_path))
        except InvalidArgumentError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, error.message)
        account = self._keys.account(self._email)
        if found is None or account is None or account.disabled:
            return _refusal(HTTPStatus.NOT_FOUND, "There is nothing at this path.")
        if callable(found):
            return found(query)
        if query.get("recursive", "").lower() == "true" and not isinstance(found, _Value):
            return _json(_document(found))
        if query.get("alt") == "json":
            return _json(_document(found))
        return _text(found.text if isinstance(found, _Value) else _listing(found))

    def _find(self, path: str) -> _Value | _Made | _Tree | None:
        found: _Value | _Made | _Tree | None = self._tree
        for part in path.split("/"):
            if part and _is_tree(found):
                found = found.get(shown_email(part) if part == self._email else part)
            elif part:
                return None
        return found

    def _root(self, project_id: str, project_number: str) -> _Tree:
        universe = _Value("googleapis.com", "googleapis.com")
        number = int(project_number) if project_number.isdecimal() else project_number
        email = shown_email(self._email)
        account: _Tree = {
            "aliases": _Value("default", ["default"]),
            "email": _Value(email, email),
            "identity": self._identity,
            "scopes": _Value(CLOUD_PLATFORM, [CLOUD_PLATFORM]),
            "token": self._token,
        }
        return {
            "instance": {"service-accounts": {"default": account, email: account}},
            "project": {
                "numeric-project-id": _Value(project_number, number),
                "project-id": _Value(project_id, project_id),
            },
            # google-auth has asked for both
            "universe": {"universe-domain": universe, "universe_domain": universe},
        }

    def _token(self, _query: Mapping[str, str]) -> Answer:
        # Whatever scopes are asked for, as on a Google machine, whose scopes are its own.
        issued = self._issuer.access_token(self._email)
        store_made(self._audit, _METHOD, issued.token, self._clock.now())
        seconds = issued.expire_time - int(self._clock.now())
        return _json({"access_token": issued.token, "expires_in": seconds, "token_type": "Bearer"})

    def _identity(self, query: Mapping[str, str]) -> Answer:
        audience = query.get("audience", "")
        if not audience:
            return _refusal(HTTPStatus.BAD_REQUEST, "non-empty audience parameter required")
        try:
            issued = self._issuer.id_token(self._email, audience)
        except InvalidArgumentError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, error.message)
        store_made(self._audit, _METHOD, issued.token, self._clock.now())
        return _text(issued.token)


def _is_tree(found: _Value | _Made | _Tree | None) -> TypeGuard[_Tree]:
    return isinstance(found, Mapping)


def _document(found: _Value | _Tree) -> object:
    """Return a part of the tree as JSON, in camelCase and without what is made when asked for."""
    if isinstance(found, _Value):
        return found.document
    return {
        re.sub(r"-(\w)", lambda match: match[1].upper(), name): _document(child)
        for name, child in found.items()
        if not callable(child)
    }


def _listing(tree: _Tree) -> str:
    return "".join(f"{name}/\n" if _is_tree(child) else f"{name}\n" for name, child in tree.items())


def _json(document: object) -> Answer:
    return Answer(headers=_HEADERS, body=json.dumps(document).encode(), content_type=_JSON)


def _text(text: str) -> Answer:
    return Answer(headers=_HEADERS, body=text.encode(), content_type=_TEXT)


def _refusal(status: HTTPStatus, words: str) -> Answer:
    return Answer(
        status=status, headers=_HEADERS, body=f"{words}\n".encode(), content_type="text/plain"
    )
