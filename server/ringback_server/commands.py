"""The server commands that join the `ringback` command line by entry points."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.__main__ import main


def serve(arguments: Sequence[str]) -> int:
    """Run the Ringback server; returns the exit code."""
    return main(arguments)
