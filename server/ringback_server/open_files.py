"""How many files and connections this process may have open."""

from __future__ import annotations

from contextlib import suppress
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

#: enough for all that is bounded here; systems without a limit would have us count to a billion
_ENOUGH = 65_536


def raise_limit() -> None:
    """Take as many as the system lets this process have, up to 65,536.

    What a process starts with, often 1,024, is for programs that cannot deal with more.
    """
    soft, hard = getrlimit(RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has a lower limit than it says
            setrlimit(RLIMIT_NOFILE, (wanted, hard))


def limit() -> int:
    """Return how many there may be."""
    soft = getrlimit(RLIMIT_NOFILE)[0]
    return _ENOUGH if soft == RLIM_INFINITY else soft
