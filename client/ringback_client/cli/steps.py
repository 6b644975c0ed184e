"""`ringback executions steps` and `export`: what an execution did, step by step."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, cast

import typer
from rich.cells import cell_len

from ringback.v1.step_entries_pb2 import StepEntry
from ringback_client.cli.formats import Format, Kind
from ringback_client.cli.options import (
    ExecutionName,
    Location,
    Project,
    ResultFormat,
    TableFormat,
    Workflow,
)
from ringback_client.cli.output import say, write_line, write_list, write_value
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

#: of a longer loop, so many of its first iterations are shown, and those that are of interest
_ITERATIONS = 5
_ERROR_CHARACTERS = 100
_MINUTE = 60
_HOUR = 3_600

_STYLES: Mapping["StepEntry.State.ValueType", str] = {
    StepEntry.STATE_FAILED: "red",
    StepEntry.STATE_IN_PROGRESS: "yellow",
    StepEntry.STATE_CANCELLED: "dim",
}
_STATES: Mapping["StepEntry.State.ValueType", str] = {
    StepEntry.STATE_FAILED: "FAILED",
    StepEntry.STATE_IN_PROGRESS: "IN_PROGRESS",
    StepEntry.STATE_CANCELLED: "CANCELLED",
}
_TYPES: Mapping["StepEntry.StepType.ValueType", str] = {
    StepEntry.STEP_ASSIGN: "assign",
    StepEntry.STEP_STD_LIB_CALL: "call",
    StepEntry.STEP_CONNECTOR_CALL: "connector",
    StepEntry.STEP_SUBWORKFLOW_CALL: "subworkflow",
    StepEntry.STEP_CALL: "call",
    StepEntry.STEP_SWITCH: "switch",
    StepEntry.STEP_CONDITION: "condition",
    StepEntry.STEP_FOR: "for",
    StepEntry.STEP_FOR_ITERATION: "iteration",
    StepEntry.STEP_PARALLEL_FOR: "parallel for",
    StepEntry.STEP_PARALLEL_BRANCH: "parallel",
    StepEntry.STEP_PARALLEL_BRANCH_ENTRY: "branch",
    StepEntry.STEP_TRY_RETRY_EXCEPT: "try",
    StepEntry.STEP_TRY: "attempt",
    StepEntry.STEP_RETRY: "retry",
    StepEntry.STEP_EXCEPT: "except",
    StepEntry.STEP_RETURN: "return",
    StepEntry.STEP_RAISE: "raise",
    StepEntry.STEP_GOTO: "next",
}
#: what is inside of these is counted
_COUNTED = frozenset(
    {StepEntry.STEP_FOR, StepEntry.STEP_PARALLEL_FOR, StepEntry.STEP_PARALLEL_BRANCH}
)
#: parts of a step, which have no name of their own
_PARTS = frozenset(
    {
        StepEntry.STEP_CONDITION,
        StepEntry.STEP_FOR_ITERATION,
        StepEntry.STEP_TRY,
        StepEntry.STEP_RETRY,
        StepEntry.STEP_EXCEPT,
    }
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the tree: cells, and how they look on a terminal."""

    cells: Sequence[str]
    style: str = ""


class _Tree:
    """Step entries as lines, each below the one that it is inside of."""

    def __init__(self, entries: Iterable[StepEntry], now: float, *, whole: bool) -> None:
        self._inside = defaultdict[int, list[StepEntry]](list)
        for entry in entries:
            self._inside[entry.navigation_info.parent].append(entry)
        self._now = now
        self._whole = whole

    def lines(self, parent: int = 0, depth: int = 0) -> Iterator[_Line]:
        """Yield the lines below an entry; 0 is above all."""
        indent = "  " * depth
        shown, left = self._shown(self._inside[parent])
        for entry in shown:
            yield self._line(entry, indent)
            yield from self.lines(entry.entry_id, depth + 1)
        if left:
            yield _Line((f"{indent}… {left} more iterations", "", "", ""), "dim")

    def _shown(self, entries: Sequence[StepEntry]) -> tuple[Sequence[StepEntry], int]:
        """Return the entries that are worth a line, and how many others there are."""
        loop = entries and entries[0].step_type == StepEntry.STEP_FOR_ITERATION
        if self._whole or not loop or len(entries) <= 2 * _ITERATIONS:
            return entries, 0
        first, rest = entries[:_ITERATIONS], entries[_ITERATIONS:]
        shown = [*first, *(entry for entry in rest if entry.state != StepEntry.STATE_SUCCEEDED)]
        return shown, len(entries) - len(shown)

    def _line(self, entry: StepEntry, indent: str) -> _Line:
        inside = self._inside[entry.entry_id]
        kind = _TYPES.get(entry.step_type, StepEntry.StepType.Name(entry.step_type))
        counted = f"{kind} ({len(inside)})" if entry.step_type in _COUNTED else kind
        told = [_STATES.get(entry.state, "")]
        # Where it was raised: what it goes by has the same one.
        if entry.state == StepEntry.STATE_FAILED and not any(
            one.exception == entry.exception for one in inside
        ):
            told.append(_message(entry.exception.payload))
        name = _part(entry, kind) if entry.step_type in _PARTS else entry.step
        cells = (f"{indent}{name}", counted, self._duration(entry), " ".join(filter(None, told)))
        return _Line(cells, _STYLES.get(entry.state, ""))

    def _duration(self, entry: StepEntry) -> str:
        begin = entry.create_time.ToDatetime(UTC).timestamp()
        end = entry.update_time.ToDatetime(UTC).timestamp()
        return _duration((self._now if entry.state == StepEntry.STATE_IN_PROGRESS else end) - begin)


def steps(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    whole: Annotated[
        bool, typer.Option("--all", help="Show all iterations of long loops too.")
    ] = False,
) -> None:
    """Show which steps an execution ran, how long each took, and what came of it.

    Steps are recorded where the execution history level of the execution or its workflow says
    so, or the server's setting --execution-history.
    """
    with session_of(ctx).client(project, location) as client:
        found = client.history.steps(execution, workflow=workflow)
    entries = found.entries
    if form.kind is Kind.TABLE and not form.columns and entries:
        _write(_Tree(entries, datetime.now(UTC).timestamp(), whole=whole).lines())
    else:
        nothing = (
            "No steps were recorded. Execute it with "
            "--execution-history-level=execution-history-basic, and they are."
        )
        write_list(entries, [], form, empty=nothing)
    if found.unrecorded:
        say(f"{found.unrecorded} later steps were not recorded: there were too many.")


def export(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.JSON,
) -> None:
    """Print all that is stored about an execution: itself, its callbacks, steps and log."""
    with session_of(ctx).client(project, location) as client:
        data: object = json.loads(client.history.export(execution, workflow=workflow))
    write_value(data, form)
    left_out = cast("dict[str, dict[str, str]]", data).get("leftOut", {})
    for name, why in left_out.items():
        say(f"Left out of {name}: {why}.")


def _write(lines: Iterable[_Line]) -> None:
    table = [_Line(("STEP", "TYPE", "DURATION", "STATE"), "bold"), *lines]
    widths = [max(map(cell_len, column)) for column in zip(*(x.cells for x in table), strict=True)]
    for line in table:
        padded = (
            cell + " " * (width - cell_len(cell))
            for cell, width in zip(line.cells, widths, strict=True)
        )
        write_line("  ".join(padded).rstrip(), line.style)
    sys.stdout.flush()


def _part(entry: StepEntry, kind: str) -> str:
    metadata = entry.step_entry_metadata
    number = f" {metadata.progress_number}" if metadata.progress_number else ""
    of = f" of {metadata.expected_iteration}" if metadata.expected_iteration else ""
    return f"[{kind}{number}{of}]"


def _duration(seconds: float) -> str:
    """Return a time in words that fit it."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    if seconds < _HOUR:
        return f"{minutes} min {rest} s"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE} min"


def _message(payload: str) -> str:
    """Return what an error says, in short."""
    try:
        value: object = json.loads(payload)
    except ValueError:
        value = payload
    if isinstance(value, dict):
        said = cast("dict[str, object]", value).get("message")
        value = payload if said is None else said
    text = " ".join(str(value).split())
    return text if len(text) <= _ERROR_CHARACTERS else f"{text[:_ERROR_CHARACTERS]}…"
