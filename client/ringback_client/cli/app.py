"""The commands and their groups, put together."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from ringback_client.cli import (
    audit,
    auth,
    callbacks,
    completion,
    deploy,
    dev,
    environment,
    executions,
    iam,
    logs,
    revisions,
    workflows,
)
from ringback_client.cli.gcloud import arrange, command_of
from ringback_client.cli.joined import is_joined, joined_commands, run_joined
from ringback_client.cli.output import say_error
from ringback_client.cli.session import Session
from ringback_client.errors import ClientError, InvalidInputError

_FAILED = 1
_USAGE = 2


class Verbosity(StrEnum):
    """What gcloud tells beside data; what it debugs, Ringback does not tell."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
    NONE = "none"


_SILENT = frozenset({Verbosity.ERROR, Verbosity.CRITICAL, Verbosity.NONE})

app = typer.Typer(
    name="ringback",
    help="Deploy workflows, run them, and answer what they wait for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("deploy")(deploy.deploy)
app.command("list")(workflows.list_)
app.command("describe")(workflows.describe)
app.command("delete")(workflows.delete)
app.command("list-revisions")(revisions.list_revisions)
app.command("diff")(revisions.diff)
app.command("rollback")(revisions.rollback)
app.command("run")(executions.run)
app.command("execute")(executions.execute)
app.command("dev")(dev.dev)
app.command("completion")(completion.completion)
app.command("env")(environment.env)
app.add_typer(executions.app, name="executions")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(logs.app, name="logs")
app.add_typer(auth.app, name="auth")
app.add_typer(iam.app, name="iam")
app.add_typer(audit.app, name="audit")


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status: 0, 1 when it failed, 2 when it was misused."""
    try:
        app(args=_arranged(arguments), prog_name="ringback", standalone_mode=True)
    except ClientError as error:
        say_error(error.message, error.next_step)
        return _USAGE if isinstance(error, InvalidInputError) else _FAILED
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else _FAILED
    return 0


def _arranged(arguments: Sequence[str]) -> list[str]:
    """Put words in the order that commands take them in; joined ones read their own."""
    first = command_of(arguments)
    if first is not None and is_joined(first):
        return [*arguments]
    return arrange(arguments)


def _print_version(asked: object) -> None:
    if asked:
        typer.echo(f"ringback {version('ringback')}")
        raise typer.Exit


@app.callback()
def begin(
    ctx: typer.Context,
    *,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Say nothing but data and errors, and ask nothing. May stand anywhere.",
        ),
    ] = False,
    verbosity: Annotated[
        Verbosity,
        typer.Option(help="What is said beside data: error, critical and none leave out words."),
    ] = Verbosity.WARNING,
    impersonate_service_account: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL", help="Act as another account, if yours may make tokens for it."
        ),
    ] = None,
    access_token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Send the access token in a file."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print which it is."
        ),
    ] = False,
) -> None:
    """Deploy workflows, run them, and answer what they wait for."""
    ctx.obj = Session(
        environ=os.environ,
        directory=Path.cwd(),
        quiet=quiet or verbosity in _SILENT,
        asks=not quiet,
        impersonated=impersonate_service_account,
        token_file=access_token_file,
    )


def _join(name: str, summary: str) -> None:
    """Show a joined command in the help, and run it when options come before its name."""

    @app.command(
        name,
        help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def joined(ctx: typer.Context) -> None:
        sys.exit(run_joined(name, ctx.args))


for _name, _summary in joined_commands().items():
    _join(_name, _summary)
