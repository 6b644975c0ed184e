"""`ringback run --local`: what it takes, and its way to the package that does it."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.failures import explain
from ringback_client.cli.formats import Format
from ringback_client.cli.joined import run_local
from ringback_client.cli.output import say_error
from ringback_client.errors import (
    ClientError,
    InvalidInputError,
    RequestError,
    ServerNotFoundError,
)
from ringback_client.names import DEFAULT_LOCATION

_USAGE = 2

Local = Annotated[
    bool, typer.Option("--local", help="Run a definition from a file here, without a server.")
]
Stubs = Annotated[
    str | None, typer.Option(metavar="FILE", help="With --local: what answers its calls.")
]
LocalVariables = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="KEY=VALUE", help="With --local: what sys.get_env reads."),
]
Subworkflow = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --local: run it instead of main, with a map of arguments as --data.",
    ),
]
Now = Annotated[
    str | None, typer.Option(metavar="TIME", help="With --local: when it begins, in RFC 3339.")
]


@contextmanager
def meant_as_workflow(word: str) -> Generator[None]:
    """Tell in errors inside that `word` is a file, if it is one, and so how to run it."""
    try:
        yield
    except ClientError as error:
        fits = isinstance(error, InvalidInputError | ServerNotFoundError) or (
            isinstance(error, RequestError) and error.reason == "WORKFLOW_NOT_FOUND"
        )
        if fits and Path(word).is_file():
            error.next_step = (
                f"{word} is a file: run it here with: ringback run {word} --local, or deploy it "
                f"with: ringback deploy NAME --source {word}"
            )
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """The options that go with --local."""

    stubs: str | None
    env: list[str]
    now: str | None
    subworkflow: str | None
    form: Format | None
    labels: list[str] | None
    location: str
    project: str | None

    @property
    def _given(self) -> dict[str, str | None]:
        return {"--stubs": self.stubs, "--now": self.now, "--subworkflow": self.subworkflow}

    def run(self, file: str, argument: str) -> int:
        """Run the definition in a file with an argument, as JSON, and return the exit status.

        Raises typer.BadParameter for options that need a server.
        """
        if self.labels:
            raise typer.BadParameter("does not go with --local", param_hint="--labels")
        given = {"--data": argument or None, **self._given}
        words = [f"{option}={text}" for option, text in given.items() if text is not None]
        words += [f"--env={pair}" for pair in (*self._place(), *self.env)]
        words += [] if self.form is None else [f"--format={self.form}"]
        status = run_local([*words, "--", file], _told)
        if status is None:
            say_error(
                "Nothing here can run definitions.",
                "--local needs the server package of Ringback beside the client's.",
            )
        return _USAGE if status is None else status

    def _place(self) -> Iterator[str]:
        """Yield the variables that tell where the execution is, as far as that was said."""
        if self.location != DEFAULT_LOCATION:
            yield f"GOOGLE_CLOUD_LOCATION={self.location}"
        if self.project is not None:
            yield f"GOOGLE_CLOUD_PROJECT_ID={self.project}"

    def refuse(self) -> None:
        """Raise typer.BadParameter for options that need --local."""
        for option, value in {**self._given, "--env": self.env or None}.items():
            if value is not None:
                raise typer.BadParameter("needs --local", param_hint=option)


def _told(payload: str, context: str) -> str:
    return explain(Execution.Error(payload=payload, context=context)).text
