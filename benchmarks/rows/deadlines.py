"""Many deadlines in the same second, each with an `except` that runs, and callbacks meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from benchmarks import workflows
from benchmarks.asking import Sample
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure
from benchmarks.ringback import serving

#: creations a second that can be counted on
_SLOWEST = 300
_RATE = 100
_BEFORE_SECONDS = 1.0
_DONE_SECONDS = 8.0


def deadlines(bench: Bench) -> Iterator[Figure]:
    """Measure how long all of them take, and how late callbacks are."""
    options = bench.options
    sources = {"late": workflows.TIMES_OUT, "waits": workflows.WAITS}
    meanwhile = _BEFORE_SECONDS + _DONE_SECONDS
    with serving(bench.folder("deadlines"), **sources) as (_, load):
        load.ask("create", workflow="waits", count=int(_RATE * meanwhile), clients=options.clients)
        at = time.time() + options.deadlines / _SLOWEST + _BEFORE_SECONDS
        load.ask(
            "create",
            workflow="late",
            count=options.deadlines,
            clients=options.clients,
            argument=json.dumps({"at": at}),
        )
        time.sleep(max(0.0, at - _BEFORE_SECONDS - time.time()))
        sent = load.ask("paced", workflow="waits", rate=_RATE, seconds=meanwhile, followed=2)
        last = load.ask("last_end", workflow="late", clients=options.clients)["time"]
    took = last - at
    late = Sample(**sent["ended"]).quantile(0.99)
    yield Figure(
        row="deadlines",
        what=f"{options.deadlines:,} in one second, until the last has ended",
        value=took,
        unit="s",
        checks=[Check(what="all done", got=took, bound=_DONE_SECONDS, unit="s")],
    )
    yield Figure(
        row="deadlines",
        what="callbacks meanwhile, sent to ended, p99",
        value=late,
        unit="ms",
        checks=[Check(what="p99", got=late, bound=25, unit="ms")],
    )
