"""A real server process that is attacked while others go on to call it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import grpc
import httpx

from tests.e2e.process import Server, serving
from tests.rpc.calls import PARENT, REQUESTS, call
from tests.waiting import until

#: what good callers ask for
LIST = "ringback.v1.Workflows.ListWorkflows"
#: seconds that a good caller may have to wait while the server is attacked, on two loaded cores
SOON = 20.0
#: and half of them
MEDIAN = 2.0
#: good calls that there are at least
_CALLS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """The process, and how to look at it."""

    server: Server
    token: str = field(repr=False)
    metadata: str

    def connect(self, sent: bytes = b"", *, edge: str = "http") -> socket.socket:
        """Connect to a port, `http`, `grpc` or `metadata`, and send something."""
        address = {
            "http": self.server.http.partition("//")[2],
            "grpc": self.server.grpc,
            "metadata": self.metadata,
        }[edge]
        host, _, port = address.rpartition(":")
        connection = socket.create_connection((host, int(port)), SOON)
        try:
            connection.sendall(sent)
        except BaseException:
            connection.close()
            raise
        return connection

    def exchange(self, sent: bytes, *, edge: str = "http") -> bytes:
        """Send bytes and return all that comes until the server closes, or is silent."""
        with self.connect(sent, edge=edge) as connection:
            connection.settimeout(1.0)
            come = b""
            while True:
                try:
                    part = connection.recv(65_536)
                except OSError:
                    return come
                if not part:
                    return come
                come += part

    @property
    def files(self) -> int:
        """How many files the process has open."""
        return sum(1 for _ in Path(f"/proc/{self.server.process.pid}/fd").iterdir())

    @property
    def memory(self) -> int:
        """The bytes of memory that the process has."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    @contextmanager
    def good_callers(self) -> Generator[list[float]]:
        """Call over both edges all the while; yields the seconds that each call took.

        Their token is known to the server by then: it has answered the first of the calls.
        A call that is not answered as it should be, or not soon, fails the test in the end.
        """
        took: list[float] = []
        enough = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(self._call_until, enough, took)
            until(lambda: calling.done() or len(took) > 0)
            try:
                yield took
                until(lambda: calling.done() or len(took) >= _CALLS)
            finally:
                enough.set()
            calling.result()
        assert max(took) < SOON
        assert median(took) < MEDIAN

    def _call_until(self, enough: threading.Event, took: list[float]) -> None:
        metadata = (("authorization", f"Bearer {self.token}"),)
        url = f"{self.server.http}/v1/{PARENT}/workflows"
        headers = {"Authorization": f"Bearer {self.token}"}
        with grpc.insecure_channel(self.server.grpc) as channel:
            while not enough.is_set():
                began = time.monotonic()
                call(channel, LIST, REQUESTS[LIST], metadata=metadata, timeout=SOON)
                took.append(time.monotonic() - began)
                began = time.monotonic()
                # A connection of its own, as somebody new would make.
                assert httpx.get(url, headers=headers, timeout=SOON).is_success
                took.append(time.monotonic() - began)
                enough.wait(0.02)


@contextmanager
def attacked(home: Path) -> Generator[Attacked]:
    """Run a server; when it ends, its log must hold neither errors nor tokens."""
    with serving(home / "data", "--metadata-address=127.0.0.1:0", home=home) as server:
        token = server.token()
        told = json.loads((server.directory / "server.json").read_text())
        yield Attacked(server=server, token=token, metadata=told["metadata"])
        assert server.process.poll() is None
        log = server.log.read_text()
        assert "Traceback" not in log
        assert " ERROR " not in log
        assert token not in log
