"""Who this server is and whom it lets in: accounts, keys and tokens, joined for one server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from ringback_server.api.admission import Authenticator
from ringback_server.auth import seal_keys
from ringback_server.auth.access import Access
from ringback_server.auth.bootstrap import first_start, make_accounts
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import ExternalTokens, IssuerKeys
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.issuer_file import read_issuers
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.managed_keys import ManagedKeys
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.server import AuthorizationServer
from ringback_server.auth.open_door import OpenDoor
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.tokens import Authenticator as TokenAuthenticator
from ringback_server.auth.webhooks.senders import Senders
from ringback_server.clock import Clock
from ringback_server.errors import StartError
from ringback_server.model.account_emails import account_email
from ringback_server.settings import Settings
from ringback_server.store import Store

#: the project that a first start makes its accounts in
PROJECT = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """What tells callers apart and decides what each may do."""

    settings: Settings
    store: Store
    clock: Clock
    issuer: Issuer
    access: Access
    approval: Approval
    sealer: Sealer
    keys: KeyRing
    managed_keys: ManagedKeys
    #: other issuers whose tokens are taken
    external: tuple[ExternalIssuer, ...] = ()

    @classmethod
    def of(cls, settings: Settings, store: Store, clock: Clock, *, http: str) -> FrontDoor:
        """See to accounts and keys, as each start does; `http` is the URL of the HTTP port.

        Raises StartError for a setting that will not do, OSError if a key file cannot be written.
        """
        sealer = seal_keys.sealer(
            store.instance,
            key_file=settings.seal_key_file,
            passphrase_file=settings.seal_passphrase_file,
            old_key_file=settings.seal_old_key_file,
            old_passphrase_file=settings.seal_old_passphrase_file,
        )
        # Whatever was stored plain, or with an old key, before anything is read.
        store.sealed.renew(sealer.renew)
        keys = KeyRing(store.signing_keys, sealer, clock)
        keys.begin()
        first_start(
            store.credentials,
            keys,
            settings.data_dir / "admin.json",
            project=PROJECT,
            token_uri=f"{http}/token",
            now=clock.now(),
        )
        make_accounts(store.credentials, settings.service_accounts, now=clock.now())
        issuer = Issuer(
            store.credentials,
            keys,
            clock,
            instance_id=_instance_id(store),
            public_url=settings.public_url,
        )
        access = Access(store.credentials, clock)
        return cls(
            settings=settings,
            store=store,
            clock=clock,
            issuer=issuer,
            access=access,
            approval=Approval(store.logins, clock),
            sealer=sealer,
            keys=keys,
            managed_keys=ManagedKeys(store.managed_keys, sealer, clock),
            external=_external(settings, issuer.iss, http),
        )

    def senders(self) -> Senders:
        """Return who knows the senders of signed callbacks."""
        return Senders(self.store.callback_signatures, self.sealer, self.clock)

    def authenticator(self, urls: Iterable[str], keys: IssuerKeys | None = None) -> Authenticator:
        """Return what checks tokens; `urls` are those that this server is reached under.

        `keys` are those of external issuers.
        """
        if self.settings.insecure_no_auth:
            return OpenDoor(account_email("admin", PROJECT))
        return self.bearers(urls, keys)

    def oauth(self, url: str, urls: Iterable[str]) -> AuthorizationServer:
        """Return what exchanges grants for tokens; callers reach it under `url`, and `urls`."""
        urls = tuple(urls)
        bearers = self.bearers(urls)
        return AuthorizationServer.of(
            self.issuer, self.store, bearers, self.clock, url=url, urls=urls
        )

    def bearers(self, urls: Iterable[str], keys: IssuerKeys | None = None) -> TokenAuthenticator:
        """Return what checks tokens, also where every caller is let in."""
        credentials = self.store.credentials
        external = ExternalTokens(self.external, keys, credentials) if keys else None
        return TokenAuthenticator(
            self.issuer, credentials, credentials, self.clock, urls=urls, external=external
        )


def _external(settings: Settings, *own: str) -> tuple[ExternalIssuer, ...]:
    if settings.issuers is None:
        return ()
    try:
        return read_issuers(settings.issuers, own=own)
    except ValueError as error:
        raise StartError(f"--issuers: {error}") from error


def _instance_id(store: Store) -> str:
    """Return the identity that a first start gave this instance."""
    known = store.instance.get("id")
    if known is None:
        known = str(uuid4())
        store.instance.set("id", known)
    return known
