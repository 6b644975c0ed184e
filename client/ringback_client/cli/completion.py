"""`ringback completion`: what makes a shell complete the commands and options of this one."""

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer


class Shell(StrEnum):
    """The shells there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print a script that makes a shell complete commands: source <(ringback completion bash)."""
    # Its module does not say that this is meant for others; `--show-completion` prints the same,
    # for the shell that it takes for the present one.
    script: Callable[..., str] = import_module("typer.completion").get_completion_script
    typer.echo(script(prog_name="ringback", complete_var="_RINGBACK_COMPLETE", shell=shell.value))
