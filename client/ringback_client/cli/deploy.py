"""`ringback deploy`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.operations_pb2 import Operation
from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.differences import differences
from ringback_client.cli.env_vars import (
    ClearEnvVars,
    EnvVarsFile,
    RemoveEnvVars,
    SetEnvVars,
    UpdateEnvVars,
    change_of,
)
from ringback_client.cli.formats import Format
from ringback_client.cli.levels import CallLogLevel, HistoryLevel, for_workflow
from ringback_client.cli.options import (
    Async,
    Location,
    Project,
    TableFormat,
    parse_pairs,
    read_file,
)
from ringback_client.cli.output import write_diff, write_document, write_table
from ringback_client.cli.session import Session, session_of
from ringback_client.names import DEFAULT_LOCATION, last_segment

Source = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file with the definition, in YAML or JSON; only a new workflow needs it.",
        show_default=False,
    ),
]
ServiceAccount = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="The account that executions run as.")
]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What the workflow is for.")]
Labels = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE,…", help="Labels of the workflow; replaces all."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check it and show what would change, no more.")
]


def deploy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow, new or not.")],
    *,
    source: Source = None,
    set_env_vars: SetEnvVars = None,
    update_env_vars: UpdateEnvVars = None,
    remove_env_vars: RemoveEnvVars = None,
    env_vars_file: EnvVarsFile = None,
    clear_env_vars: ClearEnvVars = False,
    service_account: ServiceAccount = None,
    description: Description = None,
    labels: Labels = None,
    call_log_level: CallLogLevel = None,
    execution_history_level: HistoryLevel = None,
    dry_run: DryRun = False,
    is_async: Async = False,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Create a workflow, or make a new revision of it if its definition changed.

    Says what changes, as a diff. Everything that is not given stays as it was.
    """
    if is_async and dry_run:
        raise typer.BadParameter("goes without --dry-run", param_hint="--async")
    text = None if source is None else read_file(source, "--source")
    settings = for_workflow(call_log_level, execution_history_level)
    change = change_of(
        set_env_vars, update_env_vars, remove_env_vars, env_vars_file, cleared=clear_env_vars
    )
    if service_account is not None:
        settings["service_account"] = service_account
    if description is not None:
        settings["description"] = description
    if labels is not None:
        settings["labels"] = parse_pairs(labels, "--labels")
    session = session_of(ctx)
    with session.client(project, location) as client:
        before = client.find_workflow(name)
        if change is not None:
            settings["env_vars"] = change({} if before is None else before.user_env_vars)
        text = _definition(text, before)
        changes = differences(before, client.place.workflow(name), text, settings)
        if is_async:
            _say_changes(session, before, changes)
            _begin(session, client.begin_deployment(name, text, **settings))
            return
        workflow = client.deploy(name, text, dry_run=dry_run, **settings)
    _warn(session, workflow)
    if dry_run:
        write_diff(changes)
        verb = "create" if before is None else "update" if changes else "change nothing of"
        session.say(f"The definition is good. This would {verb} {name}; nothing was deployed.")
        return
    _say_changes(session, before, changes)
    write_deployed(workflow, form)


def _begin(session: Session, operation: Operation) -> None:
    """Print the name of a deployment, and say what is known of it already."""
    typer.echo(operation.name)
    if operation.done:
        _warn(session, Workflow.FromString(operation.response.value))


def _warn(session: Session, workflow: Workflow) -> None:
    """Say what will fail when the workflow is executed."""
    for warning in workflow.warnings:
        session.say(f"Warning: {warning}")


def _definition(text: str | None, before: Workflow | None) -> str:
    """Return the new definition, or the one that is there; raise typer.BadParameter if none is."""
    if text is not None:
        return text
    if before is None:
        raise typer.BadParameter("a new workflow needs it", param_hint="--source")
    return before.source_contents


def _say_changes(session: Session, before: Workflow | None, changes: Sequence[str]) -> None:
    """Say what changes of a workflow that was there."""
    if before is not None and not session.quiet:
        write_diff(changes, to_stderr=True)


def write_deployed(workflow: Workflow, form: Format) -> None:
    """Print a workflow that was deployed."""
    if form == Format.TABLE:
        row = {
            "NAME": last_segment(workflow.name),
            "REVISION": workflow.revision_id,
            "STATE": Workflow.State.Name(workflow.state),
        }
        write_table([row])
    else:
        write_document(workflow, form)
