"""A real `ringback serve` on a data directory of its own, and the process that asks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmarks.asking import Asked, BenchmarkError, comes_up
from ringback_client.client import Client
from ringback_client.connection import Server

_RINGBACK = Path(sys.executable).with_name("ringback")
_PATIENCE = 60.0
_KIB = 1024
_MB = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")


class Ringback:
    """A server's process; started, killed and started again on the same data."""

    def __init__(self, home: Path, *flags: str) -> None:
        """Take a folder for everything it writes, and flags beside those it always has."""
        self.directory = home / "data"
        self._home = home
        self._flags = flags
        self._ready = home / "ready.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and return the seconds until it was ready."""
        self._ready.unlink(missing_ok=True)
        command = [
            str(_RINGBACK),
            "serve",
            f"--data-dir={self.directory}",
            f"--ready-file={self._ready}",
            "--grpc-address=127.0.0.1:0",
            "--http-address=127.0.0.1:0",
            *self._flags,
        ]
        with self.log.open("ab") as output:
            begun = time.perf_counter()
            self._process = _launch(command, self._home, output)
        if not comes_up(self._process, self._ready.exists, patience=_PATIENCE):
            raise BenchmarkError(self.log.read_text()[-2_000:])
        return time.perf_counter() - begun

    @property
    def log(self) -> Path:
        """What the server and its client print."""
        return self._home / "log"

    @property
    def address(self) -> str:
        """Where gRPC listens."""
        return str(json.loads(self._ready.read_text())["grpc"])

    @property
    def key_file(self) -> Path:
        """The administrator's key file."""
        return self.directory / "admin.json"

    @property
    def memory(self) -> float:
        """Resident memory, in MB."""
        status = Path(f"/proc/{self._running.pid}/status").read_text()
        (line,) = (each for each in status.splitlines() if each.startswith("VmRSS"))
        return int(line.split()[1]) * _KIB / _MB

    @property
    def processor_seconds(self) -> float:
        """Seconds of processor time that it has used since its start."""
        stat = Path(f"/proc/{self._running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    @property
    def database(self) -> Path:
        """The file of the database; its WAL lies beside it."""
        return self.directory / "ringback.db"

    @property
    def stored(self) -> int:
        """Bytes of the database and its WAL."""
        return sum(each.stat().st_size for each in self.directory.glob("ringback.db*"))

    def deploy(self, **sources: str) -> None:
        """Deploy workflows."""
        server = Server(
            address=self.address, tls=False, key_file=self.key_file, ca_file=None, found="here"
        )
        with Client(server) as client:
            for name, source in sources.items():
                client.deploy(name, source)

    def kill(self) -> None:
        """End it without any warning."""
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BenchmarkError("the server was not started")
        return self._process


def connect(load: Asked, server: Ringback) -> None:
    """Let a load process ask a server from now on."""
    load.ask("connect", address=server.address, key_file=str(server.key_file))


@contextmanager
def serving(home: Path, *flags: str, **sources: str) -> Generator[tuple[Ringback, Asked]]:
    """Run a server with workflows deployed, and a process to ask it."""
    home.mkdir(parents=True, exist_ok=True)
    server = Ringback(home, *flags)
    try:
        server.start()
        server.deploy(**sources)
        with Asked("benchmarks.load", log=server.log) as load:
            connect(load, server)
            yield server, load
    finally:
        server.stop()


def _launch(command: list[str], home: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RINGBACK", "XDG_"))}
    return subprocess.Popen(
        command, stdout=output, stderr=output, env={**kept, "HOME": str(home)}, cwd=home
    )
