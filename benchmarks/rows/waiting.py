"""What it is like to have many executions wait: made, kept, found again, and called back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import workflows
from benchmarks.asking import ROOT, Asked, Sample
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure
from benchmarks.ringback import Ringback, connect, serving

_RATE = 500
_FOLLOWED = 10
#: that are made before a server is killed, so that there is something in its WAL
_UNSETTLED = 5_000
#: where the targets hold; fewer are measured to show growth
_MILLION = 1_000_000
_FLOOD_SHARE = 0.5
_BASIC = ROOT / "examples" / "basic-callback.yaml"


def waiting(bench: Bench) -> Iterator[Figure]:
    """Measure with each number of executions that wait."""
    for count in bench.options.waiting:
        yield from _measured(bench, count)
        yield _basic(bench, count)


def _measured(bench: Bench, count: int) -> Iterator[Figure]:
    figure, check = _makers(count)
    with serving(bench.folder("waiting"), waits=workflows.WAITS) as (server, load):
        empty = _settled(server, load)
        made = _created(bench, load, "waits", count)
        yield figure(
            what="created and driven to their wait",
            value=count / made,
            unit="/s",
            checks=check("/s", count / made, 2_000, at_least=True),
        )
        memory = server.memory
        yield figure(
            what="resident memory", value=memory, unit="MB", checks=check("MB", memory, 200)
        )
        each = (_settled(server, load) - empty) / count
        yield figure(
            what="database per execution", value=each, unit="B", checks=check("B", each, 900)
        )
        # what follows may end some of those that wait; these stand in for them
        _created(bench, load, "waits", min(count, _UNSETTLED))
        server.kill()
        ready = server.start()
        yield figure(
            what="ready after kill -9", value=ready, unit="s", checks=check("s", ready, 1.5)
        )
        connect(load, server)
        yield from _flood(bench, load, count)


def _flood(bench: Bench, load: Asked, count: int) -> Iterator[Figure]:
    figure, check = _makers(count)
    seconds = min(bench.options.flood_seconds, count * _FLOOD_SHARE / _RATE)
    sent = load.ask("paced", workflow="waits", rate=_RATE, seconds=seconds, followed=_FOLLOWED)
    words = {"answered": "answered", "ended": "sent to ended"}
    for name, word in words.items():
        sample = Sample(**sent[name])
        for part, bound in ((0.5, None), (0.99, 25), (1.0, 150)):
            value = sample.quantile(part)
            label = "max" if part == 1 else f"p{part * 100:.0f}"
            yield figure(
                what=f"{_RATE} callbacks/s for {seconds:.0f} s, {word}, {label}",
                value=value,
                unit="ms",
                checks=check("ms", value, bound) if bound else (),
            )


def _basic(bench: Bench, count: int) -> Figure:
    """Measure what the basic sample, which logs, takes of the database."""
    figure, check = _makers(count)
    with serving(bench.folder("basic"), basic=_BASIC.read_text()) as (server, load):
        empty = _settled(server, load)
        _created(bench, load, "basic", count)
        each = (_settled(server, load) - empty) / count
    return figure(
        what="database per execution of the basic sample",
        value=each,
        unit="B",
        checks=check("B", each, 1_200),
    )


def _makers(count: int) -> tuple[Callable[..., Figure], Callable[..., list[Check]]]:
    """Return how figures and checks with so many waiting are made."""

    def check(unit: str, got: float, bound: float, *, at_least: bool = False) -> list[Check]:
        if count < _MILLION:
            return []
        return [Check(what="target", got=got, bound=bound, unit=unit, at_least=at_least)]

    return partial(Figure, row="waiting", waiting=count), check


def _created(bench: Bench, load: Asked, workflow: str, count: int) -> float:
    """Make executions that wait, and return the seconds that it took."""
    answer = load.ask("create", workflow=workflow, count=count, clients=bench.options.clients)
    return float(answer["seconds"])


def _settled(server: Ringback, load: Asked) -> int:
    """Stop and start the server, and return the bytes that its database has at rest."""
    server.stop()
    stored = server.stored
    server.start()
    connect(load, server)
    return stored
