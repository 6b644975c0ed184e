"""The server commands that join the `ringback` command line by entry points."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server import garbage


def serve(arguments: Sequence[str]) -> int:
    """Run the Ringback server; returns the exit code."""
    garbage.ignore()
    from ringback_server.__main__ import main  # noqa: PLC0415 - while no garbage is looked for

    return main(arguments)
