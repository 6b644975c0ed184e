"""The ClientSecrets service."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import client_secrets_pb2
from ringback_server.api import messages
from ringback_server.control import client_secrets
from ringback_server.control.caller import Caller
from ringback_server.model.logins import ClientSecret
from ringback_server.model.names import ClientSecretName, ServiceAccountName


def create_client_secret(
    request: client_secrets_pb2.CreateClientSecretRequest, caller: Caller
) -> client_secrets_pb2.ClientSecret:
    """Make a secret of a service account."""
    name = ServiceAccountName.parse(request.parent, "parent")
    ttl = messages.seconds_of(request.ttl) if request.HasField("ttl") else None
    made = client_secrets.create(caller, name, ttl=ttl)
    shown = _secret(made.record, name)
    shown.secret = made.secret
    return shown


def list_client_secrets(
    request: client_secrets_pb2.ListClientSecretsRequest, caller: Caller
) -> client_secrets_pb2.ListClientSecretsResponse:
    """List the secrets of a service account."""
    name = ServiceAccountName.parse(request.parent, "parent")
    found = client_secrets.list_(caller, name)
    return client_secrets_pb2.ListClientSecretsResponse(
        client_secrets=[_secret(secret, name) for secret in found]
    )


def delete_client_secret(
    request: client_secrets_pb2.DeleteClientSecretRequest, caller: Caller
) -> Empty:
    """Delete a secret of a service account."""
    name = ClientSecretName.parse(request.name)
    client_secrets.delete(caller, name.parent, name.secret)
    return Empty()


def _secret(found: ClientSecret, parent: ServiceAccountName) -> client_secrets_pb2.ClientSecret:
    shown = client_secrets_pb2.ClientSecret(
        name=str(ClientSecretName(parent, found.secret_id)),
        create_time=messages.timestamp(found.create_time),
    )
    if found.expire_time is not None:
        shown.expire_time.CopyFrom(messages.timestamp(found.expire_time))
    return shown
