"""`ringback logs`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from ringback.v1.logs_pb2 import LogEntry
from ringback_client.cli.durations import parse_duration
from ringback_client.cli.following import follow, print_until_interrupted
from ringback_client.cli.formats import Format
from ringback_client.cli.options import Limit, Location, Project, TableFormat
from ringback_client.cli.output import moment, say_plainly, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION


class Order(StrEnum):
    """What comes first."""

    DESC = "desc"
    ASC = "asc"


Filter = Annotated[
    str,
    typer.Argument(
        metavar="FILTER",
        help="A text to find, or terms joined by AND, such as severity>=WARNING.",
        show_default="all entries",
    ),
]

app = typer.Typer(help="Read what workflows log.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Read what workflows log."""


@app.command()
def read(
    ctx: typer.Context,
    text: Filter = "",
    *,
    freshness: Annotated[
        str, typer.Option(metavar="DURATION", help="How old entries may be.")
    ] = "1d",
    order: Annotated[Order, typer.Option(help="Newest first, desc, or oldest first, asc.")] = (
        Order.DESC
    ),
    limit: Limit = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Find log entries of all workflows, newest first unless --order says otherwise."""
    since = datetime.now(UTC) - parse_duration(freshness, "--freshness")
    with session_of(ctx).client(project, location) as client:
        entries = client.logs(filter_=_filter(text, since), newest_first=order is Order.DESC)
        found = list(islice(entries, limit))
    rows = [
        {"TIME": moment(entry.timestamp), "SEVERITY": entry.severity, "ENTRY": _words(entry)}
        for entry in found
    ]
    write_list(found, rows, form, empty="No log entries were found.")


@app.command()
def tail(
    ctx: typer.Context,
    text: Filter = "",
    freshness: Annotated[
        str, typer.Option(metavar="DURATION", help="How old the first entries may be.")
    ] = "1m",
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Print log entries of all workflows as they come, until interrupted."""
    since = datetime.now(UTC) - parse_duration(freshness, "--freshness")
    with session_of(ctx).client(project, location) as client:

        def entries_since(start: datetime) -> Iterator[LogEntry]:
            return client.logs(filter_=_filter(text, start))

        print_until_interrupted(follow(entries_since, since), _write)


def _write(entries: list[LogEntry]) -> None:
    say_plainly(
        f"{moment(entry.timestamp)}  {entry.severity:<8}  {_words(entry)}" for entry in entries
    )


def _filter(text: str, since: datetime) -> str:
    """Join what was asked for with a time."""
    terms = [text] if text.strip() else []
    terms.append(f'timestamp>="{since.isoformat().replace("+00:00", "Z")}"')
    return " AND ".join(terms)


def _words(entry: LogEntry) -> str:
    return entry.text_payload if entry.HasField("text_payload") else entry.json_payload
