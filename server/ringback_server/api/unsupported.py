"""Fields of Google's workflows that promise what nothing here keeps: refused, never dropped."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ringback.v1 import workflows_pb2
from ringback_server.control.refusals import refused

#: field: why it is refused, and what to do instead
UNSUPPORTED: Final = MappingProxyType(
    {
        "crypto_key_name": (
            "there are no customer-managed keys here, so nothing would be encrypted with it; "
            "leave crypto_key_name out, and keep the data directory on an encrypted disk"
        ),
        "tags": (
            "there is no Resource Manager here to bind tags in, so no policy would heed them; "
            "leave tags out, or use labels"
        ),
    }
)


def refuse_unsupported(sent: workflows_pb2.Workflow, among: frozenset[str] | None = None) -> None:
    """Raise InvalidArgumentError if a field has a value that would have no effect.

    `among` are the fields that the request is about, None for all. One that is empty, as clients
    send it to clear it, is what it will be.
    """
    for field, reason in UNSUPPORTED.items():
        if getattr(sent, field) and (among is None or field in among):
            raise refused(f"workflow.{field}", reason)
