"""When the interpreter looks for garbage.

A full collection goes through every object there is, and stops all threads meanwhile: with the
modules of a server, for a twentieth of a second. What is there once the server has started stays
for its life, so it is set aside, and collections go through what requests and executions made.
"""

from __future__ import annotations

import gc

#: how many more containers there are than at the last collection when the young ones are looked
#: through, and after how many of those the older ones are
_THRESHOLDS = (5_000, 20, 20)


def ignore() -> None:
    """Look for none, while all that is made is to stay."""
    gc.disable()


def settle() -> None:
    """Set aside what there is, and look for garbage among what comes."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
