"""`ringback callbacks signatures`: senders that sign callbacks instead of sending a token."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ringback.v1.callback_signatures_pb2 import CallbackSignature, HmacRules
from ringback_client.cli.formats import Format
from ringback_client.cli.options import (
    Location,
    Project,
    ResultFormat,
    TableFormat,
    read_file,
)
from ringback_client.cli.output import moment, write_document, write_list
from ringback_client.cli.session import session_of
from ringback_client.names import DEFAULT_LOCATION, last_segment


class Scheme(StrEnum):
    """Who defines how callbacks are signed."""

    STANDARD_WEBHOOKS = "standard-webhooks"
    GITHUB = "github"
    STRIPE = "stripe"
    SLACK = "slack"
    HMAC = "hmac"


class Algorithm(StrEnum):
    """The hash function of an HMAC."""

    SHA256 = "sha256"
    SHA512 = "sha512"


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"


WorkflowName = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow.")]
SignatureId = Annotated[str, typer.Argument(metavar="ID", help="The signature's id.")]
SecretFile = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="The secret, on one line; - reads it from standard input.",
        show_default=False,
    ),
]
_OF_HMAC = "With --scheme hmac: "
SignedContent = Annotated[
    str,
    typer.Option(
        metavar="TEMPLATE",
        help=f"{_OF_HMAC}what is signed, such as {{timestamp}}.{{body}}.",
        show_default=False,
    ),
]

app = typer.Typer(
    help="Let senders sign callbacks instead of sending a token.", no_args_is_help=True
)


@app.command()
def create(
    ctx: typer.Context,
    workflow: WorkflowName,
    *,
    scheme: Annotated[Scheme, typer.Option(help="Who defines how callbacks are signed.")],
    secret_file: SecretFile,
    signature_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="Its id.", show_default="the scheme")
    ] = "",
    disabled: Annotated[bool, typer.Option("--disabled", help="Take nothing for now.")] = False,
    header: Annotated[
        str, typer.Option(metavar="NAME", help=f"{_OF_HMAC}the header with the signature.")
    ] = "",
    algorithm: Annotated[
        Algorithm, typer.Option(help=f"{_OF_HMAC}the hash function.")
    ] = Algorithm.SHA256,
    encoding: Annotated[
        Encoding, typer.Option(help=f"{_OF_HMAC}how the signature is written.")
    ] = Encoding.HEX,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help=f"{_OF_HMAC}what comes before it, as sha256=.")
    ] = "",
    timestamp_header: Annotated[
        str, typer.Option(metavar="NAME", help=f"{_OF_HMAC}the header with the time, in seconds.")
    ] = "",
    id_header: Annotated[
        str, typer.Option(metavar="NAME", help=f"{_OF_HMAC}the header with the message's id.")
    ] = "",
    signed_content: SignedContent = "",
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Let senders that know a secret send callbacks to a workflow's executions."""
    rules = HmacRules(
        header=header,
        algorithm=HmacRules.Algorithm.Value(algorithm.name),
        encoding=HmacRules.Encoding.Value(encoding.name),
        prefix=prefix,
        timestamp_header=timestamp_header,
        id_header=id_header,
        signed_content=signed_content,
    )
    if (scheme is Scheme.HMAC) != bool(header):
        raise typer.BadParameter("goes with --scheme hmac, which needs it", param_hint="--header")
    secret = _secret(secret_file, "--secret-file")
    with session_of(ctx).client(project, location) as client:
        created = client.signatures.create(
            workflow,
            signature_id or scheme.value,
            CallbackSignature.Scheme.Value(scheme.name),
            [secret],
            hmac=rules if scheme is Scheme.HMAC else None,
            disabled=disabled,
        )
    _write(created, form)


@app.command("list")
def list_(
    ctx: typer.Context,
    workflow: WorkflowName,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """List the callback signatures of a workflow."""
    with session_of(ctx).client(project, location) as client:
        found = list(client.signatures.list(workflow))
    rows = [_row(signature) for signature in found]
    write_list(found, rows, form, empty=f"{workflow} takes no signatures: senders need a token.")


@app.command()
def describe(
    ctx: typer.Context,
    workflow: WorkflowName,
    signature_id: SignatureId,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print all about a callback signature; of its secrets, the fingerprints."""
    with session_of(ctx).client(project, location) as client:
        write_document(client.signatures.get(workflow, signature_id), form)


@app.command()
def update(
    ctx: typer.Context,
    workflow: WorkflowName,
    signature_id: SignatureId,
    *,
    add_secret_file: SecretFile = "",
    remove_secret: Annotated[
        str,
        typer.Option(metavar="FINGERPRINT", help="The secret that counts no longer."),
    ] = "",
    disabled: Annotated[
        bool | None,
        typer.Option(
            "--disable/--enable", help="Take nothing for now, or again.", show_default=False
        ),
    ] = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
) -> None:
    """Add a secret that is to replace another, remove one, or disable a signature.

    To change a secret: add the new one, have the sender use it, and remove the old one. Adding and
    removing at once leaves no time in which both count.
    """
    if not add_secret_file and not remove_secret and disabled is None:
        raise typer.BadParameter(
            "say what to change: --add-secret-file, --remove-secret, --disable or --enable"
        )
    secret = _secret(add_secret_file, "--add-secret-file") if add_secret_file else ""
    with session_of(ctx).client(project, location) as client:
        if remove_secret and secret:
            client.signatures.replace_secret(workflow, signature_id, remove_secret, secret)
        elif remove_secret:
            client.signatures.remove_secret(workflow, signature_id, remove_secret)
        elif secret:
            client.signatures.add_secret(workflow, signature_id, secret)
        if disabled is not None:
            client.signatures.update(workflow, signature_id, disabled=disabled)
        _write(client.signatures.get(workflow, signature_id), form)


@app.command()
def delete(
    ctx: typer.Context,
    workflow: WorkflowName,
    signature_id: SignatureId,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
) -> None:
    """Delete a callback signature with its secrets."""
    session = session_of(ctx)
    with session.client(project, location) as client:
        client.signatures.delete(workflow, signature_id)
    session.say(f"Deleted {signature_id}.")


def _secret(path: str, option: str) -> str:
    """Return a secret from a file or standard input, without the end of its line."""
    text = sys.stdin.read() if path == "-" else read_file(Path(path), option)
    secret = text.rstrip("\r\n")
    if not secret:
        raise typer.BadParameter("there is no secret in it", param_hint=option)
    return secret


def _write(signature: CallbackSignature, form: Format) -> None:
    write_list([signature], [_row(signature)], form, empty="")


def _row(signature: CallbackSignature) -> dict[str, str]:
    scheme = CallbackSignature.Scheme.Name(signature.scheme).lower().replace("_", "-")
    return {
        "ID": last_segment(signature.name),
        "SCHEME": scheme,
        "STATE": "disabled" if signature.disabled else "enabled",
        "SECRETS": ", ".join(secret.fingerprint for secret in signature.secrets),
        "UPDATED": moment(signature.update_time),
    }
