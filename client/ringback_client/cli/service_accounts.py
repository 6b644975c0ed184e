"""`ringback iam service-accounts`."""

from itertools import islice
from typing import Annotated

import typer

from ringback.v1.iam_pb2 import ServiceAccount
from ringback_client.cli import service_account_keys
from ringback_client.cli.formats import Format
from ringback_client.cli.options import (
    Expires,
    Limit,
    Member,
    PageSize,
    Project,
    ResultFormat,
    Role,
    TableFormat,
    parse_expiry,
)
from ringback_client.cli.output import write_document, write_list, write_table
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

Account = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="Its address, or what that begins with, of the project's accounts."
    ),
]
DisplayName = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What it is called.", show_default="")
]
Description = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What it is for.", show_default="")
]

app = typer.Typer(help="Accounts that programs act as.", no_args_is_help=True)
app.add_typer(service_account_keys.app, name="keys")


@app.command()
def create(
    ctx: typer.Context,
    account: Annotated[
        str, typer.Argument(metavar="ID", help="What its address begins with: 6 to 30 characters.")
    ],
    display_name: DisplayName = None,
    description: Description = None,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Create a service account, which has neither roles nor keys."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        made = client.iam.create_account(
            account, display_name=display_name or "", description=description or ""
        )
    session.say(f"Created {made.email}.")
    if form == Format.TABLE:
        write_table([_row(made)])
    else:
        write_document(made, form)


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: Limit = None,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    page_size: PageSize = None,
) -> None:
    """List the service accounts of a project."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        found = list(islice(client.iam.accounts(page_size=page_size or 0), limit))
    write_list(found, [_row(one) for one in found], form, empty="There are no service accounts.")


@app.command()
def describe(
    ctx: typer.Context,
    account: Account,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print all about a service account."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        write_document(client.iam.get_account(account), form)


@app.command()
def update(
    ctx: typer.Context,
    account: Account,
    display_name: DisplayName = None,
    description: Description = None,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Change what a service account is called and described as."""
    if display_name is None and description is None:
        raise typer.BadParameter("says what to change", param_hint="--display-name, --description")
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        changed = client.iam.update_account(
            account, display_name=display_name, description=description
        )
    write_document(changed, form)


@app.command()
def delete(ctx: typer.Context, account: Account, project: Project = None) -> None:
    """Delete a service account with its keys, its roles and all of its tokens.

    A person at a terminal is asked first, but for --quiet.
    """
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        session.confirm(f"Delete {client.place.account(account)}?", "Nothing was deleted.")
        client.iam.delete_account(account)
    session.say(f"Deleted {account}.")


@app.command()
def enable(ctx: typer.Context, account: Account, project: Project = None) -> None:
    """Make a disabled service account count again."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        client.iam.enable_account(account)
    session.say(f"Enabled {account}.")


@app.command()
def disable(ctx: typer.Context, account: Account, project: Project = None) -> None:
    """Disable a service account: none of its keys and tokens opens anything from now on."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        client.iam.disable_account(account)
    session.say(f"Disabled {account}.")


@app.command()
def get_iam_policy(
    ctx: typer.Context,
    account: Account,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print who has which roles on a service account, such as making tokens of it."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        write_document(client.iam.get_policy(client.place.account(account)), form)


@app.command()
def add_iam_policy_binding(
    ctx: typer.Context,
    account: Account,
    member: Member,
    role: Role,
    expires: Expires = None,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Grant a role on a service account, and print who has which."""
    until = parse_expiry(expires)
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        name = client.place.account(account)
        policy = client.iam.add_binding(name, member, role, expires=until)
    session.say(f"{member} has {role} on {account}.")
    write_document(policy, form)


@app.command()
def remove_iam_policy_binding(
    ctx: typer.Context,
    account: Account,
    member: Member,
    role: Role,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Take a role on a service account away, and print who has which."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        policy = client.iam.remove_binding(client.place.account(account), member, role)
    session.say(f"{member} has no longer {role} on {account}.")
    write_document(policy, form)


def _row(account: ServiceAccount) -> dict[str, str]:
    return {
        "DISPLAY_NAME": account.display_name,
        "EMAIL": account.email,
        "DISABLED": str(account.disabled),
    }
