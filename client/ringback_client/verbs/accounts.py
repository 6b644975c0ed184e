"""Tokens of other accounts than the client's own."""

from __future__ import annotations

from collections.abc import Sequence

from ringback.v1 import iam_credentials_pb2
from ringback_client import rpcs
from ringback_client.credentials import SCOPE
from ringback_client.verbs.place import PlacedVerbs, duration


class AccountVerbs(PlacedVerbs):
    """The verbs of service accounts."""

    async def generate_access_token(
        self, email: str, *, seconds: int = 3600, permissions: Sequence[str] = ()
    ) -> str:
        """Return an access token of an account that the client's may make tokens for.

        It is valid for `seconds`; `permissions` narrows what it is good for. Raises RequestError
        when the client's account may not.
        """
        request = iam_credentials_pb2.GenerateAccessTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            scope=[SCOPE],
            lifetime=duration(seconds),
            permissions=permissions,
        )
        return (await self._call(rpcs.GENERATE_ACCESS_TOKEN, request)).access_token

    async def generate_id_token(
        self, email: str, audience: str, *, include_email: bool = False
    ) -> str:
        """Return an ID token for an audience, of an account the client's may make tokens for.

        Raises RequestError when the client's account may not.
        """
        request = iam_credentials_pb2.GenerateIdTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            audience=audience,
            include_email=include_email,
        )
        return (await self._call(rpcs.GENERATE_ID_TOKEN, request)).token
