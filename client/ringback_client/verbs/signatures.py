"""Signatures that the callback URLs of workflows take instead of tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import callback_signatures_pb2
from ringback.v1.callback_signatures_pb2 import CallbackSecret, CallbackSignature, HmacRules
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


class SignatureVerbs(PlacedVerbs):
    """Makes, reads, changes and deletes callback signatures.

    Secrets are given and never returned: what is returned has their fingerprints. Every method
    raises RequestError if there is no such workflow or signature.
    """

    async def create(
        self,
        workflow: str,
        signature_id: str,
        scheme: CallbackSignature.Scheme.ValueType,
        secrets: Sequence[str],
        *,
        hmac: HmacRules | None = None,
        disabled: bool = False,
    ) -> CallbackSignature:
        """Let senders that know one of the secrets send callbacks; return the signature.

        `scheme` is such as CallbackSignature.GITHUB; with CallbackSignature.HMAC, `hmac` says how
        it is signed.
        """
        request = callback_signatures_pb2.CreateCallbackSignatureRequest(
            parent=self._place.workflow(workflow),
            callback_signature_id=signature_id,
            callback_signature=CallbackSignature(
                scheme=scheme, secrets=_given(secrets), hmac=hmac, disabled=disabled
            ),
        )
        return await self._call(rpcs.CREATE_CALLBACK_SIGNATURE, request)

    async def get(self, workflow: str, signature_id: str) -> CallbackSignature:
        """Return a signature."""
        request = callback_signatures_pb2.GetCallbackSignatureRequest(
            name=self._name(workflow, signature_id)
        )
        return await self._call(rpcs.GET_CALLBACK_SIGNATURE, request)

    def list(self, workflow: str) -> AsyncIterator[CallbackSignature]:
        """Yield the signatures of a workflow, by id."""
        parent = self._place.workflow(workflow)

        async def page(token: str) -> tuple[Sequence[CallbackSignature], str]:
            request = callback_signatures_pb2.ListCallbackSignaturesRequest(
                parent=parent, page_token=token
            )
            answer = await self._call(rpcs.LIST_CALLBACK_SIGNATURES, request)
            return answer.callback_signatures, answer.next_page_token

        return pages(page)

    async def update(
        self,
        workflow: str,
        signature_id: str,
        *,
        disabled: bool | None = None,
        secrets: Sequence[CallbackSecret] | None = None,
        hmac: HmacRules | None = None,
    ) -> CallbackSignature:
        """Change what is not None; return the signature.

        `secrets` are all that it is to have: new ones with their value, others by fingerprint.
        """
        given = {"disabled": disabled, "secrets": secrets, "hmac": hmac}
        request = callback_signatures_pb2.UpdateCallbackSignatureRequest(
            callback_signature=CallbackSignature(
                name=self._name(workflow, signature_id),
                disabled=bool(disabled),
                secrets=secrets,
                hmac=hmac,
            ),
            update_mask=FieldMask(
                paths=[name for name, value in given.items() if value is not None]
            ),
        )
        return await self._call(rpcs.UPDATE_CALLBACK_SIGNATURE, request)

    async def add_secret(self, workflow: str, signature_id: str, value: str) -> CallbackSignature:
        """Let another secret count as well, which is to replace the one that is there."""
        there = _kept((await self.get(workflow, signature_id)).secrets)
        return await self.update(workflow, signature_id, secrets=[*_given([value]), *there])

    async def remove_secret(
        self, workflow: str, signature_id: str, fingerprint: str
    ) -> CallbackSignature:
        """Let a secret count no longer."""
        kept = _without((await self.get(workflow, signature_id)).secrets, fingerprint)
        return await self.update(workflow, signature_id, secrets=kept)

    async def replace_secret(
        self, workflow: str, signature_id: str, fingerprint: str, value: str
    ) -> CallbackSignature:
        """Let a secret count no longer, and another in its place at the same moment."""
        kept = _without((await self.get(workflow, signature_id)).secrets, fingerprint)
        return await self.update(workflow, signature_id, secrets=[*_given([value]), *kept])

    async def delete(self, workflow: str, signature_id: str) -> None:
        """Delete a signature with its secrets."""
        request = callback_signatures_pb2.DeleteCallbackSignatureRequest(
            name=self._name(workflow, signature_id)
        )
        await self._call(rpcs.DELETE_CALLBACK_SIGNATURE, request)

    def _name(self, workflow: str, signature_id: str) -> str:
        return f"{self._place.workflow(workflow)}/callbackSignatures/{signature_id}"


def _given(values: Iterable[str]) -> list[CallbackSecret]:
    return [CallbackSecret(value=value) for value in values]


def _kept(secrets: Iterable[CallbackSecret]) -> list[CallbackSecret]:
    return [CallbackSecret(fingerprint=secret.fingerprint) for secret in secrets]


def _without(secrets: Sequence[CallbackSecret], fingerprint: str) -> list[CallbackSecret]:
    """Return all but one; if it is not there, that one, so that the server refuses it."""
    kept = [secret for secret in _kept(secrets) if secret.fingerprint != fingerprint]
    return kept if len(kept) < len(secrets) else [CallbackSecret(fingerprint=fingerprint)]
