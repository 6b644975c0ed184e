"""The command line, `ringback`."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ringback_client.cli.joined import is_joined, run_joined
from ringback_client.cli.standard_output import checked


def main() -> int:
    """Run the command that the arguments of this process name, and return its exit status."""
    return checked(lambda: _run(sys.argv[1:]))


def _run(arguments: Sequence[str]) -> int:
    if arguments and is_joined(arguments[0]):
        return run_joined(arguments[0], arguments[1:])
    # Loaded by name, because a server that starts has no use for what the client commands import.
    run: Callable[[Sequence[str]], int] = import_module("ringback_client.cli.app").run
    return run(arguments)
