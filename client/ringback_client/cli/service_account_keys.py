"""`ringback iam service-accounts keys`."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ringback.v1.iam_pb2 import ServiceAccountKey, ServiceAccountKeyOrigin
from ringback_client.cli.formats import Format
from ringback_client.cli.options import Project, ResultFormat, TableFormat
from ringback_client.cli.output import moment, write_document, write_list
from ringback_client.cli.session import session_of
from ringback_client.errors import InvalidInputError
from ringback_client.names import DEFAULT_LOCATION, last_segment
from ringback_client.verbs.service_accounts import KeyAlgorithm

#: for nobody but the owner: who reads the file acts as the account
_OWN = 0o600


class _Algorithm(StrEnum):
    """Kinds of keys."""

    RSA2048 = "rsa2048"
    RSA4096 = "rsa4096"
    EC_P256 = "ec-p256"


_KINDS: dict[_Algorithm, KeyAlgorithm] = {
    _Algorithm.RSA2048: "rsa2048",
    _Algorithm.RSA4096: "rsa4096",
    _Algorithm.EC_P256: "ec-p256",
}

OfAccount = Annotated[
    str,
    typer.Option(
        "--iam-account",
        metavar="ACCOUNT",
        help="The account's address, or what that begins with, of the project's accounts.",
    ),
]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")]

app = typer.Typer(help="Keys, with which programs prove who they are.", no_args_is_help=True)


@app.command()
def create(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The key file to write, which must not be there yet."),
    ],
    iam_account: OfAccount,
    project: Project = None,
    *,
    key_algorithm: Annotated[
        _Algorithm,
        typer.Option(help="The kind of key; Google's libraries sign with RSA alone."),
    ] = _Algorithm.RSA2048,
) -> None:
    """Make a key, and write its key file, which nobody but you can read.

    The file is the only copy. It is what RINGBACK_CREDENTIALS and Google's libraries take.
    """
    session = session_of(ctx)
    # The file first, so that no key is made that nobody has.
    with session.client(project, DEFAULT_LOCATION) as client, _new_file(file) as output:
        try:
            made = client.iam.create_key(iam_account, algorithm=_KINDS[key_algorithm])
            output.write(made.private_key_data)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    session.say(f"Created key {last_segment(made.name)} of {iam_account} as {file}.")


@app.command("list")
def list_(
    ctx: typer.Context,
    iam_account: OfAccount,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """List the keys of a service account, oldest first."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        found = list(client.iam.keys(iam_account))
    write_list(found, [_row(key) for key in found], form, empty=f"{iam_account} has no keys.")


@app.command()
def upload(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A public key or a certificate, in PEM.", show_default=False
        ),
    ],
    iam_account: OfAccount,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Register a key whose private half never leaves its owner."""
    data = read_public_key(file)
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        write_document(client.iam.upload_key(iam_account, data), form)


@app.command()
def describe(
    ctx: typer.Context,
    key: Key,
    iam_account: OfAccount,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print all about a key, with its public half."""
    with session_of(ctx).client(project, DEFAULT_LOCATION) as client:
        write_document(client.iam.get_key(iam_account, key), form)


@app.command()
def delete(ctx: typer.Context, key: Key, iam_account: OfAccount, project: Project = None) -> None:
    """Delete a key: what it signed opens nothing from now on.

    A person at a terminal is asked first, but for --quiet.
    """
    session = session_of(ctx)
    session.confirm(f"Delete key {last_segment(key)} of {iam_account}?", "Nothing was deleted.")
    with session.client(project, DEFAULT_LOCATION) as client:
        client.iam.delete_key(iam_account, key)
    session.say(f"Deleted key {last_segment(key)}.")


@app.command()
def enable(ctx: typer.Context, key: Key, iam_account: OfAccount, project: Project = None) -> None:
    """Make a disabled key count again."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        client.iam.enable_key(iam_account, key)
    session.say(f"Enabled key {last_segment(key)}.")


@app.command()
def disable(ctx: typer.Context, key: Key, iam_account: OfAccount, project: Project = None) -> None:
    """Disable a key: what it signed opens nothing from now on."""
    session = session_of(ctx)
    with session.client(project, DEFAULT_LOCATION) as client:
        client.iam.disable_key(iam_account, key)
    session.say(f"Disabled key {last_segment(key)}.")


def read_public_key(file: Path) -> bytes:
    """Return a public key in PEM; raises InvalidInputError, also for a private one."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from error
    if b"PRIVATE KEY" in data:
        raise InvalidInputError(
            f"{file} holds a private key, which was not sent.",
            next_step=f"Write the public half of it: openssl pkey -in {file} -pubout",
        )
    return data


def _new_file(file: Path) -> BinaryIO:
    """Open a file that was not there, for its owner alone."""
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWN), "wb")
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be written: {error.strerror}.",
            next_step="Name a file that is not there yet: keys are never overwritten.",
        ) from error


def _row(key: ServiceAccountKey) -> dict[str, str]:
    uploaded = key.key_origin == ServiceAccountKeyOrigin.USER_PROVIDED
    return {
        "KEY_ID": last_segment(key.name),
        "CREATED_AT": moment(key.valid_after_time),
        "EXPIRES_AT": moment(key.valid_before_time),
        "DISABLED": str(key.disabled),
        "ORIGIN": "uploaded" if uploaded else "made here",
    }
