"""A server that lives as long as a command does."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringback_client.cli.joined import is_joined
from ringback_client.connection import Server, server_in
from ringback_client.errors import ServerNotFoundError

#: how long a server may take to listen, and then to end, in seconds
_PATIENCE = 30.0
_LOOK_SECONDS = 0.05
_LAST_LINES = 5
#: what leads to other servers, and is not meant for this one
_ELSEWHERE = frozenset({"RINGBACK_ADDRESS", "RINGBACK_CREDENTIALS", "RINGBACK_CA_FILE"})
_ADDRESSES = ("grpc", "http")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServer:
    """A server that this process started."""

    server: Server
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ServerNotFoundError, with its last words, if it has ended."""
        if self.process.poll() is not None:
            raise _ended(self.log)


@contextmanager
def own_server(data_dir: Path | None, environ: Mapping[str, str]) -> Generator[OwnServer]:
    """Run a server until the end of the block; without `data_dir` its data vanish with it.

    Raises ServerNotFoundError when it does not come up.
    """
    if not is_joined("serve"):
        raise ServerNotFoundError(
            "No running server was found, and none can be started here.",
            next_step="Install the server package of Ringback, or set RINGBACK_ADDRESS.",
        )
    with tempfile.TemporaryDirectory(prefix="ringback-") as scratch:
        home = data_dir or Path(scratch) / "data"
        ready, log = Path(scratch) / "ready.json", Path(scratch) / "server.log"
        words = ["serve", f"--data-dir={home}", f"--ready-file={ready}"]
        if data_dir is None:
            # Another server may have the usual ports; one with a directory has those of last time.
            words += [
                f"--{edge}-address=127.0.0.1:0"
                for edge in _ADDRESSES
                if f"RINGBACK_{edge.upper()}_ADDRESS" not in environ
            ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "ringback_client.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={name: text for name, text in environ.items() if name not in _ELSEWHERE},
                # An interrupt is for the command, which then ends the server.
                start_new_session=True,
            )
        try:
            yield OwnServer(
                server=_up(process, ready, log, home, environ), process=process, log=log
            )
        finally:
            _end(process)


def _up(
    process: subprocess.Popen[bytes],
    ready: Path,
    log: Path,
    home: Path,
    environ: Mapping[str, str],
) -> Server:
    """Wait until a server listens."""
    deadline = time.monotonic() + _PATIENCE
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise _ended(log)
        time.sleep(_LOOK_SECONDS)
    others = {name: text for name, text in environ.items() if name not in _ELSEWHERE}
    found = server_in(home, others, "started for this")
    if found is None:
        raise _ended(log)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    finally:
        process.kill()
        process.wait()


def _ended(log: Path) -> ServerNotFoundError:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    return ServerNotFoundError(
        "\n".join(["The server that was started for this does not run. It said:", *lines]),
        next_step="Try it by itself with: ringback serve",
    )
