"""The history of executions: which steps ran, and all that is stored about one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ringback.v1 import step_entries_pb2
from ringback.v1.step_entries_pb2_grpc import ExecutionHistoryStub, StepEntriesStub
from ringback_client.calls import Calls, pages
from ringback_client.names import Place


@dataclass(slots=True)
class Steps:
    """The step entries of an execution, while they are read; `unrecorded` steps have none."""

    entries: Iterator[step_entries_pb2.StepEntry] = field(
        default_factory=lambda: iter(list[step_entries_pb2.StepEntry]())
    )
    unrecorded: int = 0


class History:
    """Reads and deletes histories. Every method raises a ClientError."""

    def __init__(self, calls: Calls, place: Place) -> None:
        """Take what makes calls, and where short names belong."""
        self._call = calls
        self._place = place
        self._steps = StepEntriesStub(calls.channel)
        self._whole = ExecutionHistoryStub(calls.channel)

    def steps(self, execution: str, *, workflow: str | None = None) -> Steps:
        """Return the step entries of an execution, in the order in which they began."""
        parent = self._place.execution(execution, workflow)
        found = Steps()

        def page(token: str) -> tuple[Sequence[step_entries_pb2.StepEntry], str]:
            request = step_entries_pb2.ListStepEntriesRequest(parent=parent, page_token=token)
            answer = self._call(self._steps.ListStepEntries, request)
            found.unrecorded = answer.unrecorded_entries
            return answer.step_entries, answer.next_page_token

        found.entries = pages(page)
        return found

    def export(self, execution: str, *, workflow: str | None = None) -> str:
        """Return what is stored about an execution as JSON text."""
        request = step_entries_pb2.ExportDataRequest(
            name=self._place.execution(execution, workflow)
        )
        return self._call(self._whole.ExportData, request).data

    def delete(self, execution: str, *, workflow: str | None = None) -> None:
        """Delete the step entries of an execution."""
        request = step_entries_pb2.DeleteExecutionHistoryRequest(
            name=self._place.execution(execution, workflow)
        )
        self._call(self._whole.DeleteExecutionHistory, request)
