"""`ringback deploy`."""

from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.workflows_pb2 import Workflow
from ringback_client.cli.options import (
    Location,
    Project,
    TableFormat,
    parse_pairs,
    read_file,
)
from ringback_client.cli.output import Format, write_document, write_table
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION, last_segment


def deploy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The workflow, new or not.")],
    source: Annotated[Path, typer.Option(help="A file with the definition, in YAML or JSON.")],
    set_env_vars: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,…", help="What sys.get_env finds; replaces all."),
    ] = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Create a workflow, or make a new revision of it if its definition changed."""
    text = read_file(source, "--source")
    env_vars = parse_pairs(set_env_vars, "--set-env-vars") if set_env_vars is not None else None
    with session_of(ctx).client(project, location) as client:
        workflow = client.deploy(name, text, env_vars=env_vars)
    if form == Format.TABLE:
        row = {
            "NAME": last_segment(workflow.name),
            "REVISION": workflow.revision_id,
            "STATE": Workflow.State.Name(workflow.state),
        }
        write_table([row])
    else:
        write_document(workflow, form)
