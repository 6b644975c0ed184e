"""Every row by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from benchmarks.auth import tokens
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.rows.cold_start import cold_start
from benchmarks.rows.deadlines import deadlines
from benchmarks.rows.fairness import fairness
from benchmarks.rows.language import language
from benchmarks.rows.latency import callbacks, callbacks_among_loops
from benchmarks.rows.rates import callbacks as callback_rates
from benchmarks.rows.rates import starts
from benchmarks.rows.retention import retention
from benchmarks.rows.waiting import waiting

ROWS: Mapping[str, Callable[[Bench], Iterator[Figure]]] = MappingProxyType(
    {
        "start": starts,
        "send": callback_rates,
        "callback": callbacks,
        "callback-loops": callbacks_among_loops,
        "waiting": waiting,
        "deadlines": deadlines,
        "fairness": fairness,
        "retention": retention,
        "cold-start": cold_start,
        "language": language,
        "tokens": tokens,
    }
)
