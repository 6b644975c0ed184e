"""Options that several commands take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import typer

from ringback_client.cli.options import parse_expiry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-02", datetime(2027, 1, 2, tzinfo=UTC)),
        ("2027-01-02T03:04:05Z", datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2027-01-02T03:04+02:00", datetime(2027, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_expiry_when_it_is_a_time(text: str, expected: datetime) -> None:
    """A day alone is its beginning in UTC; a time has its zone."""
    assert expected == parse_expiry(text)


@pytest.mark.parametrize(
    ("text", "why"), [("2027-01-02T03:04", "add Z"), ("2027-13-01", "2027-01-01T00:00:00Z")]
)
def test_expiry_when_it_is_no_time(text: str, why: str) -> None:
    """What is wrong is said with what would do."""
    with pytest.raises(typer.BadParameter, match=why):
        parse_expiry(text)
