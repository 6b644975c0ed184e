"""The store of one instance, opened from its data dir."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ringback_server.store.audit import AuditEntries
from ringback_server.store.callback_signatures import CallbackSignatures
from ringback_server.store.callbacks import Callbacks
from ringback_server.store.census import Census
from ringback_server.store.children import Children
from ringback_server.store.client_secrets import ClientSecrets
from ringback_server.store.credentials import Credentials
from ringback_server.store.data_dir import DataDir
from ringback_server.store.database import Database
from ringback_server.store.executions import Executions
from ringback_server.store.expiry import Expiry
from ringback_server.store.histories import Histories
from ringback_server.store.instance import Instance
from ringback_server.store.logins import Logins
from ringback_server.store.logs import Logs
from ringback_server.store.managed_keys import ManagedKeys
from ringback_server.store.observer import StoreObserver
from ringback_server.store.sealed import Sealed
from ringback_server.store.sessions import Sessions
from ringback_server.store.sights import Sights
from ringback_server.store.signing_keys import SigningKeys
from ringback_server.store.sqlite import SqliteDatabase
from ringback_server.store.workflows import Workflows


@dataclass(frozen=True, slots=True)
class Store:
    """All that is remembered, by what it is about. Each method is one transaction."""

    workflows: Workflows
    executions: Executions
    children: Children
    callbacks: Callbacks
    callback_signatures: CallbackSignatures
    logs: Logs
    sights: Sights
    histories: Histories
    credentials: Credentials
    signing_keys: SigningKeys
    managed_keys: ManagedKeys
    sealed: Sealed
    client_secrets: ClientSecrets
    logins: Logins
    sessions: Sessions
    instance: Instance
    audit: AuditEntries
    expiry: Expiry
    census: Census
    database: Database
    data_dir: DataDir

    def close(self) -> None:
        """Finish what is queued, close the database, unlock the data dir; may be called twice."""
        self.database.close()
        self.data_dir.close()


def open_store(
    directory: Path,
    *,
    on_failure: Callable[[], None] = lambda: None,
    observer: StoreObserver | None = None,
) -> Store:
    """Open the store in a data dir, made if it is missing.

    `on_failure` is called once, on another thread, when nothing can be stored until the store is
    opened again; `observer` hears of each commit. Raise StartError if it is in use, unreadable,
    not ours or of a newer schema.
    """
    data_dir = DataDir(directory)
    try:
        database = SqliteDatabase(data_dir.database, on_failure=on_failure, observer=observer)
    except BaseException:
        data_dir.close()
        raise
    return store_over(database, data_dir)


def store_over(database: Database, data_dir: DataDir) -> Store:
    """Return the store that a database holds."""
    credentials = Credentials(database)
    return Store(
        workflows=Workflows(database),
        executions=Executions(database),
        children=Children(database),
        callbacks=Callbacks(database),
        callback_signatures=CallbackSignatures(database),
        logs=Logs(database),
        sights=Sights(database),
        histories=Histories(database),
        signing_keys=SigningKeys(database),
        managed_keys=ManagedKeys(database),
        sealed=Sealed(database),
        credentials=credentials,
        client_secrets=ClientSecrets(database),
        logins=Logins(database),
        sessions=Sessions(database, credentials.forget),
        instance=Instance(database),
        audit=AuditEntries(database),
        expiry=Expiry(database),
        census=Census(database, data_dir.database),
        database=database,
        data_dir=data_dir,
    )
