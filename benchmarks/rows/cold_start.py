"""How soon a server is ready that finds nothing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.bench import Bench, echo_start
from benchmarks.figures import Check, Figure, share
from benchmarks.ringback import Ringback


def cold_start(bench: Bench) -> Iterator[Figure]:
    """Measure from an empty data directory to the ready file."""
    ours: list[float] = []
    echo: list[float] = []
    for _ in range(bench.options.rounds):
        echo.append(echo_start(bench.folder("echo")))
        server = Ringback(bench.folder("cold"))
        ours.append(server.start())
        server.stop()
    took = statistics.median(ours)
    yield Figure(
        row="cold-start",
        what="empty data directory to ready file",
        value=took,
        unit="s",
        beside={"echo": statistics.median(echo)},
        checks=[Check(what="cold start", got=took, bound=1.0, unit="s")],
        ratio=share(echo, ours),
        rounds=ours,
    )
