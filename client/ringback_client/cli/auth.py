"""`ringback auth`."""

import sys
from typing import Annotated

import jwt
import typer

from ringback_client.cli.formats import Format
from ringback_client.cli.output import say, write_value
from ringback_client.cli.session import session_of
from ringback_client.credentials import AccessTokens, read_key
from ringback_client.errors import InvalidInputError
from ringback_client.names import DEFAULT_LOCATION

_HOUR = 3_600
_STDIN = "-"

app = typer.Typer(help="Credentials for other programs.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Credentials for other programs."""


@app.command()
def print_access_token(
    ctx: typer.Context,
    impersonate_service_account: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Whose token, if yours may make tokens for it."),
    ] = None,
    ttl: Annotated[
        int | None,
        typer.Option(
            "--ttl",
            "--lifetime",
            metavar="SECONDS",
            min=1,
            max=_HOUR,
            help="How long it is to be valid.",
        ),
    ] = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PERMISSION", help="What it is to be good for, and no more; may be repeated."
        ),
    ] = None,
) -> None:
    """Print an access token, such as curl needs in `Authorization: Bearer TOKEN`.

    Hand out one that is good for little: --permission workflows.callbacks.send --ttl 600
    """
    session = session_of(ctx)
    server = session.server()
    key = read_key(server.key_file)
    if impersonate_service_account is None and ttl is None and not permission:
        typer.echo(AccessTokens(key, ca_file=server.ca_file, identity=server.identity).get())
        return
    with session.client(None, DEFAULT_LOCATION) as client:
        token = client.generate_access_token(
            impersonate_service_account or key.client_email,
            seconds=ttl or _HOUR,
            permissions=permission or (),
        )
    typer.echo(token)


@app.command()
def print_identity_token(
    ctx: typer.Context,
    audiences: Annotated[
        str, typer.Option(metavar="AUDIENCE", help="Whom it is for, such as a service's URL.")
    ],
    impersonate_service_account: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Whose token, if yours may make tokens for it."),
    ] = None,
    *,
    include_email: Annotated[
        bool,
        typer.Option("--include-email", help="Name an impersonated account by its e-mail too."),
    ] = False,
) -> None:
    """Print an ID token, which tells a service who calls it, and opens nothing here.

    Whoever gets it verifies it with the keys at /.well-known/jwks.json of the server.
    """
    if not audiences.strip():
        raise typer.BadParameter("says whom the token is for", param_hint="--audiences")
    session = session_of(ctx)
    if impersonate_service_account is None:
        server = session.server()
        tokens = AccessTokens(
            read_key(server.key_file), ca_file=server.ca_file, identity=server.identity
        )
        typer.echo(tokens.id_token(audiences))
        return
    with session.client(None, DEFAULT_LOCATION) as client:
        token = client.generate_id_token(
            impersonate_service_account, audiences, include_email=include_email
        )
    typer.echo(token)


@app.command()
def decode(
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token; - reads it from stdin.")
    ] = _STDIN,
) -> None:
    """Print what a token says: its header and its claims. Does not verify that it is genuine."""
    text = sys.stdin.read() if token == _STDIN else token
    text = text.strip().removeprefix("Bearer ")
    try:
        decoded = jwt.decode_complete(text, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise InvalidInputError(
            f"This is no token of the kind that can be read (JWT): {error}.",
            next_step="Print one with: ringback auth print-access-token",
        ) from error
    write_value({part: decoded[part] for part in ("header", "payload")}, Format.JSON)
    say("Anybody can write this: the signature was not verified.")
