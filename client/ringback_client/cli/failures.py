"""Why an execution failed, in a few lines for people: the error and the causes inside of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.json_text import parse_json
from ringback_client.names import last_segment

#: what a line may have, in characters; an answer's body or an error that was raised can be large
_WIDTH = 300
#: so many causes one inside the other: a branch of a child of a child
_DEPTH = 5
#: where services say what was wrong, in the order of how much it tells
_WORDS = ("message", "error_description", "detail", "error", "title")
#: all of an error that its headline and its steps tell
_TOLD = frozenset({"message", "tags", "code"})

_Map = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What to say about a failure."""

    text: str
    #: whether that is all there is to say
    whole: bool


def explain(error: Execution.Error) -> Explanation:
    """Tell an error and, line by line, what caused it."""
    value = _read(error.payload)
    lines = error.context.split("\n")
    headline, words = lines[0], _words(value)
    # What a workflow made up is in the headline as a whole, as far as there is room.
    told = error.payload in headline[:_WIDTH]
    if len(headline) > _WIDTH and words not in headline[:_WIDTH]:
        lines.insert(1, words)
    if not told:
        lines += _causes(value, _DEPTH)
    untold = bool(_map(value).keys() - _TOLD) and not told
    return Explanation(
        text="\n".join(map(_cut, lines)).strip(),
        whole=not untold and all(len(line) <= _WIDTH for line in lines),
    )


def _causes(value: object, depth: int) -> Iterator[str]:
    """Yield what lies inside an error: a branch, a child or an operation, an answer."""
    error = _map(value)
    branches = error.get("branches")
    operation = _map(error.get("operation"))
    if depth == 0:
        return
    if isinstance(branches, list) and branches:
        first, count = _map(cast("list[object]", branches)[0]), len(cast("list[object]", branches))
        which = f"branch {first.get('id', '')}".strip()
        told = f"First of {count} errors, {which}" if count > 1 else f"In {which}"
        yield from _cause(told, _map(first.get("error")), depth)
    elif "error" in operation:
        yield from _cause(_operation(operation), _map(operation["error"]), depth)
    elif answer := _words(error.get("body")):
        yield f"The answer said: {answer}"


def _cause(told: str, error: _Map, depth: int) -> Iterator[str]:
    """Yield an error that has a payload and a context, or a code and a message, and its causes."""
    payload = error.get("payload")
    # That of an execution is JSON text, that of a branch a value.
    value = _read(payload) if isinstance(payload, str) else payload
    context = error.get("context")
    steps = context.split("\n")[1:] if isinstance(context, str) else []
    yield f"{told}: {_words(value) or _words(error) or 'no words'}"
    yield from steps
    yield from _causes(value, depth - 1)


def _operation(operation: _Map) -> str:
    """Name what failed: an execution by its workflow, another operation by its name."""
    name = str(operation.get("name", ""))
    workflow, executions, execution = name.partition("/executions/")
    if executions:
        return f"Execution {execution} of {last_segment(workflow)}"
    return f"Operation {last_segment(name)}".strip()


def _words(value: object, depth: int = _DEPTH) -> str:
    """Return in one line what a value says, if anything."""
    if isinstance(value, str):
        return " ".join(value.split())
    if not value or depth == 0:
        return ""
    inside = (_words(_map(value).get(key), depth - 1) for key in _WORDS)
    told = next(filter(None, inside), "")
    return told or _write(value)


def _read(text: str) -> object:
    """Read JSON text; what is none is a text itself, as an operation may have it."""
    try:
        return parse_json(text)
    except ValueError:
        return text


def _write(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"


def _map(value: object) -> _Map:
    return cast("_Map", value) if isinstance(value, dict) else {}


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
