"""Issuers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from tests.interop.programs import Program
from tests.waiting import PATIENCE


@contextmanager
def issuing(program: Program, port: int = 0, *more: str) -> Generator[str]:
    """Run an issuer with new keys, and yield its URL."""
    process = subprocess.Popen(
        [*program.command(program.run), str(port), *more],
        cwd=program.here,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), url
            yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
