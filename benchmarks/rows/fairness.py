"""What a workflow that is started often does to one that is started seldom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks import workflows
from benchmarks.asking import Asked, Sample
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure
from benchmarks.ringback import serving

_MANY = 500
_FEW = 5
#: so that there are enough of the few, rounds are longer than those of other rows
_LONGER = 3
_BOUND = 2.0


def fairness(bench: Bench) -> Iterator[Figure]:
    """Measure the same few starts alone and among many of another workflow."""
    kinds = {
        "ends at once": workflows.NOTHING,
        "computes in turns": workflows.COMPUTES,
    }
    for words, source in kinds.items():
        with serving(bench.folder("fairness"), many=source, few=source) as (_, load):
            measured = bench.interleaved(
                {
                    "alone": partial(_few, load, bench, 0),
                    "among": partial(_few, load, bench, _MANY),
                }
            )
        alone, among = (Sample.joined(measured[name]) for name in ("alone", "among"))
        high = among.quantile(0.99)
        got = high / alone.quantile(0.99)
        yield Figure(
            row="fairness",
            what=f"{_FEW} starts/s beside {_MANY}/s, {words}, start to end, p99",
            value=high,
            unit="ms",
            beside={"alone": alone.quantile(0.99)},
            checks=[Check(what="times what it is alone", got=got, bound=_BOUND, unit="x")],
            rounds=[sample.quantile(0.99) for sample in measured["among"]],
        )


def _few(load: Asked, bench: Bench, many: int) -> Sample:
    """Start a few, and so many of another workflow, for some seconds."""
    seconds = bench.options.seconds * _LONGER
    return load.sample("beside", few=_FEW, many=many, seconds=seconds)
