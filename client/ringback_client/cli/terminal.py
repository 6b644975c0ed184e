"""The terminal, if there is one: whether to colour what is written, and to show progress."""

import os

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Return where to write.

    There are colours on a terminal, and none with NO_COLOR, CLICOLOR=0 or TERM=dumb; with
    CLICOLOR_FORCE they are written to a pipe or a file too.
    """
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("CLICOLOR") == "0"
    if not plain and os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return Console(stderr=stderr, highlight=False, force_terminal=True, color_system="standard")
    return Console(stderr=stderr, highlight=False, no_color=plain or None)


def shows_progress() -> bool:
    """Tell whether somebody looks at stderr on a terminal that can move its cursor."""
    stderr = Console(stderr=True, force_terminal=None)
    return stderr.file.isatty() and not stderr.is_dumb_terminal
