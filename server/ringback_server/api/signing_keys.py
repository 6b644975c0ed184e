"""The SigningKeys service."""

from __future__ import annotations

from ringback.v1 import signing_keys_pb2
from ringback_server.api import messages
from ringback_server.control import signing_keys
from ringback_server.control.caller import Caller
from ringback_server.model.resources import SigningKey
from ringback_server.model.signing_key_names import SigningKeyName, SigningKeysName

_State = signing_keys_pb2.SigningKey.State


def list_signing_keys(
    _request: signing_keys_pb2.ListSigningKeysRequest, caller: Caller
) -> signing_keys_pb2.ListSigningKeysResponse:
    """List the keys."""
    now = caller.backend.clock.now()
    keys = signing_keys.list_(caller, SigningKeysName())
    return signing_keys_pb2.ListSigningKeysResponse(
        signing_keys=(_message(key, now) for key in keys)
    )


def rotate_signing_key(
    request: signing_keys_pb2.RotateSigningKeyRequest, caller: Caller
) -> signing_keys_pb2.SigningKey:
    """Have a new key sign, and return it."""
    key = signing_keys.rotate(
        caller,
        SigningKeysName(),
        algorithm=request.algorithm,
        overlap=messages.seconds_of(request.overlap) if request.HasField("overlap") else None,
    )
    return _message(key, caller.backend.clock.now())


def revoke_signing_key(
    request: signing_keys_pb2.RevokeSigningKeyRequest, caller: Caller
) -> signing_keys_pb2.SigningKey:
    """End a key and all that it signed."""
    key = signing_keys.revoke(caller, SigningKeyName.parse(request.name))
    return _message(key, caller.backend.clock.now())


def _message(key: SigningKey, now: float) -> signing_keys_pb2.SigningKey:
    message = signing_keys_pb2.SigningKey(
        name=str(SigningKeyName(key.kid)),
        algorithm=key.algorithm,
        state=_state(key, now),
        public_key=key.public_key,
        create_time=messages.timestamp(key.create_time),
    )
    if key.rotate_time is not None:
        message.rotate_time.CopyFrom(messages.timestamp(key.rotate_time))
    if key.retire_time is not None:
        message.retire_time.CopyFrom(messages.timestamp(key.retire_time))
    return message


def _state(key: SigningKey, now: float) -> signing_keys_pb2.SigningKey.State.ValueType:
    if key.revoked:
        return _State.REVOKED
    if key.rotate_time is None:
        return _State.SIGNING
    return _State.RETIRING if key.verifies(now) else _State.RETIRED
