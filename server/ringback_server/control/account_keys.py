"""Verbs on the keys of service accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringback_server.auth.account_keys import new_key, uploaded_key
from ringback_server.auth.key_file import key_file_content
from ringback_server.auth.keys import RSA_BITS
from ringback_server.control.accounts import present
from ringback_server.control.caller import Caller, requires
from ringback_server.control.refusals import check_unbound, refused
from ringback_server.model.names import AccountKeyName, ServiceAccountName
from ringback_server.model.resources import AccountKey
from ringback_server.store.account_keys import no_key

#: keys of one account at most, more than Google's 10
_MOST = 20


@dataclass(frozen=True, slots=True)
class KeyKind:
    """An algorithm that account keys sign with, and the bits of an RSA key."""

    algorithm: str
    bits: int = RSA_BITS


#: the kinds of keys that are made here, by their names in the API
KINDS: Final[Mapping[str, KeyKind]] = MappingProxyType(
    {
        "KEY_ALG_RSA_2048": KeyKind("RS256"),
        "KEY_ALG_RSA_4096": KeyKind("RS256", 4096),
        "KEY_ALG_EC_P256": KeyKind("ES256"),
        "KEY_ALG_ED25519": KeyKind("EdDSA"),
    }
)


@requires("iam.serviceAccountKeys.create")
def create(caller: Caller, name: ServiceAccountName, kind: KeyKind) -> tuple[AccountKey, bytes]:
    """Make a key; return it with its key file, which is kept nowhere.

    Raise NotFoundError, and FailedPreconditionError for an account with too many keys.
    """
    check_unbound(caller.principal, "A key")
    account, backend = present(caller, name), caller.backend
    # Making one takes up to a second, which is not to be had for nothing.
    backend.store.credentials.check_room_for_key(account.email, most=_MOST)
    key, private_key = new_key(
        account.email,
        account.unique_id,
        algorithm=kind.algorithm,
        bits=kind.bits,
        now=backend.clock.now(),
    )
    content = key_file_content(
        project=name.project,
        kid=key.kid,
        private_key=private_key,
        email=account.email,
        client_id=account.unique_id,
        token_uri=f"{backend.engine.callback_base_url}/token",
    )
    backend.store.credentials.add_key_of_account(key, most=_MOST)
    return key, json.dumps(content, indent=2).encode() + b"\n"


@requires("iam.serviceAccountKeys.create")
def upload(caller: Caller, name: ServiceAccountName, public_key: bytes) -> AccountKey:
    """Register the public half of a key that was made elsewhere.

    Raise InvalidArgumentError for a key that is weak or cannot be read, NotFoundError,
    AlreadyExistsError, and FailedPreconditionError for an account with too many keys.
    """
    check_unbound(caller.principal, "A key")
    present(caller, name)
    try:
        key = uploaded_key(name.email, public_key, caller.backend.clock.now())
    except ValueError as error:
        raise refused("public_key_data", f"public_key_data is no fit key: {error}") from error
    caller.backend.store.credentials.add_key_of_account(key, most=_MOST)
    return key


@requires("iam.serviceAccountKeys.get")
def get(caller: Caller, name: AccountKeyName) -> AccountKey:
    """Return a key; or NotFoundError."""
    return _present(caller, name)


@requires("iam.serviceAccountKeys.list")
def list_(caller: Caller, name: ServiceAccountName) -> list[AccountKey]:
    """Return the keys of an account, oldest first; or NotFoundError."""
    return caller.backend.store.credentials.account_keys(present(caller, name).email)


@requires("iam.serviceAccountKeys.delete")
def delete(caller: Caller, name: AccountKeyName) -> None:
    """Delete a key, so that what it signs counts no longer; or NotFoundError."""
    _present(caller, name)
    caller.backend.store.credentials.delete_account_key(name)


@requires("iam.serviceAccountKeys.disable")
def disable(caller: Caller, name: AccountKeyName) -> None:
    """Have a key count no longer, until it is enabled; or NotFoundError."""
    _present(caller, name)
    caller.backend.store.credentials.set_key_disabled(name, disabled=True)


@requires("iam.serviceAccountKeys.enable")
def enable(caller: Caller, name: AccountKeyName) -> None:
    """Make a disabled key count again; or NotFoundError."""
    _present(caller, name)
    caller.backend.store.credentials.set_key_disabled(name, disabled=False)


def _present(caller: Caller, name: AccountKeyName) -> AccountKey:
    account = present(caller, name.parent)
    key = caller.backend.store.credentials.account_key(name.key)
    if key is None or key.email != account.email:
        raise no_key(name)
    return key
