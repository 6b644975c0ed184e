"""Enum numbers of requests as domain values; unknown numbers are refused."""

from __future__ import annotations

from ringback_server.control.refusals import refused
from ringback_server.model.resources import CallLogLevel, HistoryLevel


def call_log_level(number: int, field: str) -> CallLogLevel:
    """Return the level with this number; raise InvalidArgumentError naming `field`."""
    try:
        return CallLogLevel(number)
    except ValueError:
        raise refused(field, f"{number} is not a call log level") from None


def history_level(number: int, field: str) -> HistoryLevel:
    """Return the level with this number; raise InvalidArgumentError naming `field`."""
    try:
        return HistoryLevel(number)
    except ValueError:
        raise refused(field, f"{number} is not an execution history level") from None
