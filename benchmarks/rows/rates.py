"""How many a second: executions from start to end, and callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks import workflows
from benchmarks.asking import Sample, median_rate
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure, share
from benchmarks.ringback import serving

#: what an endpoint holds for later, and more callbacks a second than there can be
_INBOX = 100
_FASTEST = 5_000


def starts(bench: Bench) -> Iterator[Figure]:
    """Measure executions that end at once, from their start to their end."""
    options = bench.options
    load = {"clients": options.clients, "seconds": options.seconds}
    with (
        serving(bench.folder("starts"), nothing=workflows.NOTHING) as (_, ours),
        bench.echo() as echo,
        bench.peers() as peers,
    ):
        measured = bench.interleaved(
            {
                "echo": partial(echo.calls, options.clients, options.seconds),
                "listed": partial(ours.sample, "starts", workflow="nothing", **load),
                "waited": partial(ours.sample, "starts_waited", workflow="nothing", **load),
                **{
                    name: partial(peer.sample, "starts", **load)
                    for name, peer in peers.running.items()
                },
            }
        )
    rates = _rates(measured)
    medians = {name: median_rate(samples) for name, samples in measured.items()}
    best = max(rates["listed"], rates["waited"], key=sum)
    times = {name: share(best, rates[name]) for name in peers.running}
    checks = [
        _share_check(share(best, rates["echo"]), 0.45),
        _times_check("DBOS", times, 3),
        _times_check("Temporal", times, 20),
    ]
    for how in ("listed", "waited"):
        words = {"listed": "ends seen in lists", "waited": "each end seen by WaitExecution"}
        chief = rates[how] is best
        yield Figure(
            row="start",
            what=f"no-op, start to end, {options.clients} clients; {words[how]}",
            value=medians[how],
            unit="/s",
            beside={"echo": medians["echo"], **peers.beside(medians)},
            checks=checks if chief else (),
            ratio=share(rates[how], rates["echo"]),
            rounds=rates[how],
        )


def callbacks(bench: Bench) -> Iterator[Figure]:
    """Measure callbacks that are only stored, and such that parked executions end with."""
    options = bench.options
    load = {"clients": options.clients, "seconds": options.seconds}
    sources = {"keeps": workflows.KEEPS, "waits": workflows.WAITS}
    with (
        serving(bench.folder("send"), "--park-after=0.001", **sources) as (_, ours),
        bench.echo() as echo,
    ):
        keeping = int(_FASTEST * (1 + options.seconds * options.rounds) / _INBOX)
        ours.ask("create", workflow="keeps", count=keeping, clients=options.clients)
        guess = ours.sample("keep", workflow="keeps", clients=options.clients, seconds=1)

        def resume() -> Sample:
            count = int(guess.rate * options.seconds * 0.7)
            ours.ask("create", workflow="waits", count=count, clients=options.clients)
            return ours.sample("resume", workflow="waits", clients=options.clients, count=count)

        measured = bench.interleaved(
            {
                "echo": partial(echo.calls, options.clients, options.seconds),
                "kept": partial(ours.sample, "keep", workflow="keeps", **load),
                "again": partial(echo.calls, options.clients, options.seconds),
                "resumed": resume,
            }
        )
    rates = _rates(measured)
    parts = {
        "kept": ("SendCallback accepted", "echo", 0.5),
        "resumed": ("SendCallback to a parked execution, until it has ended", "again", 0.4),
    }
    for name, (words, beside, bound) in parts.items():
        ratio = share(rates[name], rates[beside])
        yield Figure(
            row="send",
            what=f"{words}, {options.clients} clients",
            value=median_rate(measured[name]),
            unit="/s",
            beside={"echo": median_rate(measured[beside])},
            checks=[_share_check(ratio, bound)],
            ratio=ratio,
            rounds=rates[name],
        )


def _rates(measured: dict[str, list[Sample]]) -> dict[str, list[float]]:
    return {name: [sample.rate for sample in samples] for name, samples in measured.items()}


def _share_check(got: float, bound: float) -> Check:
    return Check(what="of the echo rate", got=got, bound=bound, unit="%", at_least=True)


def _times_check(name: str, times: dict[str, float], bound: float) -> Check:
    return Check(what=f"times {name}", got=times.get(name), bound=bound, unit="x", at_least=True)
