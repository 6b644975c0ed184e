"""The language of log filters (SPEC 10.24): comparisons and one text, joined by AND."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ringback_server.control.filter_reader import read_terms
from ringback_server.model.filters import Comparison, Field, Kind
from ringback_server.model.resources import SEVERITIES
from ringback_server.store.logs import LogFilter

_MICROS = 1_000_000

_FIELDS = (
    Field(name="severity", kind=Kind.ENUM, values=SEVERITIES, only=(">=", "=")),
    Field(name="timestamp", kind=Kind.TIME, only=(">=", "<=")),
    Field(name="resource.labels.workflow_id", kind=Kind.STRING, only=("=",), wildcards=False),
    Field(name="labels.execution_id", kind=Kind.STRING, only=("=",), wildcards=False),
)


def parse_filter(text: str) -> LogFilter:
    """Read a filter; raise InvalidArgumentError that names what is not understood."""
    found = LogFilter()
    words: list[str] = []
    for term in read_terms(text, _FIELDS):
        if isinstance(term, str):
            words.append(term)
        else:
            found = _TERMS[term.field.name, term.operator](found, term)
    return replace(found, text=" ".join(words)) if words else found


def _text(term: Comparison) -> str:
    return str(term.value)


def _seconds(term: Comparison) -> float:
    if not isinstance(term.value, int):
        raise TypeError(term.value)
    return term.value / _MICROS


_TERMS: dict[tuple[str, str], Callable[[LogFilter, Comparison], LogFilter]] = {
    ("severity", ">="): lambda found, term: replace(found, min_severity=_text(term)),
    ("severity", "="): lambda found, term: replace(found, severity=_text(term)),
    ("timestamp", ">="): lambda found, term: replace(found, since=_seconds(term)),
    ("timestamp", "<="): lambda found, term: replace(found, until=_seconds(term)),
    ("resource.labels.workflow_id", "="): lambda found, term: replace(found, workflow=_text(term)),
    ("labels.execution_id", "="): lambda found, term: replace(found, execution=_text(term)),
}
