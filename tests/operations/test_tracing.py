"""Traces, as callers send them and as OpenTelemetry makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ringback_server.spans import OtelSpans, installed_spans
from ringback_server.tracing import NoSpans, Trace
from tests.operations.running import WAITS, running
from tests.waiting import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "text",
    [TRACEPARENT, f" {TRACEPARENT} ", f"cc-{TRACE}-b7ad6b7169203331-01-and-more"],
)
def test_traceparent_when_well_formed(text: str) -> None:
    """A header of this or a later version is read, and written in this one."""
    assert TRACEPARENT == str(Trace.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ff" + TRACEPARENT[2:],
        TRACEPARENT + "-more",
        TRACEPARENT.upper(),
        TRACEPARENT.replace(TRACE, "0" * 32),
        TRACEPARENT.replace("b7ad6b7169203331", "0" * 16),
        TRACEPARENT[:-1],
    ],
)
def test_traceparent_when_not_well_formed(text: str | None) -> None:
    """Anything else counts as no header."""
    assert Trace.parse(text) is None


def test_spans_when_no_provider_is_installed() -> None:
    """Without a provider there are no spans."""
    assert isinstance(installed_spans(), NoSpans)


def test_spans_when_a_provider_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests and advances become spans of the caller's trace, also long after the request."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with running(tmp_path / "data", monkeypatch, spans=OtelSpans(provider)) as server:
        server.deploy(WAITS)
        execution = server.start(traceparent=TRACEPARENT)
        server.send(execution)
        until(lambda: server.state(execution) == "SUCCEEDED")
    provider.shutdown()
    ours = [
        span
        for span in exporter.get_finished_spans()
        if span.context and span.context.trace_id == int(TRACE, 16)
    ]
    by_name = {span.name: span for span in ours}
    request = by_name["ringback.v1.Executions/CreateExecution"]
    advance = by_name["ringback.advance"]

    assert (request.parent and request.parent.span_id) == int("b7ad6b7169203331", 16)
    assert advance.parent
    assert request.context
    assert advance.parent.span_id == request.context.span_id
    assert (request.attributes or {})["ringback.status"] == "200"
    assert (advance.attributes or {})["ringback.status"] == "ended"
