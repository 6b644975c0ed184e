"""`ringback auth *-client-secret`: secrets of accounts that are OAuth clients."""

from typing import Annotated

import typer

from ringback_client.cli.formats import Format
from ringback_client.cli.options import TableFormat
from ringback_client.cli.output import moment, write_document, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

_DAY = 86_400.0

Account = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The service account.", show_default=False)
]


def create(
    ctx: typer.Context,
    account: Account,
    days: Annotated[
        float | None,
        typer.Option(metavar="DAYS", min=0, help="How long it counts.", show_default="for ever"),
    ] = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Make a secret with which an account gets tokens, and print it: it is told this once.

    An account has two at most, so that one can be replaced by another while both count.
    """
    session = session_of(ctx)
    seconds = None if days is None else days * _DAY
    with session.client(None, DEFAULT_LOCATION) as client:
        made = client.create_client_secret(account, seconds=seconds)
    if form == Format.TABLE:
        typer.echo(made.secret)
        session.say(f"The secret {made.name.rpartition('/')[2]} of {account}: keep it now.")
    else:
        write_document(made, form)


def list_(ctx: typer.Context, account: Account, form: TableFormat = Format.TABLE) -> None:
    """List the secrets of an account, without the secrets themselves."""
    with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
        found = client.client_secrets(account)
    rows = [
        {
            "SECRET": secret.name.rpartition("/")[2],
            "CREATED": moment(secret.create_time),
            "EXPIRES": moment(secret.expire_time),
        }
        for secret in found
    ]
    write_list(found, rows, form, empty="The account has no secrets.")


def delete(
    ctx: typer.Context,
    account: Account,
    secret: Annotated[str, typer.Argument(metavar="SECRET", help="Which one, as it is listed.")],
) -> None:
    """Delete a secret of an account: it counts no longer."""
    session = session_of(ctx)
    with session.client(None, DEFAULT_LOCATION) as client:
        client.delete_client_secret(account, secret)
    session.say(f"Deleted the secret {secret} of {account}.")
