"""`python -m ringback_server`: reads the settings, runs the server, answers signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from ringback_server import garbage
from ringback_server.app import App
from ringback_server.cores import keep_to
from ringback_server.errors import StartError
from ringback_server.log_lines import configure
from ringback_server.open_files import raise_limit
from ringback_server.setting_reader import read_settings

#: Seconds after which a computing thread must offer the interpreter lock: with the default of
#: 5 ms, one busy execution delays every callback by as much at each step of its way.
_SWITCH_SECONDS = 0.0002
#: A signal that comes to another thread, or right before the main thread blocks, does not wake
#: it: its handler runs when the main thread looks, after so many seconds at most.
_LOOK_SECONDS = 0.5


def main(arguments: Sequence[str]) -> int:
    """Run the server until it is told to stop or cannot go on; returns the exit code."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    stop, failed = threading.Event(), threading.Event()

    def fail() -> None:
        failed.set()
        stop.set()

    # Before anything tells that the server is there, and so may be stopped.
    _stop_on_signals(stop)
    try:
        settings = read_settings(arguments, os.environ)
        configure(settings.log_format, settings.log_level)
        raise_limit()
        # Before there are other threads: they inherit it.
        keep_to(settings.cores)
        app = App.open(settings, fail)
    except StartError as error:
        sys.stderr.write(f"ringback serve: {error}\n")
        return 2
    with app:
        garbage.settle()
        while not stop.wait(_LOOK_SECONDS):
            pass
    return 1 if failed.is_set() else 0


def _stop_on_signals(stop: threading.Event) -> None:
    """Drain on the first SIGTERM or SIGINT, stop at once on the second."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
