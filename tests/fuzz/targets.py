"""What is fuzzed: each takes any bytes, and returns unless there is a bug."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from ringback_server.api.table import SERVICES
from ringback_server.auth.grants import JWT_BEARER, OAuthError
from ringback_server.auth.jws import read
from ringback_server.auth.refusals import TokenError
from ringback_server.control.request_map import CallbackRequest, request_map
from ringback_server.errors import (
    InvalidArgumentError,
    MethodNotAllowedError,
    NotFoundError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from ringback_server.gateway.transcoder import Transcoder
from ringback_server.model.names import CallbackName
from ringback_server.store.payloads import pack, unpack
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, AccountKeys, Instance

_TRANSCODER = Transcoder(SERVICES)
_KEYS = AccountKeys.new()
_INSTANCE = Instance(_KEYS)
_VERBS = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD")


def bearer(data: bytes) -> None:
    """Authenticate with any text."""
    text = data.decode("utf-8", "surrogateescape")
    with suppress(UnauthenticatedError):
        raise AssertionError(_INSTANCE.authenticator.authenticate(text))
    with suppress(TokenError):
        read(text)


def signed(data: bytes) -> None:
    """Authenticate and exchange with any bytes as claims, truly signed."""
    with suppress(UnauthenticatedError):
        token = _INSTANCE.sign_access(_INSTANCE.access_header(), data)
        assert ADMIN == _INSTANCE.authenticator.authenticate(token).email
    with suppress(OAuthError):
        assertion = forge(_INSTANCE.account_header(), data, _KEYS.admin_pem)
        _INSTANCE.grants.exchange({"grant_type": JWT_BEARER, "assertion": assertion})


def rest(data: bytes) -> None:
    """Route any path, and read any body."""
    path, _, body = data.partition(b"\n")
    verb = _VERBS[len(body) % len(_VERBS)]
    with suppress(
        InvalidArgumentError, MethodNotAllowedError, NotFoundError, UnsupportedMediaTypeError
    ):
        _TRANSCODER.route(verb, f"/v1/{path.decode('latin-1')}").request([], body)


def name(data: bytes) -> None:
    """Parse any text as the name of a callback."""
    text = data.decode("utf-8", "replace")
    with suppress(InvalidArgumentError):
        assert text == str(CallbackName.parse(text))


def callback(data: bytes) -> None:
    """Make a map of any callback, which is stored and read again."""
    kind, _, body = data.partition(b"\n")
    request = CallbackRequest(
        method="POST",
        body=body,
        headers=[("Content-Type", kind.decode("latin-1"))],
        query=[],
    )
    made = request_map(request, method="POST", path="/", received=1.0, uptime=1.0)
    assert made == unpack(pack(made))


#: name -> what is fuzzed, and something to begin with
TARGETS: Mapping[str, tuple[Callable[[bytes], None], bytes]] = {
    "bearer": (bearer, forge(_INSTANCE.access_header(), {}, _KEYS.admin_pem).encode()),
    "signed": (signed, json.dumps(_INSTANCE.access_claims()).encode()),
    "rest": (rest, b'projects/p/locations/l/workflows\n{"sourceContents": "x"}'),
    "name": (name, b"projects/p/locations/l/workflows/w/executions/e/callbacks/c"),
    "callback": (callback, b'application/json; charset=utf-8\n{"a": [1, null]}'),
}
