"""Secrets of service accounts that are OAuth clients."""

from __future__ import annotations

from collections.abc import Sequence

from ringback.v1 import client_secrets_pb2
from ringback.v1.client_secrets_pb2 import ClientSecret
from ringback_client import rpcs
from ringback_client.verbs.place import PlacedVerbs, duration


class ClientSecretVerbs(PlacedVerbs):
    """The verbs of secrets."""

    async def create_client_secret(
        self, email: str, *, seconds: float | None = None
    ) -> ClientSecret:
        """Make a secret of an account; its `secret` is told this once.

        It counts for `seconds`, or until it is deleted. Raises RequestError, also if the account
        has two already.
        """
        request = client_secrets_pb2.CreateClientSecretRequest(
            parent=f"projects/-/serviceAccounts/{email}",
            ttl=None if seconds is None else duration(seconds),
        )
        return await self._call(rpcs.CREATE_CLIENT_SECRET, request)

    async def client_secrets(self, email: str) -> Sequence[ClientSecret]:
        """Return the secrets of an account, oldest first; raises RequestError."""
        request = client_secrets_pb2.ListClientSecretsRequest(
            parent=f"projects/-/serviceAccounts/{email}"
        )
        return (await self._call(rpcs.LIST_CLIENT_SECRETS, request)).client_secrets

    async def delete_client_secret(self, email: str, secret_id: str) -> None:
        """Delete a secret of an account, by the last part of its name; raises RequestError."""
        request = client_secrets_pb2.DeleteClientSecretRequest(
            name=f"projects/-/serviceAccounts/{email}/secrets/{secret_id}"
        )
        await self._call(rpcs.DELETE_CLIENT_SECRET, request)
