"""`ringback dev`: deploys a file whenever it is saved, and shows what its executions do."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.activity import Activity
from ringback_client.cli.env_vars import SetEnvVars
from ringback_client.cli.joined import is_joined, run_joined
from ringback_client.cli.json_text import parse_json
from ringback_client.cli.last_execution import remember
from ringback_client.cli.options import (
    Data,
    Location,
    Project,
    parse_pairs,
    read_file,
    read_json,
)
from ringback_client.cli.output import write_line
from ringback_client.cli.own_server import OwnServer, own_server
from ringback_client.cli.saved_file import SavedFile
from ringback_client.cli.session import Session, session_of
from ringback_client.cli.typed_lines import TypedLines
from ringback_client.client import Client
from ringback_client.connection import Server
from ringback_client.errors import (
    ClientError,
    InvalidInputError,
    RequestError,
    ServerNotFoundError,
)
from ringback_client.names import DEFAULT_LOCATION, Place
from ringback_client.settings import WorkflowSettings

_LOOK_SECONDS = 0.3
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_HELP = "Enter executes it, a line of JSON executes it with that argument, q or Ctrl-C ends."


class OnSave(StrEnum):
    """What is done when the file was saved."""

    DEPLOY = "deploy"
    EXECUTE = "execute"


def dev(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition, in YAML or JSON.")],
    *,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="WORKFLOW", help="What to deploy it as.", show_default="the file's name"
        ),
    ] = None,
    data: Data = None,
    on_save: Annotated[
        OnSave, typer.Option(help="Whether to execute it too, with --data, once it is deployed.")
    ] = OnSave.DEPLOY,
    set_env_vars: SetEnvVars = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Run a server of its own with these data, even if another runs."
        ),
    ] = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Deploy a definition whenever its file is saved, and show what its executions do.

    Uses the server that runs; if none does, starts one, whose data are gone when it ends.
    """
    read_file(file, "FILE")
    argument = "" if data is None else read_json(data)
    workflow = name or _name_of(file)
    settings = WorkflowSettings()
    if set_env_vars is not None:
        settings["env_vars"] = parse_pairs(set_env_vars, "--set-env-vars")
    session = session_of(ctx)
    try:
        with (
            _interrupted_by_signals(),
            _server(session, data_dir) as (server, own),
            session.connect(server, project, location) as client,
        ):
            told = Activity(client, client.place.workflow(workflow), server, _tell)
            definition = _Definition(client, SavedFile(file), workflow, settings)
            loop = _Loop(session, own, definition, told, argument)
            loop.run(executes=on_save is OnSave.EXECUTE)
    except KeyboardInterrupt:
        pass
    session.say("Stopped.")


def _tell(text: str, style: str = "") -> None:
    """Print what happened, and when."""
    write_line(f"{time.strftime('%H:%M:%S')}  {text}", style)


class _Definition:
    """The file, and the workflow that it is deployed as."""

    def __init__(
        self, client: Client, file: SavedFile, workflow: str, settings: WorkflowSettings
    ) -> None:
        self._client = client
        self._file = file
        self._workflow = workflow
        self._settings = settings
        #: whether there is something to execute
        self.deployed = client.find_workflow(workflow) is not None

    def save(self) -> bool:
        """Deploy the file if it was saved, and tell whether that was done."""
        try:
            text = self._file.saved()
        except OSError as error:
            _tell(f"{self._file.path} cannot be read: {error.strerror}. Waiting for it.", "red")
            return False
        except UnicodeDecodeError:
            _tell(f"{self._file.path} is not UTF-8. Save it as UTF-8.", "red")
            return False
        if text is None:
            return False
        try:
            sound = not is_joined("lint") or not run_joined("lint", [str(self._file.path)])
            workflow = self._deploy(text) if sound else None
        except ServerNotFoundError:
            self._file.forget()
            raise
        if workflow is None:
            _tell("Not deployed. Correct it and save it again.", "red")
            return False
        _tell(f"Deployed {self._workflow} as {workflow.revision_id}.", "bold")
        for warning in workflow.warnings:
            _tell(f"Warning: {warning}", "yellow")
        self.deployed = True
        return True

    def _deploy(self, text: str) -> Workflow | None:
        """Return the workflow, None when the server refused it."""
        try:
            return self._client.deploy(self._workflow, text, **self._settings)
        except RequestError as error:
            _tell(error.message, "red")
            return None

    def execute(self, argument: str) -> str | None:
        """Start an execution, and return its name; None when it was refused.

        Its argument is JSON text, empty for null.
        """
        if not self.deployed:
            _tell("Nothing is deployed yet that could be executed.", "red")
            return None
        try:
            return self._client.execute(self._workflow, argument_json=argument).name
        except RequestError as error:
            _tell(error.message, "red")
            return None


class _Loop:
    """Looks at the file, the executions and what is typed, in turn."""

    def __init__(
        self,
        session: Session,
        own: OwnServer | None,
        definition: _Definition,
        activity: Activity,
        argument: str,
    ) -> None:
        self._session = session
        self._own = own
        self._definition = definition
        self._activity = activity
        #: JSON text, of the next execution
        self._argument = argument
        #: what went wrong in the turn before
        self._trouble = ""

    def run(self, *, executes: bool) -> None:
        """Go on until somebody types q, or the server that was started for this ends.

        With `executes`, what was saved is executed too.
        """
        if self._definition.deployed:
            self._activity.begin()
        self._session.say(_HELP)
        lines = TypedLines(sys.stdin)
        lines.start()
        line: str | None = None
        while line != "q":
            try:
                self._turn(line, executes=executes)
            except ClientError as error:
                self._bear(error)
            else:
                if self._trouble:
                    _tell("It goes on.")
                self._trouble = ""
            line = lines.next(_LOOK_SECONDS)

    def _turn(self, line: str | None, *, executes: bool) -> None:
        if self._definition.save() and executes:
            self._execute()
        if line is not None:
            self._typed(line)
        if self._definition.deployed:
            self._activity.look()

    def _bear(self, error: ClientError) -> None:
        """Tell of trouble once, and go on; raise the error if no turn can go well any more."""
        if self._own is not None:
            self._own.check()
        if error.message != self._trouble:
            _tell(f"{error.message} Trying again.", "red")
        self._trouble = error.message

    def _typed(self, line: str) -> None:
        if line in {"h", "?", "help"}:
            _tell(_HELP)
            return
        if line:
            try:
                parse_json(line)
            except ValueError as error:
                _tell(f"That is {error}. {_HELP}", "red")
                return
            self._argument = line
        self._execute()

    def _execute(self) -> None:
        name = self._definition.execute(self._argument)
        if name is not None:
            remember(self._session.environ, name)


@contextmanager
def _server(session: Session, data_dir: Path | None) -> Generator[tuple[Server, OwnServer | None]]:
    """Find a server, or run one for the block."""
    running = None if data_dir else _running(session)
    if running is not None:
        yield running, None
        return
    session.say("Starting a server for this …")
    with own_server(data_dir, session.environ) as own:
        kept = f"data in {data_dir}" if data_dir else "its data are gone when this ends"
        session.say(f"Using the server at {own.server.address} ({own.server.found}; {kept}).")
        yield own.server, own


def _running(session: Session) -> Server | None:
    """Return the server that other commands mean, None if none runs."""
    try:
        return session.server()
    except ServerNotFoundError:
        return None


def _name_of(file: Path) -> str:
    """Return what a file is deployed as, or raise InvalidInputError."""
    name = file.name.partition(".")[0]
    try:
        Place(project="-").workflow(name)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{file.name} does not begin like the name of a workflow.",
            next_step="Add --name WORKFLOW, what to deploy it as.",
        ) from error
    return name


@contextmanager
def _interrupted_by_signals() -> Generator[None]:
    """Take what ends a terminal or a job for an interrupt, so that no server is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
