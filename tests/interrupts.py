"""Processes that can be interrupted, whoever runs the tests."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def interruptible() -> Generator[None]:
    """Start processes that SIGINT reaches.

    A shell that runs the tests in the background has them ignore it, and a process inherits that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ended(process: subprocess.Popen[AnyStr]) -> Generator[subprocess.Popen[AnyStr]]:
    """Leave no process behind when a test fails."""
    with process:
        try:
            yield process
        finally:
            process.kill()
