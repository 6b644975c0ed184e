"""How soon after its callback an execution has ended, one at a time, over gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks import workflows
from benchmarks.asking import Sample
from benchmarks.bench import Bench, Peers
from benchmarks.figures import Check, Figure, share
from benchmarks.ringback import serving

#: how long an execution waits before its callback; a resident one keeps its thread for longer
_PAUSE_SECONDS = 0.01
_ECHO_SECONDS = 0.5
_PARKS_AT_ONCE = "--park-after=0.001"
_LOOPS = 4
_ENDLESS = "--limits=steps=1000000000000"


def callbacks(bench: Bench) -> Iterator[Figure]:
    """Measure with nothing else to do, beside peers."""
    asked = {"count": bench.options.callbacks, "pause": _PAUSE_SECONDS}
    ours = {"workflow": "waits", **asked}
    with (
        serving(bench.folder("resident"), waits=workflows.WAITS) as (_, resident),
        serving(bench.folder("parked"), _PARKS_AT_ONCE, waits=workflows.WAITS) as (_, parked),
        bench.echo() as echo,
        bench.peers() as peers,
    ):
        measured = bench.interleaved(
            {
                "echo": partial(echo.calls, 1, _ECHO_SECONDS),
                "resident": partial(resident.sample, "callbacks", **ours),
                "parked": partial(parked.sample, "callbacks", **ours),
                **{
                    name: partial(peer.sample, "callbacks", **asked)
                    for name, peer in peers.running.items()
                },
            }
        )
    for how in ("resident", "parked"):
        yield from _figures("callback", how, measured, (2, 6), peers)


def callbacks_among_loops(bench: Bench) -> Iterator[Figure]:
    """Measure while four executions compute without end."""
    sources = {"waits": workflows.WAITS, "loops": workflows.LOOPS}
    ours = {"workflow": "waits", "count": bench.options.callbacks, "pause": _PAUSE_SECONDS}
    with (
        serving(bench.folder("loops"), _ENDLESS, **sources) as (_, load),
        bench.echo() as echo,
    ):
        load.ask("create", workflow="loops", count=_LOOPS, clients=_LOOPS)
        measured = bench.interleaved(
            {
                "echo": partial(echo.calls, 1, _ECHO_SECONDS),
                "resident": partial(load.sample, "callbacks", **ours),
            }
        )
        load.ask("cancel", workflow="loops")
    yield from _figures(
        "callback-loops", "resident", measured, (5, 20), Peers(running={}, skipped={})
    )


def _figures(
    row: str,
    how: str,
    measured: Mapping[str, list[Sample]],
    bounds: tuple[float, float],
    peers: Peers,
) -> Iterator[Figure]:
    """Yield the median and the 99th percentile of one way to wait."""
    loops = ", four pure loops running" if "loops" in row else ""
    middle = {
        name: [sample.quantile(0.5) for sample in samples] for name, samples in measured.items()
    }
    medians = {name: Sample.joined(samples).quantile(0.5) for name, samples in measured.items()}
    high = {name: Sample.joined(samples).quantile(0.99) for name, samples in measured.items()}
    yield Figure(
        row=row,
        what=f"sent to ended, {how}{loops}, p50",
        value=medians[how],
        unit="ms",
        beside={"echo": medians["echo"], **peers.beside(medians)},
        checks=[
            Check(what="p50", got=medians[how], bound=bounds[0], unit="ms"),
            *_beside_peers(middle, how, peers),
        ],
        ratio=share(middle["echo"], middle[how]),
        rounds=middle[how],
    )
    yield Figure(
        row=row,
        what=f"sent to ended, {how}{loops}, p99",
        value=high[how],
        unit="ms",
        beside={"echo": high["echo"], **peers.beside(high)},
        checks=[Check(what="p99", got=high[how], bound=bounds[1], unit="ms")],
        rounds=[sample.quantile(0.99) for sample in measured[how]],
    )


def _beside_peers(middle: Mapping[str, list[float]], how: str, peers: Peers) -> Iterator[Check]:
    bounds = {"DBOS": 1 / 3, "Temporal": 1 / 10}
    for name, bound in bounds.items():
        if name in {*peers.running, *peers.skipped}:
            got = share(middle[how], middle[name]) if name in peers.running else None
            yield Check(what=f"of the time of {name}", got=got, bound=bound, unit="%")
