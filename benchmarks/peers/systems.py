"""How each peer is started: its server, and the program that measures it."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType

from benchmarks.asking import Asked
from benchmarks.peers.postgres import cluster
from benchmarks.peers.processes import UnavailableError, environment, free_port, listens, running

_PROGRAMS = "benchmarks.peers.programs"


@contextmanager
def _dbos(home: Path) -> Generator[Asked]:
    python = environment("dbos") / "bin" / "python"
    with (
        cluster() as url,
        Asked(f"{_PROGRAMS}.dbos_program", url, python=python, log=home / "log") as program,
    ):
        yield program


@contextmanager
def _temporal(home: Path) -> Generator[Asked]:
    programs = environment("temporal") / "bin"
    port, interface = free_port(), free_port()
    command: list[str | Path] = [
        programs / "temporal",
        *("server", "start-dev", "--headless"),
        *("--port", str(port), "--http-port", str(interface), "--metrics-port", str(free_port())),
        *("--db-filename", str(home / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"),
        *("--log-level", "error"),
    ]
    with (
        running(command, lambda: listens(port), home=home),
        Asked(
            f"{_PROGRAMS}.temporal_program",
            f"127.0.0.1:{port}",
            python=programs / "python",
            log=home / "log",
        ) as program,
    ):
        yield program


@contextmanager
def _restate(home: Path) -> Generator[Asked]:
    python = environment("restate") / "bin" / "python"
    packages = environment("node") / "node_modules" / "@restatedev"
    servers = list(packages.glob("restate-server-*/bin/restate-server"))
    if not servers:
        raise UnavailableError("@restatedev/restate-server has no server for this machine")
    ingress, admin, node, handlers = (free_port() for _ in range(4))
    variables = {
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_LOG_FILTER": "warn",
        "RESTATE_DISABLE_TELEMETRY": "true",
    }
    command: list[str | Path] = [
        servers[0],
        "--no-logo",
        "--base-dir",
        home / "data",
        "--node-name",
        "bench",
    ]
    urls = [f"http://127.0.0.1:{port}" for port in (ingress, admin)]
    with (
        running(
            command,
            lambda: listens(ingress) and listens(admin),
            home=home,
            variables=variables,
            stop=signal.SIGTERM,
        ),
        Asked(
            f"{_PROGRAMS}.restate_program",
            *itertools.chain(urls, [str(handlers)]),
            python=python,
            log=home / "log",
        ) as program,
    ):
        yield program


#: each answers `starts` and `callbacks`; entering the block may raise UnavailableError
SYSTEMS: Mapping[str, Callable[[Path], AbstractContextManager[Asked]]] = MappingProxyType(
    {"DBOS": _dbos, "Temporal": _temporal, "Restate": _restate}
)
