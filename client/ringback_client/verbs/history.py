"""The history of executions: which steps ran, and all that is stored about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringback.v1 import step_entries_pb2
from ringback.v1.step_entries_pb2 import StepEntry
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps that an execution ran."""

    #: in the order in which they began
    entries: Sequence[StepEntry]
    #: how many more ran, and were not recorded
    unrecorded: int


class HistoryVerbs(PlacedVerbs):
    """Reads and deletes histories. Every method raises RequestError if there is no execution."""

    async def steps(self, execution: str, *, workflow: str | None = None) -> Steps:
        """Return the step entries of an execution: all pages of them."""
        parent = self._place.execution(execution, workflow)
        unrecorded = 0

        async def page(token: str) -> tuple[Sequence[StepEntry], str]:
            nonlocal unrecorded
            request = step_entries_pb2.ListStepEntriesRequest(parent=parent, page_token=token)
            answer = await self._call(rpcs.LIST_STEP_ENTRIES, request)
            unrecorded = answer.unrecorded_entries
            return answer.step_entries, answer.next_page_token

        entries = [entry async for entry in pages(page)]
        return Steps(entries=entries, unrecorded=unrecorded)

    async def export(self, execution: str, *, workflow: str | None = None) -> str:
        """Return what is stored about an execution, as JSON text."""
        request = step_entries_pb2.ExportDataRequest(
            name=self._place.execution(execution, workflow)
        )
        return (await self._call(rpcs.EXPORT_DATA, request)).data

    async def delete(self, execution: str, *, workflow: str | None = None) -> None:
        """Delete the step entries of an execution."""
        request = step_entries_pb2.DeleteExecutionHistoryRequest(
            name=self._place.execution(execution, workflow)
        )
        await self._call(rpcs.DELETE_EXECUTION_HISTORY, request)
