"""`ringback auth approve`, `revoke` and what is about sessions: who is let in, and for how long."""

import sys
from typing import Annotated

import jwt
import typer

from ringback_client.authorization import account_of_server
from ringback_client.cli.formats import Format
from ringback_client.cli.login_commands import give_up
from ringback_client.cli.login_flows import CLIENT_ID
from ringback_client.cli.options import TableFormat, parse_expiry
from ringback_client.cli.output import moment, write_list
from ringback_client.cli.secret_commands import Account
from ringback_client.cli.session import Session, session_of
from ringback_client.errors import InvalidInputError
from ringback_client.names import DEFAULT_LOCATION

_STDIN = "-"


def approve(
    ctx: typer.Context,
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="The code that whoever logs in was shown.")
    ],
    account: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="EMAIL", help="The account to let them in as.", show_default="your own"
        ),
    ] = None,
    *,
    deny: Annotated[bool, typer.Option("--deny", help="Refuse the login instead.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let somebody in who logs in, as an account that you may make tokens for.

    Shows first who asks, and asks whether that is right: a code that somebody sent you may be one
    of a stranger.
    """
    session = session_of(ctx)
    server = session.server()
    email = account or account_of_server(server)[0]
    with session.connect(server, None, DEFAULT_LOCATION) as client:
        login = client.approve_login(email, code, validate_only=True)
        session.say(
            f"{login.client_id} asked at {moment(login.create_time)}, from "
            f"{login.address or 'an unknown address'}, for {login.scope}."
        )
        if not yes and session.asks and sys.stdin.isatty():
            word = "Refuse it?" if deny else f"Let it in as {email}?"
            typer.confirm(word, abort=True, err=True)
        client.approve_login(email, code, deny=deny)
    session.say("The login was refused." if deny else f"The login is let in as {email}.")


def revoke(
    ctx: typer.Context,
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The access token; - reads it from stdin.")
    ] = _STDIN,
    *,
    token_id: Annotated[
        str | None,
        typer.Option(
            "--token-id", metavar="ID", help="Instead of TOKEN: any token's id in the audit."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --token-id: when the token has expired by itself, at the latest.",
            show_default="in 90 days",
        ),
    ] = None,
) -> None:
    """Revoke an access token, or any token by its id: it opens nothing from now on."""
    if token_id is not None:
        if token != _STDIN:
            raise typer.BadParameter("give TOKEN or --token-id, not both")
        end = parse_expiry(until, "--until")
        with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
            client.revoke_token_id(token_id, until=end)
        session_of(ctx).say(f"The token {token_id} is revoked.")
        return
    if until is not None:
        raise typer.BadParameter("it is for --token-id", param_hint="--until")
    _revoke(session_of(ctx), token)


def _revoke(session: Session, token: str) -> None:
    """Revoke an access token, by way of the login that it is of if it is one's own."""
    text = sys.stdin.read() if token == _STDIN else token
    text = text.strip().removeprefix("Bearer ")
    try:
        claims = jwt.decode(text, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise InvalidInputError(
            "This is no access token: one has three parts with dots between them, and begins with "
            "eyJ.",
            next_step=(
                "A token whose id the audit has is revoked with --token-id ID; a login ends with: "
                "ringback auth logout, or ringback auth end-session"
            ),
        ) from error
    email = str(claims.get("sub"))
    server = session.server()
    if server.logged_in and claims.get("client_id") == CLIENT_ID:
        # What one was given oneself, one may give up without any permission.
        give_up(session, server, text)
    else:
        with session.connect(server, None, DEFAULT_LOCATION) as client:
            client.revoke_token(email, text)
    session.say(f"The token of {email} is revoked.")


def list_sessions(ctx: typer.Context, account: Account, form: TableFormat = Format.TABLE) -> None:
    """List the sessions of people who are let in as an account."""
    with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
        found = list(client.sessions(account))
    rows = [
        {
            "SESSION": one.name.rpartition("/")[2],
            "PROGRAM": one.client_id,
            "FROM": one.address,
            "CREATED": moment(one.create_time),
            "USED": moment(one.use_time),
            "EXPIRES": moment(one.expire_time),
        }
        for one in found
    ]
    write_list(found, rows, form, empty="Nobody is let in as this account by a login.")


def end_session(
    ctx: typer.Context,
    account: Account,
    session_id: Annotated[
        str, typer.Argument(metavar="SESSION", help="Which one, as it is listed.")
    ],
) -> None:
    """End a session: none of its tokens opens anything from now on."""
    session = session_of(ctx)
    with session.client(None, DEFAULT_LOCATION) as client:
        client.end_session(account, session_id)
    session.say(f"Ended the session {session_id} of {account}.")
