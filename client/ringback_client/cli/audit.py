"""`ringback audit`."""

from itertools import islice
from typing import Annotated

import typer

from ringback.v1.audit_pb2 import AuditEntry
from ringback_client.cli.formats import Format
from ringback_client.cli.options import (
    Filter,
    Limit,
    PageSize,
    Project,
    SortBy,
    TableFormat,
    order_by,
)
from ringback_client.cli.output import moment, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

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
) -> None:
    """List the audit entries of a project, newest first unless --sort-by says otherwise."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        listed = client.audit_entries(
            "projects/-" if all_projects else None,
            filter_=filter_,
            order_by=order_by(sort_by),
            page_size=page_size or 0,
        )
        found = list(islice(listed, limit))
    empty = "The filter admits no audit entry." if filter_ else "There are no audit entries."
    write_list(found, [_row(entry) for entry in found], form, empty=empty)


def _row(entry: AuditEntry) -> dict[str, str]:
    return {
        "TIME": moment(entry.timestamp),
        "PRINCIPAL": entry.principal,
        "TOKEN": entry.token_id,
        "METHOD": entry.method.rpartition("/")[2],
        "STATUS": entry.status if entry.times == 1 else f"{entry.status} x{entry.times}",
        "RESOURCE": entry.resource,
    }
