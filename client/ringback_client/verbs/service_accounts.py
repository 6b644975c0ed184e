"""Service accounts and their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal

from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import iam_pb2
from ringback.v1.iam_pb2 import ServiceAccount, ServiceAccountKey
from ringback_client import iam_rpcs as rpcs
from ringback_client.calls import pages
from ringback_client.names import last_segment
from ringback_client.verbs.place import PlacedVerbs

#: kinds of keys that can be made
KeyAlgorithm = Literal["rsa2048", "rsa4096", "ec-p256"]

_ALGORITHMS: dict[KeyAlgorithm, iam_pb2.ServiceAccountKeyAlgorithm.ValueType] = {
    "rsa2048": iam_pb2.KEY_ALG_RSA_2048,
    "rsa4096": iam_pb2.KEY_ALG_RSA_4096,
    "ec-p256": iam_pb2.KEY_ALG_EC_P256,
}


class ServiceAccountVerbs(PlacedVerbs):
    """The verbs of service accounts and their keys.

    An account is named by its address, or by its id alone in the client's project. Every method
    raises RequestError when the server refuses.
    """

    async def create_account(
        self, account_id: str, *, display_name: str = "", description: str = ""
    ) -> ServiceAccount:
        """Create a service account in the client's project, without roles and keys."""
        request = iam_pb2.CreateServiceAccountRequest(
            name=f"projects/{self._place.project}",
            account_id=account_id,
            service_account=ServiceAccount(display_name=display_name, description=description),
        )
        return await self._call(rpcs.CREATE_ACCOUNT, request)

    def accounts(self, *, page_size: int = 0) -> AsyncIterator[ServiceAccount]:
        """Yield the service accounts of the client's project, by address."""
        name = f"projects/{self._place.project}"

        async def page(token: str) -> tuple[Sequence[ServiceAccount], str]:
            request = iam_pb2.ListServiceAccountsRequest(
                name=name, page_size=page_size, page_token=token
            )
            answer = await self._call(rpcs.LIST_ACCOUNTS, request)
            return answer.accounts, answer.next_page_token

        return pages(page)

    async def get_account(self, account: str) -> ServiceAccount:
        """Return a service account."""
        request = iam_pb2.GetServiceAccountRequest(name=self._place.account(account))
        return await self._call(rpcs.GET_ACCOUNT, request)

    async def update_account(
        self, account: str, *, display_name: str | None = None, description: str | None = None
    ) -> ServiceAccount:
        """Change what a service account is called and described as; None leaves it as it is."""
        changes = {"display_name": display_name, "description": description}
        request = iam_pb2.PatchServiceAccountRequest(
            service_account=ServiceAccount(
                name=self._place.account(account),
                display_name=display_name or "",
                description=description or "",
            ),
            update_mask=FieldMask(
                paths=[name for name, value in changes.items() if value is not None]
            ),
        )
        return await self._call(rpcs.PATCH_ACCOUNT, request)

    async def delete_account(self, account: str) -> None:
        """Delete a service account with its keys and its roles."""
        request = iam_pb2.DeleteServiceAccountRequest(name=self._place.account(account))
        await self._call(rpcs.DELETE_ACCOUNT, request)

    async def enable_account(self, account: str) -> None:
        """Make a disabled service account count again."""
        request = iam_pb2.EnableServiceAccountRequest(name=self._place.account(account))
        await self._call(rpcs.ENABLE_ACCOUNT, request)

    async def disable_account(self, account: str) -> None:
        """Disable a service account: its keys and tokens count no longer when this returns."""
        request = iam_pb2.DisableServiceAccountRequest(name=self._place.account(account))
        await self._call(rpcs.DISABLE_ACCOUNT, request)

    async def create_key(
        self, account: str, *, algorithm: KeyAlgorithm = "rsa2048"
    ) -> ServiceAccountKey:
        """Make a key for a service account.

        Its `private_key_data` is a key file, as the client and Google's libraries read it. The
        server keeps no copy, so it is nowhere else.
        """
        request = iam_pb2.CreateServiceAccountKeyRequest(
            name=self._place.account(account), key_algorithm=_ALGORITHMS[algorithm]
        )
        return await self._call(rpcs.CREATE_KEY, request)

    async def upload_key(self, account: str, public_key: bytes) -> ServiceAccountKey:
        """Register a key, of which this is the public half or a certificate, in PEM."""
        request = iam_pb2.UploadServiceAccountKeyRequest(
            name=self._place.account(account), public_key_data=public_key
        )
        return await self._call(rpcs.UPLOAD_KEY, request)

    async def keys(self, account: str) -> Sequence[ServiceAccountKey]:
        """Return the keys of a service account, oldest first, without their halves."""
        request = iam_pb2.ListServiceAccountKeysRequest(name=self._place.account(account))
        return (await self._call(rpcs.LIST_KEYS, request)).keys

    async def get_key(self, account: str, key: str) -> ServiceAccountKey:
        """Return a key of a service account with its public half, in PEM."""
        request = iam_pb2.GetServiceAccountKeyRequest(
            name=self._key(account, key), public_key_type=iam_pb2.TYPE_RAW_PUBLIC_KEY
        )
        return await self._call(rpcs.GET_KEY, request)

    async def delete_key(self, account: str, key: str) -> None:
        """Delete a key: what it signed counts no longer when this returns."""
        request = iam_pb2.DeleteServiceAccountKeyRequest(name=self._key(account, key))
        await self._call(rpcs.DELETE_KEY, request)

    async def enable_key(self, account: str, key: str) -> None:
        """Make a disabled key count again."""
        request = iam_pb2.EnableServiceAccountKeyRequest(name=self._key(account, key))
        await self._call(rpcs.ENABLE_KEY, request)

    async def disable_key(self, account: str, key: str) -> None:
        """Disable a key: what it signed counts no longer when this returns."""
        request = iam_pb2.DisableServiceAccountKeyRequest(name=self._key(account, key))
        await self._call(rpcs.DISABLE_KEY, request)

    def _key(self, account: str, key: str) -> str:
        return f"{self._place.account(account)}/keys/{last_segment(key)}"
