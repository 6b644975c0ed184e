"""`ringback audit`."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, NoReturn

import typer
from google.protobuf.json_format import MessageToDict

from ringback.v1.audit_pb2 import AuditEntry
from ringback_client.cli.following import follow, print_until_interrupted, since_filter
from ringback_client.cli.formats import Format, Kind
from ringback_client.cli.options import (
    Filter,
    Limit,
    PageSize,
    Project,
    SortBy,
    TableFormat,
    order_by,
)
from ringback_client.cli.output import moment, say_plainly, write_list
from ringback_client.cli.session import session_of
from ringback_client.client import Client
from ringback_client.names import DEFAULT_LOCATION

#: refusals that repeat are counted for a minute before they are stored
_STORED_WITHIN = timedelta(seconds=65)
_PAGE = 1_000

app = typer.Typer(help="Read who did what.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Read who did what."""


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: Limit = None,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    filter_: Filter = "",
    sort_by: SortBy = "",
    page_size: PageSize = None,
    all_projects: Annotated[
        bool,
        typer.Option(
            "--all-projects",
            help="Those of all projects and of none, such as requests without a valid token.",
        ),
    ] = False,
    follow_: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Print those that come from now on, a line each, until interrupted.",
        ),
    ] = False,
) -> None:
    """List the audit entries of a project, newest first unless --sort-by says otherwise."""
    parent = "projects/-" if all_projects else None
    if follow_:
        if limit is not None or sort_by:
            raise typer.BadParameter("takes no --limit and no --sort-by", param_hint="--follow")
        write = _writer(form)
        with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
            _follow(client, parent, filter_, write)
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        listed = client.audit_entries(
            parent,
            filter_=filter_,
            order_by=order_by(sort_by),
            page_size=page_size or 0,
        )
        found = list(islice(listed, limit))
    empty = "The filter admits no audit entry." if filter_ else "There are no audit entries."
    write_list(found, [_row(entry) for entry in found], form, empty=empty)


def _follow(
    client: Client, parent: str | None, filter_: str, write: Callable[[list[AuditEntry]], None]
) -> NoReturn:
    """Print entries as they come; raises typer.Exit when that is interrupted."""

    def entries_since(start: datetime) -> Iterator[AuditEntry]:
        return client.audit_entries(
            parent,
            filter_=since_filter(filter_, start),
            order_by="timestamp",
            page_size=_PAGE,
        )

    print_until_interrupted(follow(entries_since, datetime.now(UTC), _STORED_WITHIN), write)
    raise typer.Exit


def _writer(form: Format) -> Callable[[list[AuditEntry]], None]:
    """Return what prints entries line by line; raises typer.BadParameter for another form."""
    if form.kind is Kind.VALUE:
        return lambda entries: write_list(entries, [], form, empty="")
    if form.columns or form.kind not in {Kind.TABLE, Kind.JSON}:
        raise typer.BadParameter(
            "prints lines: take --format json or value(KEY,…)", param_hint="--follow"
        )
    if form.kind is Kind.JSON:
        return lambda entries: say_plainly(
            json.dumps(MessageToDict(entry), ensure_ascii=False) for entry in entries
        )
    return lambda entries: say_plainly("  ".join(_row(entry).values()) for entry in entries)


def _row(entry: AuditEntry) -> dict[str, str]:
    return {
        "TIME": moment(entry.timestamp),
        "PRINCIPAL": entry.principal,
        "TOKEN": entry.token_id,
        "METHOD": entry.method.rpartition("/")[2],
        "STATUS": entry.status if entry.times == 1 else f"{entry.status} x{entry.times}",
        "RESOURCE": entry.resource,
    }
