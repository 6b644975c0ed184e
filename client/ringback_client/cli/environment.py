"""`ringback env`: the variables that lead other programs to the running server."""

import shlex
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ringback_client.cli.session import Session, session_of
from ringback_client.connection import Server, find_server
from ringback_client.credentials import Key, read_key
from ringback_client.errors import ServerNotFoundError

# What leads this command line to a server; `env` looks for the running one before it heeds them.
_OURS = ("RINGBACK_ADDRESS", "RINGBACK_CREDENTIALS", "RINGBACK_CA_FILE")
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"


class Language(StrEnum):
    """What the programs are written in."""

    SHELL = "shell"
    PYTHON = "python"
    NODE = "node"
    GO = "go"
    JAVA = "java"


#: where the libraries of a language look for certificates to trust
_TRUST = {
    Language.SHELL: ("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",),
    Language.PYTHON: ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE"),
    Language.NODE: ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "NODE_EXTRA_CA_CERTS"),
    Language.GO: ("SSL_CERT_FILE",),
    Language.JAVA: (),
}
#: what gcloud's HTTP library heeds before gcloud's own setting
_BEFORE_GCLOUD = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def env(
    ctx: typer.Context,
    *,
    language: Annotated[
        Language, typer.Option(help="What the programs are written in; shell: curl and gcloud.")
    ] = Language.SHELL,
) -> None:
    """Print what leads other programs to the server: eval "$(ringback env)".

    The server is the one that runs; one that RINGBACK_ADDRESS names comes second.
    """
    session = session_of(ctx)
    server = _server(session)
    key = read_key(server.key_file)
    found = _variables(server, key, language)
    for name, value in found.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    for name in sorted(_stale(server, session.environ) - set(found)):
        typer.echo(f"unset {name}")
    for words in _advice(server, language, session):
        session.say(words)


def _server(session: Session) -> Server:
    """Find the running server; what an earlier `env` of another one left behind is no hint."""
    rest = {name: value for name, value in session.environ.items() if name not in _OURS}
    try:
        server = find_server(rest, session.directory)
    except ServerNotFoundError:
        return session.server()
    session.say(f"Using the server at {server.address} ({server.found}).")
    return server


def _variables(server: Server, key: Key, language: Language) -> Mapping[str, str]:
    key_file = str(server.key_file.resolve())
    url = server.http or key.token_uri.removesuffix("/token")
    found = {
        "RINGBACK_ADDRESS": f"{'https' if server.tls else 'http'}://{server.address}",
        "RINGBACK_CREDENTIALS": key_file,
        "GOOGLE_CLOUD_PROJECT": key.project_id,
    }
    if server.metadata:
        found |= dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP"), server.metadata)
    else:
        found[_KEY_FILE] = key_file
    if language is Language.SHELL:
        found["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS"] = f"{url}/"
        found["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWEXECUTIONS"] = f"{url}/"
    if server.ca_file:
        ca_file = str(server.ca_file.resolve())
        found |= dict.fromkeys(("RINGBACK_CA_FILE", *_TRUST[language]), ca_file)
    return found


def _stale(server: Server, environ: Mapping[str, str]) -> set[str]:
    """Name the variables that hold no longer, or keep libraries from the metadata server."""
    before = environ.get("RINGBACK_CA_FILE")
    stale = {name for names in _TRUST.values() for name in names if environ.get(name) == before}
    stale |= {_KEY_FILE} if server.metadata else set[str]()
    return {name for name in (*stale, "RINGBACK_CA_FILE") if name in environ}


def _advice(server: Server, language: Language, session: Session) -> Iterator[str]:
    gcloud = _gcloud_credentials(session.environ)
    if server.metadata and gcloud.exists():
        yield (
            f"Google's libraries prefer your own credentials in {gcloud} to the metadata server; "
            "set CLOUDSDK_CONFIG to an empty directory to keep them away."
        )
    if language is Language.NODE and not server.metadata:
        yield (
            "GoogleAuth.getAccessToken() sends a key file's assertions to Google, whatever its "
            "token_uri says; start the server with --metadata-address to keep them here."
        )
    if not server.ca_file:
        return
    if language is Language.JAVA:
        yield (
            f"Java trusts a store: keytool -importcert -noprompt -alias ringback -file "
            f"{shlex.quote(str(server.ca_file.resolve()))} -keystore ringback.p12 "
            "-storepass changeit, then java -Djavax.net.ssl.trustStore=ringback.p12 "
            "-Djavax.net.ssl.trustStorePassword=changeit"
        )
    first = [name for name in _BEFORE_GCLOUD if session.environ.get(name)]
    if language is Language.SHELL and first:
        yield f"gcloud trusts what {' and '.join(first)} say and nothing else: unset them for it."
    if language in {Language.PYTHON, Language.GO}:
        yield "Programs with these variables trust this server's certificates and no others."


def _gcloud_credentials(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME") or Path.home())
    config = environ.get("CLOUDSDK_CONFIG") or home / ".config" / "gcloud"
    return Path(config) / "application_default_credentials.json"
