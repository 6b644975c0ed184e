"""What a command says of how an execution ended, and its exit status."""

from __future__ import annotations

import typer

from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.failures import explain
from ringback_client.cli.output import say_error
from ringback_client.verbs.executions import finished

#: the exit status of what was interrupted
INTERRUPTED = 130
_SEE_ALL = "See all with: ringback executions describe-last"


def fail_unless_succeeded(execution: Execution, *, printed: bool = True) -> None:
    """Say how an execution ended; `printed` if stdout has all about it already."""
    if execution.state == Execution.SUCCEEDED:
        return
    state = Execution.State.Name(execution.state)
    if finished(execution):
        told = explain(execution.error)
        step = None if told.whole or printed else _SEE_ALL
        say_error(f"The execution ended as {state}. {told.text}".strip(), step)
    else:
        say_error(f"The execution is still {state}.", "Wait longer, or see what it waits for.")
    raise typer.Exit(1)
