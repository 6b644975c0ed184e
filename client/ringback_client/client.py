"""The clients: they deploy workflows, run them, and answer what they wait for.

    with Client() as client:
        client.deploy("hello", Path("hello.yaml").read_text())
        print(client.run("hello", {"name": "Ada"}))

`AsyncClient` is the same with `async with`, `await` and `async for`. Names may be short (`hello`)
or full (`projects/local/locations/us-central1/workflows/hello`). Every method raises a ClientError:
RequestError when the server refuses, ServerNotFoundError when it cannot be reached,
CredentialsError when the credentials cannot be used, InvalidInputError when something cannot be
right whatever the server says. Times are in seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypedDict, Unpack

from ringback_client.authorization import (
    Credentials,
    account_of_server,
    tokens_of,
    tokens_of_server,
)
from ringback_client.blocking import Blocking, blocking, blocking_iterator, finish
from ringback_client.calls import CALL_SECONDS, Calls, Wire
from ringback_client.connection import (
    Endpoint,
    Server,
    find_endpoint,
    find_server,
    open_asyncio_channel,
    open_channel,
    parse_endpoint,
)
from ringback_client.credentials import read_key
from ringback_client.names import DEFAULT_LOCATION, Place
from ringback_client.retries import Retries
from ringback_client.verbs.accounts import AccountVerbs
from ringback_client.verbs.audit import AuditVerbs
from ringback_client.verbs.batches import BatchVerbs
from ringback_client.verbs.callbacks import CallbackVerbs
from ringback_client.verbs.client_secrets import ClientSecretVerbs
from ringback_client.verbs.history import HistoryVerbs
from ringback_client.verbs.iam import IamVerbs
from ringback_client.verbs.logs import LogVerbs
from ringback_client.verbs.sessions import SessionVerbs
from ringback_client.verbs.signatures import SignatureVerbs
from ringback_client.verbs.signing_keys import SigningKeyVerbs
from ringback_client.verbs.workflows import WorkflowVerbs
from ringback_client.wires import AsyncioWire, BlockingWire

# The project of a server that was not told another.
_DEFAULT_PROJECT = "local"


class Options(TypedDict, total=False):
    """How a client calls its server."""

    #: credentials of google-auth, the Path of a key file, a token, or what returns a token; a
    #: server that was found, rather than named, is called with its own key unless told otherwise
    credentials: Credentials
    #: the project of short names; by default that of the credentials, or GOOGLE_CLOUD_PROJECT
    project: str | None
    #: the location of short names, by default us-central1
    location: str
    #: a file of certificates, in PEM, to trust instead of the system's
    ca_file: Path | None
    #: a certificate and its key, in PEM, to show to a server that asks its callers for one
    client_certificate: tuple[Path, Path] | None
    #: how long a call may take, in seconds, with its repetitions; by default 30
    timeout: float
    #: how often and when a call that found no server is made again
    retries: Retries


class Verbs(
    WorkflowVerbs,
    CallbackVerbs,
    LogVerbs,
    AuditVerbs,
    AccountVerbs,
    ClientSecretVerbs,
    SessionVerbs,
    SigningKeyVerbs,
):
    """All that a client can do."""


class AsyncClient(Verbs):
    """Calls one server as one account, from an event loop. Tasks may share it.

    Its methods are those of `Client`, as coroutines and asynchronous iterators.
    """

    def __init__(self, address: str | Server | None = None, **options: Unpack[Options]) -> None:
        """Take a server and options as `Client` does. It connects when it is first used."""
        target = _target(address, options)
        wire = AsyncioWire(lambda: open_asyncio_channel(target.endpoint))
        super().__init__(target.calls(wire), target.place)
        self._batches = BatchVerbs(self._call, target.place)
        self._history = HistoryVerbs(self._call, target.place)
        self._iam = IamVerbs(self._call, target.place)
        self._signatures = SignatureVerbs(self._call, target.place)

    @property
    def batches(self) -> BatchVerbs:
        """The same, many at once."""
        return self._batches

    @property
    def history(self) -> HistoryVerbs:
        """Which steps executions ran."""
        return self._history

    @property
    def iam(self) -> IamVerbs:
        """Who may do what."""
        return self._iam

    @property
    def signatures(self) -> SignatureVerbs:
        """Who may sign callbacks instead of sending a token."""
        return self._signatures

    async def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        await self._call.wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Batches(Blocking[BatchVerbs]):
    """Executes and sends up to 1,000 at once; a call has at most 4 MiB."""

    execute = blocking(BatchVerbs.execute)
    send = blocking(BatchVerbs.send)


class History(Blocking[HistoryVerbs]):
    """Reads and deletes histories."""

    steps = blocking(HistoryVerbs.steps)
    export = blocking(HistoryVerbs.export)
    delete = blocking(HistoryVerbs.delete)


class Iam(Blocking[IamVerbs]):
    """Manages service accounts, their keys, roles, and who has which."""

    create_account = blocking(IamVerbs.create_account)
    accounts = blocking_iterator(IamVerbs.accounts)
    get_account = blocking(IamVerbs.get_account)
    update_account = blocking(IamVerbs.update_account)
    delete_account = blocking(IamVerbs.delete_account)
    enable_account = blocking(IamVerbs.enable_account)
    disable_account = blocking(IamVerbs.disable_account)

    create_key = blocking(IamVerbs.create_key)
    upload_key = blocking(IamVerbs.upload_key)
    keys = blocking(IamVerbs.keys)
    get_key = blocking(IamVerbs.get_key)
    delete_key = blocking(IamVerbs.delete_key)
    enable_key = blocking(IamVerbs.enable_key)
    disable_key = blocking(IamVerbs.disable_key)

    roles = blocking_iterator(IamVerbs.roles)
    get_role = blocking(IamVerbs.get_role)
    create_role = blocking(IamVerbs.create_role)
    update_role = blocking(IamVerbs.update_role)
    delete_role = blocking(IamVerbs.delete_role)

    get_policy = blocking(IamVerbs.get_policy)
    set_policy = blocking(IamVerbs.set_policy)
    add_binding = blocking(IamVerbs.add_binding)
    remove_binding = blocking(IamVerbs.remove_binding)
    test_permissions = blocking(IamVerbs.test_permissions)


class Signatures(Blocking[SignatureVerbs]):
    """Makes, reads, changes and deletes callback signatures."""

    create = blocking(SignatureVerbs.create)
    get = blocking(SignatureVerbs.get)
    list = blocking_iterator(SignatureVerbs.list)
    update = blocking(SignatureVerbs.update)
    add_secret = blocking(SignatureVerbs.add_secret)
    remove_secret = blocking(SignatureVerbs.remove_secret)
    replace_secret = blocking(SignatureVerbs.replace_secret)
    delete = blocking(SignatureVerbs.delete)


class Client(Blocking[Verbs]):
    """Calls one server as one account. Threads may share it."""

    def __init__(self, address: str | Server | None = None, **options: Unpack[Options]) -> None:
        """Take the gRPC address of a server, or find it as the command line does.

        An address is HOST:PORT, with https:// before it for TLS; that is the default for other
        machines. It connects when it is first used. Raises ServerNotFoundError when none is found,
        InvalidInputError when the address is none, CredentialsError when credentials are wrong.
        """
        target = _target(address, options)
        calls = target.calls(BlockingWire(open_channel(target.endpoint)))
        super().__init__(Verbs(calls, target.place))
        self._wire = calls.wire
        self._batches = Batches(BatchVerbs(calls, target.place))
        self._history = History(HistoryVerbs(calls, target.place))
        self._iam = Iam(IamVerbs(calls, target.place))
        self._signatures = Signatures(SignatureVerbs(calls, target.place))

    @property
    def place(self) -> Place:
        """Where short names belong."""
        return self.verbs.place

    @property
    def batches(self) -> Batches:
        """The same, many at once."""
        return self._batches

    @property
    def history(self) -> History:
        """Which steps executions ran."""
        return self._history

    @property
    def iam(self) -> Iam:
        """Who may do what."""
        return self._iam

    @property
    def signatures(self) -> Signatures:
        """Who may sign callbacks instead of sending a token."""
        return self._signatures

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        finish(self._wire.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    deploy = blocking(Verbs.deploy)
    begin_deployment = blocking(Verbs.begin_deployment)
    get_workflow = blocking(Verbs.get_workflow)
    find_workflow = blocking(Verbs.find_workflow)
    list_workflows = blocking_iterator(Verbs.list_workflows)
    list_revisions = blocking_iterator(Verbs.list_revisions)
    delete_workflow = blocking(Verbs.delete_workflow)
    begin_deletion = blocking(Verbs.begin_deletion)

    run = blocking(Verbs.run)
    execute = blocking(Verbs.execute)
    get = blocking(Verbs.get)
    list = blocking_iterator(Verbs.list)
    wait = blocking(Verbs.wait)
    watch = blocking_iterator(Verbs.watch)
    cancel = blocking(Verbs.cancel)

    callbacks = blocking_iterator(Verbs.callbacks)
    send_callback = blocking(Verbs.send_callback)
    wait_for_callback = blocking(Verbs.wait_for_callback)

    logs = blocking_iterator(Verbs.logs)
    audit_entries = blocking_iterator(Verbs.audit_entries)

    generate_access_token = blocking(Verbs.generate_access_token)
    generate_id_token = blocking(Verbs.generate_id_token)
    sign_blob = blocking(Verbs.sign_blob)
    sign_jwt = blocking(Verbs.sign_jwt)

    list_signing_keys = blocking(Verbs.list_signing_keys)
    rotate_signing_key = blocking(Verbs.rotate_signing_key)
    revoke_signing_key = blocking(Verbs.revoke_signing_key)

    create_client_secret = blocking(Verbs.create_client_secret)
    client_secrets = blocking(Verbs.client_secrets)
    delete_client_secret = blocking(Verbs.delete_client_secret)

    approve_login = blocking(Verbs.approve_login)
    sessions = blocking_iterator(Verbs.sessions)
    end_session = blocking(Verbs.end_session)
    revoke_token = blocking(Verbs.revoke_token)
    revoke_token_id = blocking(Verbs.revoke_token_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where a client is to call, and as whom."""

    endpoint: Endpoint
    place: Place
    calls: Callable[[Wire], Calls]


def _target(address: str | Server | None, options: Options) -> _Target:
    credentials = options.get("credentials")
    endpoint = _endpoint(address, options)
    if isinstance(endpoint, Server) and "credentials" not in options:
        tokens = tokens_of_server(endpoint)
        project = options.get("project") or account_of_server(endpoint)[1]
    else:
        tokens = tokens_of(credentials, endpoint)
        project = options.get("project") or _project(credentials)
    return _Target(
        endpoint=endpoint,
        place=Place(project=project, location=options.get("location", DEFAULT_LOCATION)),
        calls=lambda wire: Calls(
            wire=wire,
            tokens=tokens,
            address=endpoint.address,
            timeout=options.get("timeout", CALL_SECONDS),
            retries=options.get("retries", Retries()),
        ),
    )


def _endpoint(address: str | Server | None, options: Options) -> Endpoint:
    """Return where the server is; whoever brings no credentials needs the server's key."""
    if isinstance(address, Server):
        return address
    ca_file, identity = options.get("ca_file"), options.get("client_certificate")
    if address is not None:
        return parse_endpoint(address, "The address", ca_file, identity)
    find = find_endpoint if "credentials" in options else find_server
    found = find(os.environ, Path.cwd())
    return replace(found, ca_file=ca_file or found.ca_file, identity=identity or found.identity)


def _project(credentials: Credentials) -> str:
    if isinstance(credentials, Path):
        return read_key(credentials).project_id
    named = getattr(credentials, "project_id", None)
    return str(named or os.environ.get("GOOGLE_CLOUD_PROJECT") or _DEFAULT_PROJECT)
