"""A whole auth layer over credentials in memory, and the tokens that it should accept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ringback_server.auth.access import Access
from ringback_server.auth.grants import Grants
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.keys import new_account_key
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.tokens import Authenticator
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount
from tests.auth.forge import forge
from tests.auth.memory_store import MemoryCredentials
from tests.clocks import FakeClock

ADMIN = "admin@local.iam.gserviceaccount.com"
VIEWER = "viewer@local.iam.gserviceaccount.com"
#: `jti` of the access tokens made here
JTI = "one-token"
URL = "http://127.0.0.1:8780"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """Two keys of ADMIN and VIEWER with their private halves; slow to make, so shared."""

    admin: AccountKey
    admin_pem: str
    viewer: AccountKey
    viewer_pem: str

    @classmethod
    def new(cls) -> AccountKeys:
        """Make the keys."""
        return cls(*new_account_key(ADMIN, 0.0), *new_account_key(VIEWER, 0.0))


class Instance:
    """The layer as `app` puts it together."""

    def __init__(self, keys: AccountKeys, clock: FakeClock | None = None) -> None:
        self.keys = keys
        self.clock = clock or FakeClock()
        self.credentials = MemoryCredentials()
        self.ring = KeyRing(self.credentials, Sealer(), self.clock)
        self.ring.add_first()
        for email, role in ((ADMIN, "roles/workflows.admin"), (VIEWER, "roles/workflows.viewer")):
            account = ServiceAccount(email=email, unique_id=f"1{len(email)}", display_name="")
            self.credentials.add_account(account)
            self.credentials.add_binding(Binding(email=email, role=role, resource="*"))
        self.credentials.add_account_key(keys.admin)
        self.credentials.add_account_key(keys.viewer)
        self.issuer = Issuer(self.credentials, self.ring, self.clock, instance_id="one")
        self.authenticator = Authenticator(
            self.issuer, self.credentials, self.credentials, self.clock, urls=(URL,)
        )
        self.grants = Grants(
            self.issuer, self.credentials, self.credentials, self.clock, urls=(URL,)
        )
        self.access = Access(self.credentials, self.clock)

    @property
    def signing_pem(self) -> str:
        """The private half of the key that signs access tokens, in PEM."""
        sealed = self.credentials.signers[0].sealed_key
        assert sealed is not None
        return sealed.removeprefix(b"plain1:").decode()

    def access_header(self, **changes: object) -> dict[str, object]:
        """Return the header of a good access token, changed."""
        kid = self.credentials.signers[0].kid
        return changed({"typ": "at+jwt", "alg": "ES256", "kid": kid}, changes)

    def access_claims(self, **changes: object) -> dict[str, object]:
        """Return the claims of a good access token, changed."""
        now = int(self.clock.now())
        good = {"iss": self.issuer.iss, "aud": self.issuer.audience, "sub": ADMIN}
        times = {"iat": now, "exp": now + 3600}
        rest = {"jti": JTI, "client_id": ADMIN, "scope": SCOPE, "permissions": list[str]()}
        return changed({**good, **times, **rest}, changes)

    def access_token(self, **changes: object) -> str:
        """Sign a good access token, its claims changed."""
        return self.sign_access(self.access_header(), self.access_claims(**changes))

    def sign_access(self, header: dict[str, object], claims: dict[str, object] | bytes) -> str:
        """Sign anything with the signing key."""
        return forge(header, claims, self.signing_pem)

    def account_header(self, **changes: object) -> dict[str, object]:
        """Return the header that Google's libraries write for ADMIN, changed."""
        return changed({"typ": "JWT", "alg": "RS256", "kid": self.keys.admin.kid}, changes)

    def account_token(self, **changes: object) -> str:
        """Sign a good token for this service with ADMIN's key, its claims changed."""
        now = int(self.clock.now())
        aud = "https://workflowexecutions.googleapis.com/"
        good = {"iss": ADMIN, "sub": ADMIN, "aud": aud, "iat": now, "exp": now + 3600}
        return forge(self.account_header(), changed(good, changes), self.keys.admin_pem)

    def assertion(self, **changes: object) -> str:
        """Sign a good assertion for the token endpoint with ADMIN's key, its claims changed."""
        aud = "https://oauth2.googleapis.com/token"
        return self.account_token(**{"sub": None, "aud": aud, "scope": SCOPE, **changes})

    def refusal(self, bearer: str) -> Refusal:
        """Return why a bearer token is refused; fails if it is not, or if it shows anywhere."""
        with pytest.raises(UnauthenticatedError) as caught:
            self.authenticator.authenticate(bearer)
        cause = caught.value.__cause__
        assert isinstance(cause, TokenError)
        assert caught.value.reason == cause.refusal.public
        assert caught.value.message in {
            "The bearer token is not valid.",
            "The request needs a bearer token.",
        }
        return cause.refusal


def changed(good: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return `good` with changes; None removes a member."""
    whole = {**good, **changes}
    return {name: value for name, value in whole.items() if value is not None}
