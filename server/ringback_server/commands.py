"""The server commands that join the `ringback` command line by entry points."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.__main__ import main
from ringback_server.lint.command import run


def serve(arguments: Sequence[str]) -> int:
    """Run the Ringback server; returns the exit code."""
    return main(arguments)


def lint(arguments: Sequence[str]) -> int:
    """Check definitions without a server; returns the exit code."""
    return run(arguments)
