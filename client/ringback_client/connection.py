"""Finding the server: which one is meant, where it listens, and with which key to call it."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import grpc.aio
import msgspec

from ringback_client.errors import CredentialsError, InvalidInputError, ServerNotFoundError
from ringback_client.fetching import Identity
from ringback_client.logins import LoginFile

DATA_DIR = Path("ringback-data")
KEY_NAME = "admin.json"
RECORD_NAME = "server.json"

# No proxy and no look-up of settings in DNS: a call reaches the server or nobody.
# Views of executions with a large result or error are beyond the 4 MiB that gRPC takes by default.
# A server that restarts is found again within seconds (gRPC would look ever less often, up to 2
# minutes), and one that is gone while a call waits is noticed within 1.5 minutes.
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server is called."""

    #: host and port of its gRPC address
    address: str
    tls: bool
    #: certificates to trust instead of the system's
    ca_file: Path | None = None
    #: a certificate to show, and its key, to a server that asks its callers for one
    identity: Identity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Endpoint):
    """A server that can be called as somebody."""

    #: the key file of the account to call it as
    key_file: Path
    #: the URL of its HTTP port, if that is known
    http: str | None = None
    #: host and port of its metadata server, if that is known to run
    metadata: str | None = None
    #: how it was found, for people
    found: str
    #: what a login at it is stored under
    name: str = ""
    #: whether it is called with such a login, and not with the key file
    logged_in: bool = False


class _Record(msgspec.Struct, frozen=True):
    """What a server writes down about itself once it listens."""

    grpc: str
    http: str
    pid: int
    data_dir: str | None = None
    ca: str | None = None
    metadata: str | None = None


def find_server(environ: Mapping[str, str], directory: Path) -> Server:
    """Return the server that is meant by someone who works in `directory`.

    That is the one RINGBACK_ADDRESS names; else the one whose data directory is ./ringback-data;
    else, of this user's that run, the one that was started last. It is called with the key file
    that RINGBACK_CREDENTIALS names, or else with a login of this user's, or else with the key file
    in its data directory. Raises ServerNotFoundError when none
    of them is running, CredentialsError or InvalidInputError when a variable is missing or wrong.
    """
    if address := environ.get("RINGBACK_ADDRESS"):
        return _from_environment(address, environ)
    return _recorded(environ, directory)


def find_endpoint(environ: Mapping[str, str], directory: Path) -> Endpoint:
    """Return the server that `find_server` does, to somebody who has credentials already."""
    if address := environ.get("RINGBACK_ADDRESS"):
        trust = _ca_file(environ), identity_of(environ)
        return parse_endpoint(address, "RINGBACK_ADDRESS", *trust)
    return _recorded(environ, directory)


def _recorded(environ: Mapping[str, str], directory: Path) -> Server:
    missed: dict[int, str] = {}
    places = (
        (f"./{DATA_DIR}", directory / DATA_DIR / RECORD_NAME),
        ("the server started last", state_file(environ)),
        *(("the running server started last", path) for path in _running(environ)),
    )
    for found, path in places:
        record = _read_record(path)
        if record is None:
            continue
        if _lives(record.pid):
            return _from_record(record, path, found, environ)
        ended = f" The one in {path} (process {record.pid}) has ended."
        missed.setdefault(record.pid, ended)
    raise ServerNotFoundError(
        f"No running server was found.{''.join(missed.values())}",
        next_step=(
            "Start one with: ringback serve, or set RINGBACK_ADDRESS (its gRPC address) and "
            "RINGBACK_CREDENTIALS (a key file)."
        ),
    )


def server_in(data_dir: Path, environ: Mapping[str, str], found: str) -> Server | None:
    """Return the server that runs with a data directory, None if none does.

    `found` says for people how it was found.
    """
    path = data_dir / RECORD_NAME
    record = _read_record(path)
    if record is None or not _lives(record.pid):
        return None
    return _from_record(record, path, found, environ)


def open_channel(endpoint: Endpoint) -> grpc.Channel:
    """Make a channel to a server; it connects when it is first used.

    Raises CredentialsError when the certificates to trust cannot be read.
    """
    credentials = _channel_credentials(endpoint)
    if credentials is None:
        return grpc.insecure_channel(endpoint.address, options=_CHANNEL_OPTIONS)
    return grpc.secure_channel(endpoint.address, credentials, options=_CHANNEL_OPTIONS)


def open_asyncio_channel(endpoint: Endpoint) -> grpc.aio.Channel:
    """Make a channel as `open_channel` does, for the event loop that runs."""
    credentials = _channel_credentials(endpoint)
    if credentials is None:
        return grpc.aio.insecure_channel(endpoint.address, options=_CHANNEL_OPTIONS)
    return grpc.aio.secure_channel(endpoint.address, credentials, options=_CHANNEL_OPTIONS)


def _channel_credentials(endpoint: Endpoint) -> grpc.ChannelCredentials | None:
    if not endpoint.tls:
        return None
    roots = _read_pem(endpoint.ca_file, "RINGBACK_CA_FILE") if endpoint.ca_file else None
    if endpoint.identity is None:
        return grpc.ssl_channel_credentials(root_certificates=roots)
    certificate, key = endpoint.identity
    return grpc.ssl_channel_credentials(
        root_certificates=roots,
        private_key=_read_pem(key, "RINGBACK_CLIENT_KEY"),
        certificate_chain=_read_pem(certificate, "RINGBACK_CLIENT_CERT"),
    )


def _read_pem(path: Path, variable: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(
            f"Cannot read the certificates in {path}: {reason}.",
            next_step=f"Set {variable} to a file in PEM.",
        ) from error


def state_file(environ: Mapping[str, str]) -> Path:
    """Return where a server records itself for this user."""
    state = environ.get("XDG_STATE_HOME")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(state) if state else home / ".local" / "state") / "ringback" / RECORD_NAME


def _running(environ: Mapping[str, str]) -> list[Path]:
    """Return the records of this user's servers that did not withdraw, the newest first."""
    started: list[tuple[int, Path]] = []
    for path in (state_file(environ).parent / "servers").glob("*.json"):
        with suppress(OSError):  # it has just ended
            started.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(started, reverse=True)]


def _from_environment(text: str, environ: Mapping[str, str]) -> Server:
    key_file = environ.get("RINGBACK_CREDENTIALS")
    trust = _ca_file(environ), identity_of(environ)
    endpoint = parse_endpoint(text, "RINGBACK_ADDRESS", *trust)
    logged_in = not key_file and _logged_in(environ, endpoint.address)
    if not key_file and not logged_in:
        raise CredentialsError(
            "RINGBACK_ADDRESS is set, but RINGBACK_CREDENTIALS is not.",
            next_step=f"Set it to a key file, such as {KEY_NAME} in the server's data directory, "
            "or log in with: ringback auth login --url URL",
        )
    return Server(
        address=endpoint.address,
        tls=endpoint.tls,
        key_file=Path(key_file or os.devnull),
        ca_file=endpoint.ca_file,
        identity=endpoint.identity,
        found="RINGBACK_ADDRESS",
        name=endpoint.address,
        logged_in=logged_in,
    )


def _from_record(record: _Record, path: Path, found: str, environ: Mapping[str, str]) -> Server:
    data_dir = Path(record.data_dir) if record.data_dir else path.parent
    name, key_file = str(data_dir.resolve()), environ.get("RINGBACK_CREDENTIALS")
    return Server(
        address=record.grpc,
        tls=record.http.startswith("https://"),
        key_file=Path(key_file or data_dir / KEY_NAME),
        ca_file=_ca_file(environ) or (Path(record.ca) if record.ca else None),
        identity=identity_of(environ),
        http=record.http,
        metadata=record.metadata,
        found=found,
        name=name,
        logged_in=not key_file and _logged_in(environ, name),
    )


def _logged_in(environ: Mapping[str, str], name: str) -> bool:
    return name in LoginFile.of(environ).logins()


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    path = environ.get("RINGBACK_CA_FILE")
    return Path(path) if path else None


def identity_of(environ: Mapping[str, str]) -> Identity | None:
    """Return the certificate to show and its key, None if there is none; raise CredentialsError."""
    certificate, key = (environ.get(f"RINGBACK_CLIENT_{part}") for part in ("CERT", "KEY"))
    if bool(certificate) is not bool(key):
        raise CredentialsError(
            "RINGBACK_CLIENT_CERT and RINGBACK_CLIENT_KEY go together.",
            next_step="Set both, to a certificate and its key in PEM, or neither.",
        )
    return (Path(certificate), Path(key)) if certificate and key else None


def parse_endpoint(
    text: str, what: str, ca_file: Path | None, identity: Identity | None
) -> Endpoint:
    """Read a gRPC address, or raise InvalidInputError, which calls it `what`.

    An address without http:// or https:// is called in plain text on this machine only, so that no
    token crosses a network unencrypted unless somebody asked for it.
    """
    invalid = InvalidInputError(
        f"{what} is {text!r}, which is not an address.",
        next_step="Write HOST:PORT of the gRPC address, with https:// before it for TLS.",
    )
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise invalid from error
    if not host or not port or parts.scheme not in ("", "http", "https"):
        raise invalid
    tls = parts.scheme == "https" or (not parts.scheme and not _is_loopback(host))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Endpoint(address=address, tls=tls, ca_file=ca_file, identity=identity)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _read_record(path: Path) -> _Record | None:
    """Return a server's record, or None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # it is somebody else's
    except (ProcessLookupError, OverflowError):
        return False
    return True
