"""An authorization server over a store on disk, with a clock that stands still."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

import pytest

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.auth.oauth.requests import OAuthRequest
from ringback_server.auth.oauth.server import AuthorizationServer
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.tokens import Authenticator
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.logins import ClientSecret
from ringback_server.model.resources import Binding, ServiceAccount
from ringback_server.store import Store, open_store
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, SCOPE, URL, VIEWER, AccountKeys, changed
from tests.clocks import FakeClock

CLI = "ringback-cli"
OFFLINE = f"{SCOPE} offline_access"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT_URI = "http://127.0.0.1:45678/callback"
VERIFIER = "v" * 43
BROWSER = "b" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The server, and short ways to what tests send to it."""

    keys: AccountKeys
    clock: FakeClock
    store: Store
    issuer: Issuer
    authenticator: Authenticator
    server: AuthorizationServer
    approval: Approval

    def secret(self, email: str = VIEWER, *, expire_time: float | None = None) -> str:
        """Make a secret of an account."""
        secret = new_opaque(Kind.CLIENT)
        record = ClientSecret(
            secret_id=str(uuid4()),
            email=email,
            account_id=self.unique_id(email),
            digest=digest(secret),
            create_time=self.clock.now(),
            expire_time=expire_time,
        )
        self.store.client_secrets.add(record, most=2)
        return secret

    def unique_id(self, email: str) -> str:
        """Return the unique id of an account."""
        account = self.store.credentials.account(email)
        assert account is not None
        return account.unique_id

    def exchange(
        self, form: Mapping[str, str], authorization: str | None = None, address: str = "a"
    ) -> dict[str, object]:
        """Send a token request."""
        return self.server.exchange(request(form, authorization, address))

    def refusal(
        self, form: Mapping[str, str], authorization: str | None = None, address: str = "a"
    ) -> tuple[str, int]:
        """Return error and status of a token request that is refused."""
        with pytest.raises(OAuthError) as caught:
            self.exchange(form, authorization, address)
        return caught.value.error, caught.value.status

    def assertion(self, **changes: object) -> str:
        """Sign a good client assertion of VIEWER, its claims changed."""
        now = int(self.clock.now())
        good: dict[str, object] = {"iss": VIEWER, "sub": VIEWER, "aud": f"{URL}/token"}
        times = {"iat": now, "exp": now + 60, "jti": str(uuid4())}
        header = {"alg": "RS256", "kid": self.keys.viewer.kid}
        return forge(header, changed({**good, **times}, changes), self.keys.viewer_pem)

    def by_key(self, assertion: str) -> dict[str, object]:
        """Send client_credentials with a client assertion."""
        return self.exchange(by_key(assertion))

    def device(self, scope: str = OFFLINE) -> dict[str, Any]:
        """Begin a login by a device code."""
        asked = request({"client_id": CLI, "scope": scope})
        return dict(self.server.device_authorization(asked))

    def approve(self, user_code: str, email: str = VIEWER) -> None:
        """Approve a login as an account."""
        self.approval.approve(self.approval.find(user_code, "tests"), email)

    def poll(self, shown: Mapping[str, str]) -> dict[str, object]:
        """Ask for the tokens of a login by a device code."""
        return self.exchange(polling(shown))

    def session(self, email: str = VIEWER) -> dict[str, Any]:
        """Log somebody in, with a refresh token; return the answer."""
        shown = self.device()
        self.approve(shown["user_code"], email)
        return self.poll(shown)

    def refresh(self, token: str, **more: str) -> dict[str, Any]:
        """Use a refresh token."""
        return self.exchange(refreshing(token, **more))

    def code(self, **changes: str) -> str:
        """Log VIEWER in by a browser; return the authorization code."""
        asked = self.server.browsers.read(asking(**changes))
        self.server.browsers.begin(asked, browser=BROWSER, address="a")
        waiting = self.server.browsers.waiting(BROWSER)
        assert waiting is not None
        self.approve(self.server.browsers.user_code(waiting, BROWSER))
        decided = self.server.browsers.waiting(BROWSER)
        assert decided is not None
        return answered(self.server.browsers.end(decided))["code"]

    def counts(self, token: object) -> bool:
        """Tell whether a token is a good bearer."""
        try:
            self.authenticator.authenticate(str(token))
        except UnauthenticatedError:
            return False
        return True


@contextmanager
def desk_in(directory: Path, keys: AccountKeys) -> Generator[Desk]:
    """Put a server together whose data are in a directory."""
    clock = FakeClock()
    store = open_store(directory)
    try:
        for email in (ADMIN, VIEWER):
            unique_id = f"{10**20 + len(email)}"
            account = ServiceAccount(email=email, unique_id=unique_id, display_name="")
            store.credentials.add_account(account)
        store.credentials.add_binding(
            Binding(email=VIEWER, role="roles/workflows.viewer", resource="*")
        )
        store.credentials.add_account_key(keys.admin)
        store.credentials.add_account_key(keys.viewer)
        ring = KeyRing(store.signing_keys, Sealer(), clock)
        ring.add_first()
        issuer = Issuer(store.credentials, ring, clock, instance_id="one")
        bearers = Authenticator(issuer, store.credentials, store.credentials, clock, urls=(URL,))
        yield Desk(
            keys=keys,
            clock=clock,
            store=store,
            issuer=issuer,
            authenticator=bearers,
            server=AuthorizationServer.of(issuer, store, bearers, clock, url=URL, urls=()),
            approval=Approval(store.logins, clock),
        )
    finally:
        store.close()


def request(
    form: Mapping[str, str], authorization: str | None = None, address: str = "a"
) -> OAuthRequest:
    """Make a request of a form."""
    return OAuthRequest(form=form, authorization=authorization, address=address)


def basic(client_id: str, secret: str) -> str:
    """Return the header of HTTP Basic authentication, as RFC 6749 has it."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def by_key(assertion: str) -> dict[str, str]:
    """Return a form of client_credentials with a client assertion."""
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }


def polling(shown: Mapping[str, str]) -> dict[str, str]:
    """Return the form with which a device asks."""
    return {"grant_type": DEVICE_GRANT, "client_id": CLI, "device_code": shown["device_code"]}


def refreshing(token: str, **more: str) -> dict[str, str]:
    """Return the form that uses a refresh token."""
    return {"grant_type": "refresh_token", "client_id": CLI, "refresh_token": token, **more}


def challenge(verifier: str = VERIFIER) -> str:
    """Return the challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def asking(**changes: str) -> dict[str, str]:
    """Return a good authorization request, changed; "" takes a parameter out."""
    good = {
        "response_type": "code",
        "client_id": CLI,
        "redirect_uri": REDIRECT_URI,
        "scope": OFFLINE,
        "state": "s",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**good, **changes}.items() if value}


def redeeming(given: str, /, **changes: str) -> dict[str, str]:
    """Return the form that exchanges an authorization code, changed."""
    good = {
        "grant_type": "authorization_code",
        "client_id": CLI,
        "code": given,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return {name: value for name, value in {**good, **changes}.items() if value}


def answered(location: str | None) -> dict[str, str]:
    """Return the parameters of where a browser is sent."""
    return dict(parse_qsl(urlsplit(location or "").query))
