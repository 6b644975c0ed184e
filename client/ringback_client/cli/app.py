"""The commands and their groups, put together."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from ringback_client.cli import (
    auth,
    callbacks,
    completion,
    deploy,
    dev,
    environment,
    executions,
    logs,
    revisions,
    workflows,
)
from ringback_client.cli.joined import is_joined, joined_commands, run_joined
from ringback_client.cli.output import say_error
from ringback_client.cli.session import Session
from ringback_client.errors import ClientError, InvalidInputError

_FAILED = 1
_USAGE = 2
#: what gcloud says before a command, and what we do
_GCLOUD: Mapping[str, tuple[str, ...]] = {"workflows": (), "logging": ("logs",)}
_QUIET = frozenset({"--quiet", "-q"})

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


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status: 0, 1 when it failed, 2 when it was misused."""
    try:
        app(args=_quiet_first(_ours(arguments)), prog_name="ringback", standalone_mode=True)
    except ClientError as error:
        say_error(error.message, error.next_step)
        return _USAGE if isinstance(error, InvalidInputError) else _FAILED
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else _FAILED
    return 0


def _ours(arguments: Sequence[str]) -> list[str]:
    """Put our words for gcloud's: `workflows run` is `run`, and `logging read` is `logs read`."""
    words = [*arguments]
    for place, word in enumerate(words):
        if not word.startswith("-"):
            words[place : place + 1] = _GCLOUD.get(word, (word,))
            break
    return words


def _quiet_first(arguments: Sequence[str]) -> list[str]:
    """Move --quiet to the front, where it may be written anywhere but in a joined command."""
    if any(map(is_joined, [word for word in arguments if not word.startswith("-")][:1])):
        return [*arguments]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words, rest = arguments[:end], arguments[end:]
    quiet = [word for word in words if word in _QUIET]
    return [*quiet, *(word for word in words if word not in _QUIET), *rest]


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
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print which it is."
        ),
    ] = False,
) -> None:
    """Deploy workflows, run them, and answer what they wait for."""
    ctx.obj = Session(environ=os.environ, directory=Path.cwd(), quiet=quiet)


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
