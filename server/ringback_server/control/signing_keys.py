"""The verbs on the keys that sign this server's tokens."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.control.caller import Caller, requires
from ringback_server.model.resources import SigningKey
from ringback_server.model.signing_key_names import SigningKeyName, SigningKeysName


@requires("ringback.signingKeys.list")
def list_(caller: Caller, _name: SigningKeysName) -> Sequence[SigningKey]:
    """Return all keys, newest first."""
    return caller.backend.keys.keys()


@requires("ringback.signingKeys.rotate")
def rotate(
    caller: Caller, _name: SigningKeysName, *, algorithm: str, overlap: float | None
) -> SigningKey:
    """Have a new key sign, of `algorithm` or, if that is empty, of the present key's.

    What the present one signed stays valid for `overlap` seconds, by default until it expires.
    Raise InvalidArgumentError for an unknown algorithm or an overlap that makes no sense.
    """
    return caller.backend.keys.rotate(algorithm, overlap=overlap)


@requires("ringback.signingKeys.revoke")
def revoke(caller: Caller, name: SigningKeyName) -> SigningKey:
    """End a key and all that it signed at once; another signs if this one did.

    Raise NotFoundError for an unknown key, and FailedPreconditionError if it has retired.
    """
    return caller.backend.keys.revoke(name.kid)
