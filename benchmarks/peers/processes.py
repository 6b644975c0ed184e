"""Processes and environments of peers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.asking import ROOT, comes_up

_PATIENCE = 60.0
_LOOK_SECONDS = 0.05


class UnavailableError(Exception):
    """Why a peer cannot run here."""


def environment(name: str) -> Path:
    """Return the directory of a peer's environment, as scripts/install_peers.sh makes them."""
    found = ROOT / ".bench" / name
    if not found.exists():
        raise UnavailableError(f"its environment {found.relative_to(ROOT)} is missing")
    return found


def free_port() -> int:
    """Return a port of this machine's that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    command: Sequence[str | Path],
    ready: Callable[[], bool],
    *,
    home: Path,
    variables: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Generator[int]:
    """Run a program from `ready` on until the end of the block; gives its process id."""
    with (home / "log").open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            cwd=home,
            env={**os.environ, "HOME": str(home), **(variables or {})},
        )
    try:
        if not comes_up(process, ready, patience=_PATIENCE, look=_LOOK_SECONDS):
            last = (home / "log").read_text(errors="replace").strip().splitlines()[-1:]
            raise UnavailableError(f"it does not start: {' '.join(last)}")
        yield process.pid
    finally:
        process.send_signal(stop)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
