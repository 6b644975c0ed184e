"""What the server counts and measures, in Prometheus' text format.

Engine, store and edges tell what happens through observers of their own; what is true at one
moment is read when somebody asks. docs/operations.md has the list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from ringback_server.engine.observer import Hands
from ringback_server.errors import RingbackError
from ringback_server.store.census import Census

_log = logging.getLogger(__name__)

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
#: a request of a workflow may take half an hour
_LONG_SECONDS = (*_SECONDS, 60, 300, 1_800)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Everything of one server: an observer for each part, and a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._batch = Histogram(
            "ringback_commit_batch_operations",
            "Operations that shared one commit.",
            buckets=_BATCH,
            registry=registry,
        )
        self._commit = _seconds("ringback_commit_seconds", "Time from begin to disk.", registry)
        self._resume = _seconds(
            "ringback_callback_to_resume_seconds",
            "Time from a callback's arrival until its execution goes on.",
            registry,
        )
        self._lag = _seconds(
            "ringback_deadline_lag_seconds",
            "Time from a deadline until its execution goes on.",
            registry,
        )
        self._requests = Histogram(
            "ringback_request_seconds",
            "Time to answer a request.",
            ("edge", "method", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._requests_known: dict[tuple[str, str, str], Histogram] = {}
        self._outgoing = Histogram(
            "ringback_outgoing_request_seconds",
            "Time from a workflow's request until its answer.",
            ("outcome",),
            buckets=_LONG_SECONDS,
            registry=registry,
        )
        self._deleted = Counter(
            "ringback_deleted_rows",
            "Things removed because they were older than --retention.",
            ("kind",),
            registry=registry,
        )

        self._dropped = Counter(
            "ringback_audit_dropped",
            "Audit entries that found no room in memory and were not kept.",
            registry=registry,
        )

        self._limited = Counter(
            "ringback_rate_limited_requests",
            "Requests refused because their project had sent too many.",
            registry=registry,
        )

    def watch(self, census: Census, hands: Callable[[], Hands]) -> None:
        """Also tell what the store and the engine have at the moment of asking."""
        self._registry.register(_Present(census, hands))

    def render(self) -> bytes:
        """Return all metrics as text."""
        return generate_latest(self._registry)

    def committed(self, operations: int, seconds: float) -> None:
        """Count a batch of the store's."""
        self._batch.observe(operations)
        self._commit.observe(seconds)

    def resumed(self, seconds: float) -> None:
        """Measure how long a callback took to wake its execution."""
        self._resume.observe(seconds)

    def expired(self, lag: float) -> None:
        """Measure how late a deadline was noticed."""
        self._lag.observe(lag)

    def requested(self, outcome: str, seconds: float) -> None:
        """Count a request of a workflow's, and what came of it."""
        self._outgoing.labels(outcome).observe(seconds)

    def deleted(self, kind: str, count: int) -> None:
        """Count what was removed."""
        self._deleted.labels(kind).inc(count)

    def audit_dropped(self, entries: int) -> None:
        """Count what the audit lacks."""
        self._dropped.inc(entries)

    def rate_limited(self) -> None:
        """Count a request that came too soon."""
        self._limited.inc()

    def answered(self, edge: str, method: str, status: str, seconds: float) -> None:
        """Count a request and its answer."""
        key = (edge, method, status)
        found = self._requests_known.get(key)
        if found is None:
            # As many as there are methods and statuses: kept, since `labels` takes longer.
            found = self._requests_known[key] = self._requests.labels(*key)
        found.observe(seconds)


@dataclass(frozen=True, slots=True, eq=False)
class _Present(Collector):
    """Gauges that are read, not kept."""

    census: Census
    hands: Callable[[], Hands]

    def collect(self) -> Iterable[Metric]:
        """Read them; those of a store that fails are left out."""
        hands = self.hands()
        yield _gauge("ringback_executions_resident", "Blocked on a thread.", hands.blocked)
        yield _gauge("ringback_executions_running", "Driven, or ready to be.", hands.running)
        yield _gauge("ringback_executions_runnable", "Queued for a thread.", hands.queued)
        yield _gauge("ringback_threads_idle", "Threads without an execution.", hands.idle_threads)
        yield _gauge("ringback_outgoing_requests", "Without an answer.", hands.requests)
        yield _gauge("ringback_wal_bytes", "Size of the store's log.", self.census.wal_bytes())
        about = GaugeMetricFamily("ringback_info", "The version that runs.", labels=("version",))
        about.add_metric((version("ringback"),), 1)
        yield about
        try:
            counts = self.census.executions()
        except RingbackError as error:
            _log.warning("executions cannot be counted at present: %s", error)
            return
        stored = GaugeMetricFamily("ringback_executions", "Stored ones.", labels=("state",))
        for state, count in counts.items():
            stored.add_metric((state,), count)
        yield stored
        unfinished = counts.get("ACTIVE", 0) + counts.get("QUEUED", 0)
        parked = max(0, unfinished - hands.in_hand)
        yield _gauge("ringback_executions_parked", "Waiting without a thread.", parked)


def _seconds(name: str, about: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(name, about, buckets=_SECONDS, registry=registry)


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)
