"""`ringback auth`."""

import typer

from ringback_client.cli.session import session_of
from ringback_client.credentials import AccessTokens, read_key

app = typer.Typer(help="Credentials for other programs.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Credentials for other programs."""


@app.command()
def print_access_token(ctx: typer.Context) -> None:
    """Print an access token, such as curl needs in `Authorization: Bearer TOKEN`."""
    server = session_of(ctx).server()
    typer.echo(AccessTokens(read_key(server.key_file), ca_file=server.ca_file).get())
