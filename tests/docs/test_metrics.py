"""The metrics against the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from ringback_server.engine.observer import Hands
from ringback_server.metrics import Metrics
from ringback_server.store.opening import open_store

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
HANDS = Hands(in_hand=0, queued=0, blocked=0, idle_threads=0, requests=2)


def families(directory: Path) -> list[Metric]:
    """Return what a server tells after everything that it measures happened once."""
    metrics = Metrics()
    metrics.committed(1, 1)
    metrics.resumed(1)
    metrics.expired(1)
    metrics.requested("2xx", 1)
    metrics.deleted("executions", 1)
    metrics.answered("http", "token", "200", 1)
    store = open_store(directory)
    metrics.watch(store.census, lambda: HANDS)
    try:
        return [*text_string_to_metric_families(metrics.render().decode())]
    finally:
        store.close()


def row(family: Metric) -> str:
    """Return how the page begins to tell of a metric: its name, its labels and its kind."""
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = {label for sample in family.samples for label in sample.labels} - {"le"}
    shown = re.search(rf"`{name}\{{([^}}]*)\}}`", PAGE.read_text())
    order = shown[1].split(",") if shown else []
    listed = sorted(labels, key=lambda label: order.index(label) if label in order else -1)
    return f"| `{name}{'{' + ','.join(listed) + '}' if listed else ''}` | {family.type} |"


def test_metrics_when_documented(tmp_path: Path) -> None:
    """docs/operations.md has each metric, its labels and its kind, and no other."""
    ours = [f for f in families(tmp_path) if f.name.startswith("ringback_")]
    # Each counter and histogram also tells when it began; that is not worth a row.
    told = {row(family) for family in ours if not family.name.endswith("_created")}
    shown = set(re.findall(r"^\| `ringback_[^`]*` \| \w+ \|", PAGE.read_text(), re.MULTILINE))

    assert told == shown
