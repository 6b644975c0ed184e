"""OpenTelemetry spans, when somebody installed a provider; see docs/operations.md, "Traces"."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from opentelemetry import trace
from opentelemetry.context import Context

from ringback_server.tracing import NoSpans, Spans, Trace

_KINDS: Final = {"server": trace.SpanKind.SERVER, "internal": trace.SpanKind.INTERNAL}


def installed_spans() -> Spans:
    """Return where this process' spans go: nowhere unless a provider is installed by now."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return NoSpans()
    return OtelSpans(provider)


class OtelSpans:
    """Makes spans with a provider."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer("ringback")

    def span(
        self, name: str, kind: Literal["server", "internal"], parent: Trace | None
    ) -> AbstractContextManager[OtelSpan]:
        """Make a span that lasts as long as the `with`; without a parent it begins a trace."""
        return self._span(name, _KINDS[kind], Context() if parent is None else _context(parent))

    @contextmanager
    def _span(self, name: str, kind: trace.SpanKind, context: Context) -> Generator[OtelSpan]:
        with self._tracer.start_as_current_span(
            name, context, kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield OtelSpan(span)


@dataclass(frozen=True, slots=True)
class OtelSpan:
    """A span of OpenTelemetry's."""

    span: trace.Span

    @property
    def trace(self) -> Trace | None:
        """Where what is called from here belongs."""
        own = self.span.get_span_context()
        return Trace(
            trace_id=trace.format_trace_id(own.trace_id),
            span_id=trace.format_span_id(own.span_id),
            flags=f"{own.trace_flags:02x}",
        )

    def finish(self, name: str, status: str, *, failed: bool) -> None:
        """Say what it was and what came of it."""
        self.span.update_name(name)
        self.span.set_attribute("ringback.status", status)
        if failed:
            self.span.set_status(trace.StatusCode.ERROR, status)


def _context(parent: Trace) -> Context:
    remote = trace.SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(parent.flags, 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())
