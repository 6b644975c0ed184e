"""`ringback auth keys`."""

from typing import Annotated

import typer

from ringback.v1.signing_keys_pb2 import SigningKey
from ringback_client.cli.durations import parse_duration
from ringback_client.cli.formats import Format
from ringback_client.cli.options import TableFormat
from ringback_client.cli.output import moment, say, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION

_DASH = "-"

app = typer.Typer(help="The keys that sign the server's tokens.", no_args_is_help=True)


@app.command("list")
def list_(ctx: typer.Context, form: TableFormat = Format.TABLE) -> None:
    """List the keys that sign the server's tokens, or did, newest first."""
    with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
        found = client.list_signing_keys()
    rows = [
        {
            "KID": _kid(key),
            "ALGORITHM": key.algorithm,
            "STATE": SigningKey.State.Name(key.state),
            "CREATED": moment(key.create_time),
            "RETIRES": moment(key.retire_time) if key.HasField("retire_time") else _DASH,
        }
        for key in found
    ]
    write_list(found, rows, form, empty="There are no keys.")


@app.command()
def rotate(
    ctx: typer.Context,
    algorithm: Annotated[
        str,
        typer.Option(
            metavar="ALGORITHM",
            help="ES256, RS256 or EdDSA; by default that of the present key.",
            show_default=False,
        ),
    ] = "",
    overlap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long what the present key signed stays valid, such as 12h; by default until "
            "it expires.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Have a new key sign, and print its kid.

    The key before signs no longer: its private half is destroyed.
    """
    span = None if overlap is None else parse_duration(overlap, "--overlap").total_seconds()
    with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
        key = client.rotate_signing_key(algorithm, overlap=span)
    typer.echo(_kid(key))
    say(f"It signs with {key.algorithm} from now on.")


@app.command()
def revoke(
    ctx: typer.Context,
    kid: Annotated[str, typer.Argument(metavar="KID", help="The key, as list shows it.")],
) -> None:
    """End a key, and with it all tokens that it signed, at once.

    For a key that others may have. If it is the one that signs, a new one does from then on.
    """
    with session_of(ctx).client(None, DEFAULT_LOCATION) as client:
        client.revoke_signing_key(kid)
    say("What it signed is not valid any more. Callers need new tokens.")


def _kid(key: SigningKey) -> str:
    return key.name.rpartition("/")[2]
