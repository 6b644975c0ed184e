"""`ringback executions watch` and `ringback callbacks wait`: what is new, as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from ringback.v1.callbacks_pb2 import Callback
from ringback.v1.executions_pb2 import Execution, WatchExecutionResponse
from ringback.v1.logs_pb2 import LogEntry
from ringback_client.cli.curl import curl_of
from ringback_client.cli.endings import INTERRUPTED, fail_unless_succeeded
from ringback_client.cli.options import ExecutionName, Location, Project, Timeout, Workflow
from ringback_client.cli.output import say, say_error, write_line
from ringback_client.cli.session import RETRIES, Session, session_of
from ringback_client.client import Client
from ringback_client.connection import Server
from ringback_client.errors import RequestError
from ringback_client.names import DEFAULT_LOCATION
from ringback_client.retries import Retries
from ringback_client.verbs.executions import finished

#: how long a server may be away before that is told, in seconds: it may restart meanwhile
_PATIENCE = 60.0
_LOUD = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY"})
_CALLBACKS = "workflows.callbacks.list"


class WatchFormat(StrEnum):
    """How what happens is printed."""

    LINES = "lines"
    JSON = "json"


def watch(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    timeout: Timeout = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: Annotated[
        WatchFormat,
        typer.Option("--format", help="Lines for people, or an object of JSON in each line."),
    ] = WatchFormat.LINES,
) -> None:
    """Show what an execution does until it has ended: its state, steps, log and callbacks.

    When the server restarts, goes on where it was. The exit status is that of `executions wait`.
    """
    session = session_of(ctx)
    last: WatchExecutionResponse | None = None
    with _watching(session, execution, workflow, (project, location)) as (client, server, name):
        lines = _Lines(server.ca_file, hints=not session.quiet)
        try:
            for last in _news(client, name, timeout):
                if form is WatchFormat.JSON:
                    typer.echo(_one_line(last))
                else:
                    lines.tell(last)
        except KeyboardInterrupt:
            say(f"It goes on; watch it again with: ringback executions watch {name}")
            raise typer.Exit(INTERRUPTED) from None
    if last is not None:
        if form is WatchFormat.LINES and finished(last.execution):
            _tell_end(last.execution)
        fail_unless_succeeded(last.execution, printed=form is WatchFormat.JSON)


def wait_for_callback(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    method: Annotated[
        str, typer.Option(metavar="METHOD", help="The HTTP method.", show_default="any")
    ] = "",
    timeout: Timeout = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Wait until an execution waits for a callback, and print its URL."""
    session = session_of(ctx)
    wanted = method.upper()
    state = Execution.State.STATE_UNSPECIFIED
    with _watching(session, execution, workflow, (project, location)) as (client, _, name):
        for message in _news(client, name, timeout):
            _refuse_without_permission(message)
            state = message.execution.state
            for callback in message.callbacks:
                if wanted in {"", callback.method}:
                    typer.echo(callback.url)
                    return
    callbacks = f"{wanted} callback" if wanted else "callback"
    if state in {Execution.ACTIVE, Execution.QUEUED, Execution.STATE_UNSPECIFIED}:
        say_error(f"The execution waits for no {callbacks} yet.", "Wait longer, or watch it.")
    else:
        ended = Execution.State.Name(state)
        say_error(f"The execution ended as {ended} and waits for no {callbacks} any more.")
    raise typer.Exit(1)


@contextmanager
def _watching(
    session: Session, execution: str, workflow: str | None, place: tuple[str | None, str]
) -> Generator[tuple[Client, Server, str]]:
    """Find an execution at once or say why not; then be patient with a server that restarts."""
    server, (project, location) = session.server(), place
    with Client(server, project=project, location=location, retries=RETRIES) as client:
        name = client.get(execution, workflow=workflow).name
    with Client(server, retries=Retries(), timeout=_PATIENCE) as client:
        yield client, server, name


def _news(client: Client, name: str, timeout: float | None) -> Iterator[WatchExecutionResponse]:
    """Yield what is new until the execution has ended, or for so many seconds."""
    try:
        yield from client.watch(name, timeout=timeout)
    except RequestError as error:
        if error.status is not StatusCode.DEADLINE_EXCEEDED:
            raise


def _refuse_without_permission(message: WatchExecutionResponse) -> None:
    if _CALLBACKS in message.missing_permissions:
        say_error(
            f"The account may not list callbacks: it has no permission {_CALLBACKS}.",
            "Act as an account that has it: log in as it with ringback auth login, or set "
            "RINGBACK_CREDENTIALS to its key file.",
        )
        raise typer.Exit(1)


def _one_line(message: WatchExecutionResponse) -> str:
    return json.dumps(MessageToDict(message), ensure_ascii=False)


class _Lines:
    """Tells of an execution line by line, each with its time."""

    def __init__(self, ca_file: Path | None, *, hints: bool) -> None:
        """Take what the server is checked with, and whether to say how callbacks are answered."""
        self._ca_file = ca_file
        self._hints = hints
        self._state: str = ""
        self._steps: str = ""
        self._missing: tuple[str, ...] = ()
        #: endpoints at which steps wait, with how many
        self._awaited: dict[str, int] = {}

    def tell(self, message: WatchExecutionResponse) -> None:
        """Tell what is new in a message."""
        execution = message.execution
        self._tell_of_missing(tuple(message.missing_permissions))
        state = Execution.State.Name(execution.state)
        if state != self._state and not finished(execution):
            _tell(state, "bold")
        for entry in message.log_entries:
            _tell_entry(entry)
        places = [f"{at.routine}/{at.step}" for at in execution.status.current_steps]
        steps: str = " > ".join(places)
        if not finished(execution):
            if steps and steps != self._steps:
                _tell(f"at {steps}")
            for callback in message.callbacks:
                self._tell_callback(callback)
        self._state = state
        self._steps = steps
        self._awaited = {callback.name: callback.waiters for callback in message.callbacks}

    def _tell_callback(self, callback: Callback) -> None:
        if callback.waiters <= self._awaited.get(callback.name, 0):
            return
        _tell(f"waits for {callback.method} {callback.url}", "cyan")
        if self._hints:
            write_line(f"  {curl_of(callback, self._ca_file)}")

    def _tell_of_missing(self, missing: tuple[str, ...]) -> None:
        if missing != self._missing and self._hints:
            say(f"Not all is told: the account has no permission {', '.join(missing)}.")
        self._missing = missing


def _tell_end(execution: Execution) -> None:
    """Tell how an execution ended; why it failed is an error, which stderr tells."""
    seconds = execution.duration.ToTimedelta().total_seconds()
    begin = f"{Execution.State.Name(execution.state)} after {seconds:.1f} s"
    if execution.state == Execution.SUCCEEDED:
        _tell(f"{begin}: {execution.result}", "green")
    else:
        _tell(begin, "red")


def _tell_entry(entry: LogEntry) -> None:
    text = entry.text_payload if entry.HasField("text_payload") else entry.json_payload
    style = "red" if entry.severity in _LOUD else ""
    _tell(f"{entry.severity} {text}", style, entry.timestamp)


def _tell(text: str, style: str = "", at: Timestamp | None = None) -> None:
    moment = time.localtime(None if at is None else at.seconds)
    write_line(f"{time.strftime('%H:%M:%S', moment)}  {text}", style)
