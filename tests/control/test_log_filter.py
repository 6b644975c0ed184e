"""The language of log filters."""

from __future__ import annotations

import pytest

from ringback_server.control.log_filter import parse_filter
from ringback_server.errors import InvalidArgumentError
from ringback_server.store.logs import LogFilter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", LogFilter()),
        ("   ", LogFilter()),
        ("Listening", LogFilter(text="Listening")),
        ("Listening for callbacks", LogFilter(text="Listening for callbacks")),
        ('"Listening for"', LogFilter(text="Listening for")),
        (r'"a \"quoted\" text"', LogFilter(text='a "quoted" text')),
        ('"a=b AND (c)"', LogFilter(text="a=b AND (c)")),
        ("URL https://example.com/v1", LogFilter(text="URL https://example.com/v1")),
        ("severity>=WARNING", LogFilter(min_severity="WARNING")),
        ("severity = error", LogFilter(severity="ERROR")),
        ('severity>="ERROR"', LogFilter(min_severity="ERROR")),
        ('timestamp>="2026-01-01T00:00:00Z"', LogFilter(since=1767225600.0)),
        ('timestamp<="2026-01-01T01:00:00+01:00"', LogFilter(until=1767225600.0)),
        ('timestamp>="2026-01-01"', LogFilter(since=1767225600.0)),
        ('resource.labels.workflow_id="w"', LogFilter(workflow="w")),
        ("labels.execution_id=e-1", LogFilter(execution="e-1")),
        (
            'Received AND severity>=INFO AND labels.execution_id="e"',
            LogFilter(text="Received", min_severity="INFO", execution="e"),
        ),
        ("severity>=INFO Received it", LogFilter(text="Received it", min_severity="INFO")),
    ],
)
def test_parse_filter_of_what_is_supported(text: str, expected: LogFilter) -> None:
    """Terms are read as they are documented."""
    assert expected == parse_filter(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("severity<ERROR", "severity<"),
        ("severity!=ERROR", "severity!="),
        ('resource.type="x"', "resource.type="),
        ("textPayload=~x", "textPayload=~"),
        ("a OR b", "OR"),
        ("NOT a", "NOT"),
        ("(a AND b)", "(a"),
        ('"open', '"open'),
        ("severity>=LOUD", "LOUD"),
        ("timestamp>=yesterday", "yesterday"),
        ("x" * 2_001, "2000"),
    ],
)
def test_parse_filter_of_what_is_not_supported(text: str, named: str) -> None:
    """What is not understood is refused, and the message says what it is."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse_filter(text)

    assert named in caught.value.message
    assert ["filter"] == [violation.field for violation in caught.value.violations]
