"""`ringback iam`."""

from typing import Annotated

import typer

from ringback_client.cli import roles, service_accounts
from ringback_client.cli.formats import Format
from ringback_client.cli.options import (
    Expires,
    Location,
    Member,
    Project,
    ResultFormat,
    Role,
    parse_expiry,
)
from ringback_client.cli.output import write_document
from ringback_client.cli.policy_apply import apply
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

Resource = Annotated[
    str,
    typer.Argument(
        metavar="RESOURCE",
        help=(
            "The full name of a project, a workflow, a callback or an account, a workflow's id, "
            "a callback's URL, an account's address, or * for everything on the server."
        ),
    ),
]

app = typer.Typer(help="Who may do what.", no_args_is_help=True)
app.add_typer(service_accounts.app, name="service-accounts")
app.add_typer(roles.app, name="roles")
app.command("apply")(apply)


@app.command()
def get_policy(
    ctx: typer.Context,
    resource: Resource,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print who has which roles on a resource, without what is granted above it."""
    with session_of(ctx).client(project, location) as client:
        write_document(client.iam.get_policy(resource), form)


@app.command()
def add_binding(
    ctx: typer.Context,
    resource: Resource,
    member: Member,
    role: Role,
    *,
    expires: Expires = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Grant a role on a resource and all that is below it, and print who has which.

    Granted again, it has the new expiry, or none.
    """
    until = parse_expiry(expires)
    session = session_of(ctx)
    with session.client(project, location) as client:
        policy = client.iam.add_binding(resource, member, role, expires=until)
    session.say(f"{member} has {role} on {resource}.")
    write_document(policy, form)


@app.command()
def remove_binding(
    ctx: typer.Context,
    resource: Resource,
    member: Member,
    role: Role,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Take a role on a resource away, at once, and print who has which."""
    session = session_of(ctx)
    with session.client(project, location) as client:
        policy = client.iam.remove_binding(resource, member, role)
    session.say(f"{member} has no longer {role} on {resource}.")
    write_document(policy, form)


@app.command("test-permissions")
def permissions(
    ctx: typer.Context,
    resource: Resource,
    asked: Annotated[
        list[str],
        typer.Argument(metavar="PERMISSION…", help="What to ask for, as workflows.callbacks.send."),
    ],
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Print those of some permissions that you have on a resource now.

    The exit status is 1 if one of them is missing.
    """
    with session_of(ctx).client(project, location) as client:
        found = client.iam.test_permissions(resource, asked)
    for permission in found:
        typer.echo(permission)
    if set(asked) - set(found):
        raise typer.Exit(1)
