"""What the executions of a workflow do, told line by line as it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

from grpc import StatusCode

from ringback.v1.executions_pb2 import Execution
from ringback.v1.logs_pb2 import LogEntry
from ringback_client import Client, finished
from ringback_client.cli.curl import curl_of
from ringback_client.cli.failures import explain
from ringback_client.cli.following import follow
from ringback_client.connection import Server
from ringback_client.errors import RequestError
from ringback_client.names import last_segment

#: what a line may have of an argument or a result, in characters
_WIDTH = 500
#: so many that have not ended are looked at, the oldest first
_FOLLOWED = 100
#: so many of those that there are at first are taken note of
_NOTED = 1000
#: so many that are known are listed again
_OVERLAP = 20
_LOUD = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY"})

Tell = Callable[[str, str], None]


class Activity:
    """Tells of the executions of one workflow. Each has a number, from 1."""

    def __init__(self, client: Client, workflow: str, server: Server, tell: Tell) -> None:
        """Take the full name of a workflow, and whom to `tell` a line and its style."""
        self._client = client
        self._workflow = workflow
        self._ca_file = server.ca_file
        self._tell = tell
        #: of each that was told about
        self._numbers: dict[str, int] = {}
        self._active: list[str] = []
        #: those that were listed; newer ones come before them
        self._listed: set[str] = set()
        #: endpoints that somebody was told about, with how many waited there
        self._awaited: dict[str, int] = {}
        self._logs = follow(self._entries_since, datetime.now(UTC))

    def begin(self) -> None:
        """Take note of the executions there are, and tell of those that have not ended."""
        for execution in islice(self._client.list(self._workflow), _NOTED):
            self._listed.add(execution.name)
            if not finished(execution):
                self._number(execution.name, "goes on")

    def look(self) -> None:
        """Tell what is new."""
        for name in reversed(list(self._new())):
            self._number(name, "started")
        found = [self._get(name) for name in self._active[:_FOLLOWED]]
        # Read after the executions: of what has ended, all that it logged is there.
        for entry in next(self._logs):
            self._log(entry)
        for execution in filter(None, found):
            if finished(execution):
                self._end(execution)
            else:
                self._callbacks(execution.name)

    def _new(self) -> Iterator[str]:
        """Yield the names of executions that were not listed yet, newest first."""
        again = 0
        for execution in self._client.list(self._workflow):
            # Two that start at once may be listed in either order.
            again += execution.name in self._listed
            if again > _OVERLAP:
                return
            if execution.name not in self._listed:
                self._listed.add(execution.name)
                yield execution.name

    def _get(self, name: str) -> Execution | None:
        """Return an execution; one that was removed meanwhile is followed no longer."""
        try:
            return self._client.get(name)
        except RequestError as error:
            if error.status is not StatusCode.NOT_FOUND:
                raise
            self._active.remove(name)
            return None

    def _number(self, name: str, verb: str) -> int:
        """Return the number of an execution, and tell of it when it has none yet."""
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers) + 1
            self._active.append(name)
            self._tell(f"#{self._numbers[name]} {verb}: {last_segment(name)}", "bold")
        return self._numbers[name]

    def _log(self, entry: LogEntry) -> None:
        number = self._number(entry.execution, "started")
        text = entry.text_payload if entry.HasField("text_payload") else entry.json_payload
        style = "red" if entry.severity in _LOUD else ""
        self._tell(f"#{number} {entry.severity} {text}", style)

    def _end(self, execution: Execution) -> None:
        self._active.remove(execution.name)
        state = Execution.State.Name(execution.state)
        seconds = execution.duration.ToTimedelta().total_seconds()
        begin = f"#{self._numbers[execution.name]} {state} after {seconds:.1f} s"
        if execution.state == Execution.SUCCEEDED:
            self._tell(f"{begin}: {_cut(execution.result)}", "green")
            return
        told = explain(execution.error).text
        self._tell(f"{begin}: {told}" if told else begin, "red")

    def _callbacks(self, name: str) -> None:
        """Tell what an execution waits for, whenever more steps wait than at the last look."""
        for callback in self._client.callbacks(name):
            before = self._awaited.get(callback.name, 0)
            self._awaited[callback.name] = callback.waiters
            if callback.waiters > before:
                number = self._numbers[name]
                self._tell(f"#{number} waits for {callback.method}; answer it with:", "cyan")
                self._tell(f"  {curl_of(callback, self._ca_file)}", "")

    def _entries_since(self, time: datetime) -> Iterator[LogEntry]:
        since = time.isoformat().replace("+00:00", "Z")
        return self._client.logs(self._workflow, filter_=f'timestamp>="{since}"')


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
