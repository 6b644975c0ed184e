"""Which processor cores the server runs on.

Its threads share the interpreter lock, so that hardly more than one of them runs at any time.
On several cores they pass the lock from one to the next through the kernel, and every thread
that wants it is woken on a core of its own only to find it taken; on one core they take turns.
"""

from __future__ import annotations

import logging
import os
import sys

_log = logging.getLogger(__name__)


def keep_to(count: int) -> None:
    """Keep this thread, and those that it starts, to `count` of its cores; 0 means to all.

    Processes choose by their ids, so that servers on one machine spread. Where the system does
    not let a process choose, nothing changes.
    """
    if sys.platform != "linux" or not count:
        return
    allowed = sorted(os.sched_getaffinity(0))
    first = os.getpid() % len(allowed)
    try:
        os.sched_setaffinity(0, [*allowed, *allowed][first : first + min(count, len(allowed))])
    except OSError as error:
        # A sandbox may forbid it; the server is no worse for it, only slower.
        _log.info("cannot choose the processor's cores: %s", error)
