"""`ringback auth login`, `logout` and `list`: logins of the person at the terminal."""

import os
import time
from datetime import UTC, datetime
from typing import Annotated

import jwt
import typer

from ringback_client.cli.login_flows import CLIENT_ID, Flows
from ringback_client.cli.output import write_table
from ringback_client.cli.session import Session, session_of
from ringback_client.connection import Server, find_server
from ringback_client.errors import ClientError, CredentialsError, InvalidInputError
from ringback_client.logins import Login, LoginFile
from ringback_client.oauth import Nothing, TokenAnswer, find_endpoints, send_form


def login(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The URL of the server's HTTP port.",
            show_default="that of the server that runs here",
        ),
    ] = None,
    *,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code instead of opening a browser.")
    ] = False,
) -> None:
    """Log in to the server, so that no key file is needed.

    Somebody with the permission approves it with: ringback auth approve CODE. The login goes on
    for as long as it is used, up to 90 days, and stays in ~/.config/ringback/credentials.json.
    """
    session = session_of(ctx)
    server = _server(session)
    where = url or server.http
    if where is None:
        raise InvalidInputError(
            "The URL of the server's HTTP port is not known.", next_step="Say it with --url URL."
        )
    ca_file, identity = server.ca_file, server.identity
    endpoints = find_endpoints(where, ca_file=ca_file, identity=identity)
    flows = Flows(endpoints=endpoints, ca_file=ca_file, identity=identity, say=_tell)
    answer = (None if device else flows.by_browser()) or flows.by_code()
    made = _login_of(answer, flows)
    LoginFile.of(session.environ).put(server.name, made)
    session.say(f"You are logged in as {made.account}.")


def logout(ctx: typer.Context) -> None:
    """Log out of the server: the login ends there, and is forgotten here."""
    session = session_of(ctx)
    server = _server(session)
    login = LoginFile.of(session.environ).remove(server.name)
    if login is None:
        session.say("You are not logged in.")
        return
    form = {"token": login.refresh_token, "client_id": login.client_id}
    endpoint = login.endpoints.revocation_endpoint
    try:
        send_form(endpoint, form, Nothing, ca_file=server.ca_file, identity=server.identity)
    except ClientError as error:
        raise CredentialsError(
            f"The login is forgotten here, but the server did not hear of it: {error.message}",
            next_step="Somebody with the permission ends it with: ringback auth end-session",
        ) from error
    session.say(f"You are logged out; you were {login.account}.")


def list_(ctx: typer.Context) -> None:
    """List your logins, at this server and at others."""
    session = session_of(ctx)
    logins = LoginFile.of(session.environ).logins()
    if not logins:
        session.say("You are logged in nowhere.")
        return
    write_table(
        [
            {
                "SERVER": name,
                "ACCOUNT": login.account,
                "SINCE": datetime.fromtimestamp(login.login_time, UTC).strftime(
                    "%Y-%m-%dT%H:%M:%SZ"
                ),
            }
            for name, login in sorted(logins.items())
        ]
    )


def give_up(session: Session, server: Server, token: str) -> None:
    """Have a token revoked that a login gave, and get another when one is needed."""
    file = LoginFile.of(session.environ)
    login = file.logins()[server.name]
    form = {"token": token, "client_id": login.client_id}
    endpoint = login.endpoints.revocation_endpoint
    send_form(endpoint, form, Nothing, ca_file=server.ca_file, identity=server.identity)
    file.drop_access_token(server.name, token)


def _server(session: Session) -> Server:
    """Find the server, with no regard to how it is called so far."""
    environ = {**session.environ, "RINGBACK_CREDENTIALS": os.devnull}
    return find_server(environ, session.directory)


def _login_of(answer: TokenAnswer, flows: Flows) -> Login:
    claims = jwt.decode(answer.access_token, options={"verify_signature": False})
    login = Login(
        endpoints=flows.endpoints,
        client_id=CLIENT_ID,
        account=str(claims["sub"]),
        login_time=time.time(),
        refresh_token=answer.refresh_token,
    )
    return login.renewed(answer, time.time())


def _tell(words: str) -> None:
    """Say what the person has to read, also when they asked for quiet."""
    typer.echo(words, err=True)
