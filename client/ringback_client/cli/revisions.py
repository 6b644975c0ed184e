"""`ringback list-revisions`, `diff` and `rollback`: what a workflow was before, and going back."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.deploy import write_deployed
from ringback_client.cli.differences import differences, revision_differences
from ringback_client.cli.formats import Format
from ringback_client.cli.options import Limit, Location, Project, TableFormat, read_file
from ringback_client.cli.output import moment, say_error, write_diff, write_list
from ringback_client.cli.session import session_of
from ringback_client.client import Client
from ringback_client.errors import ClientError, InvalidInputError
from ringback_client.names import DEFAULT_LOCATION, last_segment
from ringback_client.settings import WorkflowSettings

_DIFFERENT = 1
_TROUBLE = 2

WorkflowName = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow.")]
Revision = Annotated[
    str,
    typer.Argument(
        metavar="REVISION",
        help="A revision, such as 000003-a1b, or its number: 3.",
        show_default="",
    ),
]


def list_revisions(
    ctx: typer.Context,
    workflow: WorkflowName,
    limit: Limit = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """List the revisions of a workflow, newest first; the first is what executions run."""
    with session_of(ctx).client(project, location) as client:
        found = list(islice(client.list_revisions(workflow), limit))
    rows = [
        {
            "REVISION": revision.revision_id,
            "CREATED": moment(revision.revision_create_time),
            "SERVICE_ACCOUNT": last_segment(revision.service_account),
        }
        for revision in found
    ]
    write_list(found, rows, form, empty=f"{workflow} has no revisions.")


def diff(
    ctx: typer.Context,
    workflow: WorkflowName,
    old: Revision = "",
    new: Revision = "",
    *,
    source: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with the definition in a file, not deployed."),
    ] = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Show what differs between two revisions: the definition, the account and the variables.

    Without REVISION, between the latest and the one before it; with one, between it and the
    latest; with --source, between it, or the latest, and a file. The exit status is that of
    `diff`: 0 when they are the same, 1 when they differ, 2 when they could not be compared.
    """
    if source is not None and new:
        raise typer.BadParameter("goes with one REVISION at most", param_hint="--source")
    text = None if source is None else read_file(source, "--source")
    try:
        with session_of(ctx).client(project, location) as client:
            if text is None:
                before, after = _two(client, workflow, old, new)
                lines = revision_differences(before, after)
            else:
                before = _find(client, workflow, old)
                lines = differences(before, str(source), text, WorkflowSettings())
    except ClientError as error:
        say_error(error.message, error.next_step)
        raise typer.Exit(_TROUBLE) from error
    write_diff(lines)
    if lines:
        raise typer.Exit(_DIFFERENT)


def rollback(
    ctx: typer.Context,
    workflow: WorkflowName,
    *,
    to_revision: Annotated[
        str,
        typer.Option(
            metavar="REVISION",
            help="The revision to go back to, or its number.",
            show_default="the one before the latest",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Deploy an older revision once more: its definition, service account and variables.

    That makes a new revision; what belongs to no revision, such as labels, stays. Executions that
    have begun go on with theirs. A person at a terminal is asked first, but for --yes or --quiet.
    """
    session = session_of(ctx)
    with session.client(project, location) as client:
        older, latest = _two(client, workflow, to_revision, "")
        changes = revision_differences(latest, older)
        if not changes:
            session.say(f"{workflow} is as in {older.revision_id} already; nothing was deployed.")
            write_deployed(latest, form)
            return
        if not session.quiet:
            write_diff(changes, to_stderr=True)
        question = f"Deploy {older.revision_id} as a new revision of {workflow}?"
        session.confirm(question, "Nothing was deployed.", yes=yes)
        deployed = client.deploy(
            workflow,
            older.source_contents,
            service_account=older.service_account,
            env_vars=older.user_env_vars,
        )
    for warning in deployed.warnings:
        session.say(f"Warning: {warning}")
    session.say(f"{deployed.revision_id} is what {older.revision_id} was.")
    write_deployed(deployed, form)


def _two(client: Client, workflow: str, old: str, new: str) -> tuple[Workflow, Workflow]:
    """Return two revisions, by default the one before the latest and the latest."""
    latest = _find(client, workflow, new)
    if old:
        return _find(client, workflow, old), latest
    before = list(islice(client.list_revisions(workflow), 2))[1:]
    if not before:
        raise InvalidInputError(
            f"{workflow} has one revision, {latest.revision_id}, and none before it.",
            next_step=f"Compare it with a file: ringback diff {workflow} --source FILE",
        )
    return before[0], latest


def _find(client: Client, workflow: str, revision: str) -> Workflow:
    """Return a revision by its id or its number, the latest if none is named."""
    if not revision.isdecimal():
        return client.get_workflow(workflow, revision)
    for found in client.list_revisions(workflow):
        if int(revision) == int(found.revision_id.partition("-")[0]):
            return found
    raise InvalidInputError(
        f"{workflow} has no revision {revision}.",
        next_step=f"See which there are with: ringback list-revisions {workflow}",
    )
