"""`ringback deploy`."""

from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.differences import differences
from ringback_client.cli.levels import CallLogLevel, HistoryLevel, for_workflow
from ringback_client.cli.options import (
    Location,
    Project,
    TableFormat,
    parse_pairs,
    read_file,
)
from ringback_client.cli.output import Format, say_plainly, write_document, write_table
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION, last_segment


def deploy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow, new or not.")],
    *,
    source: Annotated[
        Path, typer.Option(metavar="FILE", help="A file with the definition, in YAML or JSON.")
    ],
    set_env_vars: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,…", help="What sys.get_env finds; replaces all."),
    ] = None,
    service_account: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="The account that executions run as.")
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the workflow is for.")
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,…", help="Labels of the workflow; replaces all."),
    ] = None,
    call_log_level: CallLogLevel = None,
    execution_history_level: HistoryLevel = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it and show what would change, no more.")
    ] = False,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Create a workflow, or make a new revision of it if its definition changed.

    Says what changes, as a diff. Everything that is not given stays as it was.
    """
    text = read_file(source, "--source")
    settings = for_workflow(call_log_level, execution_history_level)
    if set_env_vars is not None:
        settings["env_vars"] = parse_pairs(set_env_vars, "--set-env-vars")
    if service_account is not None:
        settings["service_account"] = service_account
    if description is not None:
        settings["description"] = description
    if labels is not None:
        settings["labels"] = parse_pairs(labels, "--labels")
    session = session_of(ctx)
    with session.client(project, location) as client:
        before = client.find_workflow(name)
        changes = differences(before, client.place.workflow(name), text, settings)
        workflow = client.deploy(name, text, dry_run=dry_run, **settings)
    for warning in workflow.warnings:
        session.say(f"Warning: {warning}")
    if dry_run:
        say_plainly(changes)
        verb = "create" if before is None else "update" if changes else "change nothing of"
        session.say(f"The definition is good. This would {verb} {name}; nothing was deployed.")
        return
    if before is not None:
        say_plainly(changes if not session.quiet else (), to_stderr=True)
    _write(workflow, form)


def _write(workflow: Workflow, form: Format) -> None:
    if form == Format.TABLE:
        row = {
            "NAME": last_segment(workflow.name),
            "REVISION": workflow.revision_id,
            "STATE": Workflow.State.Name(workflow.state),
        }
        write_table([row])
    else:
        write_document(workflow, form)
