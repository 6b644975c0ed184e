"""Reading what workflows log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ringback.v1 import logs_pb2
from ringback.v1.logs_pb2 import LogEntry
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


class LogVerbs(PlacedVerbs):
    """The verbs of logs."""

    def logs(
        self, parent: str | None = None, *, filter_: str = "", newest_first: bool = False
    ) -> AsyncIterator[LogEntry]:
        """Yield the log entries of an execution or a workflow (full names), or of all.

        They come oldest first unless `newest_first`; pages are read as needed. `filter_` joins
        terms with AND: a bare text, `severity>=WARNING`, `timestamp>="2026-08-01T00:00:00Z"`.
        """
        order_by = "timestamp desc" if newest_first else ""

        async def page(token: str) -> tuple[Sequence[LogEntry], str]:
            request = logs_pb2.ListLogEntriesRequest(
                parent=parent or str(self._place),
                page_token=token,
                filter=filter_,
                order_by=order_by,
            )
            answer = await self._call(rpcs.LIST_LOG_ENTRIES, request)
            return answer.entries, answer.next_page_token

        return pages(page)
