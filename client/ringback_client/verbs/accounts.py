"""Tokens and signatures of other accounts than the client's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ringback.v1 import iam_credentials_pb2
from ringback.v1.callbacks_pb2 import Callback
from ringback_client import rpcs
from ringback_client.credentials import SCOPE
from ringback_client.names import token_resource
from ringback_client.verbs.place import PlacedVerbs, duration


class AccountVerbs(PlacedVerbs):
    """The verbs of service accounts."""

    async def generate_access_token(
        self,
        email: str,
        *,
        seconds: float | None = None,
        permissions: Sequence[str] = (),
        resource: str | Callback = "",
        method: str = "",
    ) -> str:
        """Return an access token of an account that the client's may make tokens for, or of itself.

        It is valid for `seconds`, by default an hour, and good for no more than `permissions`, if
        there are some, on `resource` and what lies below, if that is given: the full name of a
        project, a workflow, an execution or a callback, or a callback's URL. With `method`,
        callbacks can be sent with that HTTP method alone. So a link for whoever is to answer is
        made with the permission `workflows.callbacks.send`, the callback and its method. An hour is
        the longest, with a resource 24 hours, and 90 days if that is a callback and sending the
        only permission.

        Raises RequestError when the client's account may not, InvalidInputError for a resource that
        is none.
        """
        named = resource if isinstance(resource, str) else resource.name
        request = iam_credentials_pb2.GenerateAccessTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            scope=[SCOPE],
            lifetime=None if seconds is None else duration(seconds),
            permissions=permissions,
            resource=token_resource(named) if named else "",
            method=method.upper(),
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

    async def sign_blob(self, email: str, payload: bytes) -> bytes:
        """Return the signature of bytes by a key that the server keeps for an account.

        RSA, PKCS 1 version 1.5, over SHA-256. Raises RequestError when the client's account may
        not.
        """
        request = iam_credentials_pb2.SignBlobRequest(
            name=f"projects/-/serviceAccounts/{email}", payload=payload
        )
        return (await self._call(rpcs.SIGN_BLOB, request)).signed_blob

    async def sign_jwt(self, email: str, claims: Mapping[str, object]) -> str:
        """Return a JWT of these claims, signed by a key that the server keeps for an account.

        Its `exp`, if there is one, is at most 12 hours ahead. Raises RequestError when the
        client's account may not.
        """
        request = iam_credentials_pb2.SignJwtRequest(
            name=f"projects/-/serviceAccounts/{email}", payload=json.dumps(dict(claims))
        )
        return (await self._call(rpcs.SIGN_JWT, request)).signed_jwt
