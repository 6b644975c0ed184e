"""What the server's own log looks like: lines for people, or one JSON object each for machines.

Both tell the request and the execution that a line is about. No line holds a token or the body of
a request: nobody hands them to a logger. What workflows log goes to the store, not here.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from ringback_server import tracing

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

#: libraries that would tell what requests and answers hold, tokens included, at the level debug
_TALKATIVE = ("google", "hpack", "httpcore")
#: tells any metadata that is no text, which may be a token, with a traceback
_GRPC = "grpc._cython.cygrpc"


def configure(form: LogFormat, level: LogLevel) -> None:
    """Write the log of this process to stderr, in place of any other way."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel(logging.INFO)
    logging.getLogger(_GRPC).addFilter(_tells_no_metadata)


class TextFormatter(logging.Formatter):
    """Time, severity, logger and message, then what the line is about."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s%(about)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, and below it the traceback of an exception."""
        about = " ".join(f"{key}={value}" for key, value in _about().items())
        record.about = f" [{about}]" if about else ""
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One object per line, with the names that Cloud Logging reads."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": time.replace("+00:00", "Z"),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_about(),
        }
        facts = getattr(record, tracing.FACTS, None)
        if isinstance(facts, dict):
            line |= facts
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _tells_no_metadata(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Invalid encoding")


def _about() -> dict[str, str]:
    scope = tracing.current()
    about = {
        "request_id": scope.request_id,
        "execution": scope.execution,
        "trace_id": scope.trace.trace_id if scope.trace else "",
    }
    return {key: value for key, value in about.items() if value}
