"""`ringback auth`."""

import sys
from collections.abc import Sequence
from typing import Annotated, TypedDict

import jwt
import typer
from grpc import StatusCode

from ringback_client.authorization import account_of_server, tokens_of_server
from ringback_client.cli import approvals, login_commands, secret_commands, signing_keys
from ringback_client.cli.durations import parse_duration
from ringback_client.cli.formats import Format
from ringback_client.cli.output import say, write_value
from ringback_client.cli.session import Session, session_of
from ringback_client.cli.tokens import FileTokens
from ringback_client.client import Client
from ringback_client.credentials import AccessTokens, read_key
from ringback_client.errors import InvalidInputError, RequestError
from ringback_client.names import DEFAULT_LOCATION, token_resource

_STDIN = "-"

app = typer.Typer(
    help="Logins, tokens, and the secrets and keys behind them.", no_args_is_help=True
)
app.add_typer(signing_keys.app, name="keys")


app.command("login")(login_commands.login)
app.command("logout")(login_commands.logout)
app.command("list")(login_commands.list_)
app.command("approve")(approvals.approve)
app.command("revoke")(approvals.revoke)
app.command("list-sessions")(approvals.list_sessions)
app.command("end-session")(approvals.end_session)
app.command("create-client-secret")(secret_commands.create)
app.command("list-client-secrets")(secret_commands.list_)
app.command("delete-client-secret")(secret_commands.delete)


@app.callback()
def group() -> None:
    """Logins, tokens, and the secrets and keys behind them."""


@app.command()
def print_access_token(
    ctx: typer.Context,
    impersonate_service_account: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Whose token, if yours may make tokens for it."),
    ] = None,
    ttl: Annotated[
        str | None,
        typer.Option(
            "--ttl",
            "--lifetime",
            metavar="DURATION",
            help=(
                "How long it is to be valid, such as 600, 24h or 30d: at most an hour, with "
                "--resource 24h, and 90d if that is a callback and sending all that it may do."
            ),
            show_default="1h",
        ),
    ] = None,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PERMISSION", help="What it is to be good for, and no more; may be repeated."
        ),
    ] = None,
    resource: Annotated[
        str,
        typer.Option(
            metavar="RESOURCE",
            help=(
                "The URL of the one callback that it is to be good for, or the full name of a "
                "callback, an execution, a workflow or a project, for all that is in it."
            ),
        ),
    ] = "",
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD", help="The one HTTP method that callbacks can be sent with, as POST."
        ),
    ] = "",
) -> None:
    """Print an access token, such as curl needs in `Authorization: Bearer TOKEN`.

    Hand out one that is good for little, such as for one callback:
    --permission workflows.callbacks.send --resource URL --method POST --ttl 24h
    """
    bounds = _bounds(ttl, permission, resource, method)
    session = session_of(ctx)
    server = session.server()
    if impersonate_service_account is None and not bounds:
        file = session.token_file
        typer.echo((tokens_of_server(server) if file is None else FileTokens(file)).get())
        return
    with session.connect(server, None, DEFAULT_LOCATION) as client:
        token = client.generate_access_token(
            impersonate_service_account or session.account(server), **bounds
        )
        _warn_if_absent(session, client, bounds.get("resource", ""))
    typer.echo(token)


def _warn_if_absent(session: Session, client: Client, resource: str) -> None:
    """Say so if a resource is a callback that is not there, as far as the caller may know that."""
    execution, is_callback, _ = resource.rpartition("/callbacks/")
    if not is_callback:
        return
    try:
        absent = all(one.name != resource for one in client.callbacks(execution))
    except RequestError as error:
        absent = error.status is StatusCode.NOT_FOUND
    if absent:
        session.say("There is no such callback now: the token opens nothing.")


class _Bounds(TypedDict, total=False):
    """What a token is bound to."""

    seconds: float
    permissions: Sequence[str]
    resource: str
    method: str


def _bounds(
    ttl: str | None, permissions: Sequence[str] | None, resource: str, method: str
) -> _Bounds:
    """Return what was asked for, and nothing that was not."""
    bounds = _Bounds()
    if ttl is not None:
        bounds["seconds"] = parse_duration(ttl, "--ttl").total_seconds()
    if permissions:
        bounds["permissions"] = permissions
    if resource:
        bounds["resource"] = token_resource(resource)
    if method:
        bounds["method"] = method
    return bounds


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
    server = session.server()
    if impersonate_service_account is None and not server.logged_in:
        tokens = AccessTokens(
            read_key(server.key_file), ca_file=server.ca_file, identity=server.identity
        )
        typer.echo(tokens.id_token(audiences))
        return
    email = impersonate_service_account or account_of_server(server)[0]
    with session.connect(server, None, DEFAULT_LOCATION) as client:
        token = client.generate_id_token(email, audiences, include_email=include_email)
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
