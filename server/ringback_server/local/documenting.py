"""A result as a document, and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from ringback_server.local.differences import compact
from ringback_server.local.moments import moment
from ringback_server.local.results import Call, Entry, Result


def document_of(result: Result) -> dict[str, object]:
    """Return all about a run, with times in RFC 3339."""
    found: dict[str, object] = {"state": result.state}
    if result.error is None:
        found["result"] = result.result
    else:
        error = result.error
        stack = [asdict(frame) for frame in error.stack]
        found["error"] = {"value": error.value, "context": error.context, "stack": stack}
    return {
        **found,
        "duration": result.duration,
        "steps": result.steps,
        "calls": [_call(call) for call in result.calls],
        "logs": [_entry(entry) for entry in result.logs],
        "callbacks": [{**asdict(sent), "time": moment(sent.time)} for sent in result.callbacks],
        "unsentCallbacks": result.unsent,
        "callbackNotes": list(result.callback_notes),
    }


def call_lines(result: Result) -> Iterator[str]:
    """Yield a line for each call."""
    for call in result.calls:
        request = "" if call.url is None else f" {call.method} {call.url}"
        yield f"{moment(call.time)} {call.step}: {call.call}{request}"


def log_lines(result: Result) -> Iterator[str]:
    """Yield a line for each log entry."""
    for entry in result.logs:
        content = compact(entry.json) if entry.text is None else entry.text
        yield f"{moment(entry.time)} {entry.severity} {entry.step}: {content}"


def printable(text: str) -> str:
    """Escape what could move the cursor: entries and errors hold anybody's words."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text
    )


def _call(call: Call) -> dict[str, object]:
    """Return what there is of a call."""
    found = {**asdict(call), "time": moment(call.time)}
    return {key: item for key, item in found.items() if item not in (None, {})}


def _entry(entry: Entry) -> dict[str, object]:
    content = {"json": entry.json} if entry.text is None else {"text": entry.text}
    return {
        "time": moment(entry.time),
        "severity": entry.severity,
        "step": entry.step,
        "routine": entry.routine,
        **content,
    }
