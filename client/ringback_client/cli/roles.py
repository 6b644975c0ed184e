"""`ringback iam roles`."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from ringback.v1 import iam_pb2
from ringback_client.cli.formats import Format
from ringback_client.cli.options import Limit, PageSize, Project, ResultFormat, TableFormat
from ringback_client.cli.output import write_document, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION


class Stage(StrEnum):
    """How far along a role is; DISABLED permits nothing."""

    ALPHA = "ALPHA"
    BETA = "BETA"
    GA = "GA"
    DEPRECATED = "DEPRECATED"
    DISABLED = "DISABLED"
    EAP = "EAP"


RoleName = Annotated[
    str,
    typer.Argument(
        metavar="ROLE", help="The id of a custom role, or a full name: roles/workflows.invoker."
    ),
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called.")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]
Permissions = Annotated[
    list[str] | None, typer.Option(metavar="PERMISSION,…", help="What it permits.")
]
StageOption = Annotated[
    Stage | None,
    typer.Option(
        metavar="STAGE", help="How far along it is; one that is DISABLED permits nothing."
    ),
]

app = typer.Typer(help="Permissions that are granted together.", no_args_is_help=True)


@app.command()
def create(
    ctx: typer.Context,
    role: Annotated[str, typer.Argument(metavar="ID", help="The id of the role.")],
    permissions: Permissions = None,
    title: Title = None,
    description: Description = None,
    project: Project = None,
    form: ResultFormat = Format.YAML,
    *,
    stage: StageOption = Stage.GA,
) -> None:
    """Create a custom role in a project."""
    if not _words(permissions):
        raise typer.BadParameter("says what the role permits", param_hint="--permissions")
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        made = client.iam.create_role(
            role,
            _words(permissions),
            title=title or "",
            description=description or "",
            stage=iam_pb2.Role.RoleLaunchStage.Value((stage or Stage.GA).value),
        )
    write_document(made, form)


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: Limit = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="The project whose custom roles are listed.",
            show_default="the predefined roles",
        ),
    ] = None,
    form: TableFormat = Format.TABLE,
    *,
    page_size: PageSize = None,
) -> None:
    """List the predefined roles, or the custom roles of a project."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        listed = client.iam.roles(predefined=project is None, page_size=page_size or 0)
        found = list(islice(listed, limit))
    rows = [
        {
            "NAME": role.name,
            "STAGE": iam_pb2.Role.RoleLaunchStage.Name(role.stage),
            "PERMISSIONS": str(len(role.included_permissions)),
            "TITLE": role.title,
        }
        for role in found
    ]
    write_list(found, rows, form, empty="The project has no custom roles.")


@app.command()
def describe(
    ctx: typer.Context,
    role: RoleName,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print a role with its permissions."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        write_document(client.iam.get_role(role), form)


@app.command()
def update(
    ctx: typer.Context,
    role: RoleName,
    permissions: Permissions = None,
    title: Title = None,
    description: Description = None,
    project: Project = None,
    form: ResultFormat = Format.YAML,
    *,
    add_permissions: Annotated[
        list[str] | None, typer.Option(metavar="PERMISSION,…", help="What it permits as well.")
    ] = None,
    remove_permissions: Annotated[
        list[str] | None, typer.Option(metavar="PERMISSION,…", help="What it permits no longer.")
    ] = None,
    stage: StageOption = None,
) -> None:
    """Change a custom role: those who have it may do what it permits now, and no more."""
    adds, removes = _words(add_permissions), _words(remove_permissions)
    if permissions and (adds or removes):
        raise typer.BadParameter(
            "cannot be used with --permissions",
            param_hint="--add-permissions, --remove-permissions",
        )
    if not (adds or removes or permissions) and {title, description, stage} == {None}:
        raise typer.BadParameter("something must change", param_hint="--permissions, --title, …")
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        wanted, etag = _words(permissions) or None, b""
        if adds or removes:
            before = client.iam.get_role(role)
            wanted = sorted({*before.included_permissions, *adds} - {*removes})
            etag = before.etag
        changed = client.iam.update_role(
            role,
            permissions=wanted,
            title=title,
            description=description,
            stage=None if stage is None else iam_pb2.Role.RoleLaunchStage.Value(stage.value),
            etag=etag,
        )
    write_document(changed, form)


@app.command()
def delete(
    ctx: typer.Context,
    role: RoleName,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Delete a custom role at once, which takes it from all who have it.

    A person at a terminal is asked first, but for --quiet.
    """
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        question = f"Delete {client.place.role(role)}, and take it from all who have it?"
        session.confirm(question, "Nothing was deleted.")
        write_document(client.iam.delete_role(role), form)


def _words(texts: Sequence[str] | None) -> list[str]:
    return [word.strip() for text in texts or () for word in text.split(",") if word.strip()]
