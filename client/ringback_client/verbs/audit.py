"""Reading the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ringback.v1 import audit_pb2
from ringback.v1.audit_pb2 import AuditEntry
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


class AuditVerbs(PlacedVerbs):
    """The verbs of the audit."""

    def audit_entries(
        self,
        parent: str | None = None,
        *,
        filter_: str = "",
        order_by: str = "",
        page_size: int = 0,
    ) -> AsyncIterator[AuditEntry]:
        """Yield the audit entries of the project, or of `parent`, newest first.

        `projects/-` are all projects. `filter_` and `order_by` are as in other lists:
        `principal="a@b" AND status!="OK"`, `timestamp`. Pages of `page_size` entries are read as
        needed.
        """

        async def page(token: str) -> tuple[Sequence[AuditEntry], str]:
            request = audit_pb2.ListAuditEntriesRequest(
                parent=parent or f"projects/{self._place.project}",
                page_token=token,
                page_size=page_size,
                filter=filter_,
                order_by=order_by,
            )
            answer = await self._call(rpcs.LIST_AUDIT_ENTRIES, request)
            return answer.audit_entries, answer.next_page_token

        return pages(page)
