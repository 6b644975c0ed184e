"""The keys that sign the server's tokens."""

from __future__ import annotations

from collections.abc import Sequence

from ringback.v1 import signing_keys_pb2
from ringback.v1.signing_keys_pb2 import SigningKey
from ringback_client import rpcs
from ringback_client.verbs.place import PlacedVerbs, duration


class SigningKeyVerbs(PlacedVerbs):
    """The verbs of signing keys. A key is called by its kid, or by its whole name."""

    async def list_signing_keys(self) -> Sequence[SigningKey]:
        """Return the keys that sign the server's tokens or did, newest first."""
        request = signing_keys_pb2.ListSigningKeysRequest()
        return (await self._call(rpcs.LIST_SIGNING_KEYS, request)).signing_keys

    async def rotate_signing_key(
        self, algorithm: str = "", *, overlap: float | None = None
    ) -> SigningKey:
        """Have a new key sign, and return it.

        `algorithm` is ES256, RS256 or EdDSA, by default that of the present key. What that one
        signed stays valid for `overlap` seconds, by default until it expires.
        """
        request = signing_keys_pb2.RotateSigningKeyRequest(
            algorithm=algorithm, overlap=None if overlap is None else duration(overlap)
        )
        return await self._call(rpcs.ROTATE_SIGNING_KEY, request)

    async def revoke_signing_key(self, key: str) -> SigningKey:
        """End a key and all tokens that it signed, at once; return what became of it."""
        name = key if key.startswith("signingKeys/") else f"signingKeys/{key}"
        request = signing_keys_pb2.RevokeSigningKeyRequest(name=name)
        return await self._call(rpcs.REVOKE_SIGNING_KEY, request)
