"""`ringback list`, `ringback describe` and `ringback delete`: workflows that are deployed."""

from itertools import islice
from typing import Annotated

import typer

from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.formats import Format
from ringback_client.cli.options import (
    Async,
    Filter,
    Limit,
    Location,
    PageSize,
    Project,
    ResultFormat,
    SortBy,
    TableFormat,
    order_by,
)
from ringback_client.cli.output import (
    moment,
    write_document,
    write_list,
)
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION, last_segment

WorkflowName = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow.")]


def list_(
    ctx: typer.Context,
    limit: Limit = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    filter_: Filter = "",
    sort_by: SortBy = "",
    page_size: PageSize = None,
) -> None:
    """List the workflows of a location."""
    with session_of(ctx).client(project, location) as client:
        listed = client.list_workflows(
            filter_=filter_, order_by=order_by(sort_by), page_size=page_size or 0
        )
        found = list(islice(listed, limit))
    rows = [
        {
            "NAME": last_segment(workflow.name),
            "STATE": Workflow.State.Name(workflow.state),
            "REVISION": workflow.revision_id,
            "UPDATED": moment(workflow.update_time),
        }
        for workflow in found
    ]
    empty = "No workflows are deployed. Deploy one with: ringback deploy NAME --source FILE"
    if filter_:
        empty = "The filter admits no workflow."
    write_list(found, rows, form, empty=empty)


def describe(
    ctx: typer.Context,
    workflow: WorkflowName,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print all about a workflow, with its definition."""
    with session_of(ctx).client(project, location) as client:
        write_document(client.get_workflow(workflow), form)


def delete(
    ctx: typer.Context,
    workflow: WorkflowName,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    *,
    is_async: Async = False,
) -> None:
    """Delete a workflow with all of its executions; those that have not ended are cancelled.

    A person at a terminal is asked first, but for --quiet.
    """
    session = session_of(ctx)
    with session.client(project, location) as client:
        name = client.place.workflow(workflow)
        session.confirm(f"Delete {name} and all of its executions?", "Nothing was deleted.")
        if is_async:
            typer.echo(client.begin_deletion(workflow).name)
            return
        client.delete_workflow(workflow)
    session.say(f"Deleted {name}.")
