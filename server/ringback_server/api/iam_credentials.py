"""The IAMCredentials service."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from ringback.v1 import iam_credentials_pb2
from ringback_server.api import messages
from ringback_server.auth.attenuation import Bounds
from ringback_server.control import credentials
from ringback_server.control.caller import Caller
from ringback_server.model.names import ServiceAccountName


def generate_access_token(
    request: iam_credentials_pb2.GenerateAccessTokenRequest, caller: Caller
) -> iam_credentials_pb2.GenerateAccessTokenResponse:
    """Make an access token of a service account."""
    issued = credentials.generate_access_token(
        caller,
        ServiceAccountName.parse(request.name),
        scope=request.scope,
        bounds=Bounds(
            permissions=frozenset(request.permissions) or None,
            resource=request.resource or None,
            method=request.method or None,
            lifetime=(
                messages.seconds_of(request.lifetime) if request.HasField("lifetime") else None
            ),
        ),
        delegates=request.delegates,
    )
    return iam_credentials_pb2.GenerateAccessTokenResponse(
        access_token=issued.token, expire_time=Timestamp(seconds=issued.expire_time)
    )


def generate_id_token(
    request: iam_credentials_pb2.GenerateIdTokenRequest, caller: Caller
) -> iam_credentials_pb2.GenerateIdTokenResponse:
    """Make an ID token of a service account."""
    issued = credentials.generate_id_token(
        caller,
        ServiceAccountName.parse(request.name),
        audience=request.audience,
        include_email=request.include_email,
        delegates=request.delegates,
    )
    return iam_credentials_pb2.GenerateIdTokenResponse(token=issued.token)


def sign_blob(
    request: iam_credentials_pb2.SignBlobRequest, caller: Caller
) -> iam_credentials_pb2.SignBlobResponse:
    """Sign bytes for a service account."""
    kid, signature = credentials.sign_blob(
        caller,
        ServiceAccountName.parse(request.name),
        payload=request.payload,
        delegates=request.delegates,
    )
    return iam_credentials_pb2.SignBlobResponse(key_id=kid, signed_blob=signature)


def sign_jwt(
    request: iam_credentials_pb2.SignJwtRequest, caller: Caller
) -> iam_credentials_pb2.SignJwtResponse:
    """Sign a JWT for a service account."""
    kid, token = credentials.sign_jwt(
        caller,
        ServiceAccountName.parse(request.name),
        payload=request.payload,
        delegates=request.delegates,
    )
    return iam_credentials_pb2.SignJwtResponse(key_id=kid, signed_jwt=token)
