"""A whole server as `serve` joins it, in this process, with what forged callers need of it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import grpc
import httpx
import pytest
from starlette.routing import Route, Router

from ringback_server import app as composition
from ringback_server.api.admission import Admission
from ringback_server.app import App
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.keys import new_account_key
from ringback_server.clock import SystemClock
from ringback_server.gateway.routes import application
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount
from ringback_server.settings import Settings
from ringback_server.store import Store
from tests.auth.forge import forge
from tests.clocks import FakeClock
from tests.edges import LOOPBACK
from tests.replacing import replace
from tests.services import ADMIN

#: how callers reach the server, so that it does not think itself alone on its machine
PUBLIC_URL = "https://flows.example.org"
SERVICE = "https://workflowexecutions.googleapis.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running server, and tokens of any kind for it."""

    admission: Admission
    router: Router
    channel: grpc.Channel
    http: httpx.Client
    #: one key, which every account here signs with under a `kid` of its own
    key: AccountKey
    key_pem: str = field(repr=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def store(self) -> Store:
        """Where accounts, bindings and revoked tokens are kept."""
        return self.admission.backend.store

    @property
    def issuer(self) -> Issuer:
        """What signs this server's tokens."""
        issuer = self.admission.backend.issuer
        assert isinstance(issuer, Issuer)
        return issuer

    @property
    def paths(self) -> list[str]:
        """The paths of all hand-made routes, as the router has them."""
        return sorted(route.path for route in self.router.routes if isinstance(route, Route))

    def number(self) -> int:
        """Return a number that no other caller was given."""
        return next(self._numbers)

    def account(self, *bindings: tuple[str, str], disabled: bool = False) -> str:
        """Make an account with a key and bindings, (role, resource) each; return its address."""
        number = self.number()
        email = f"caller-{number}@local.iam.gserviceaccount.com"
        credentials = self.store.credentials
        credentials.add_account(
            ServiceAccount(
                email=email, unique_id=f"9{number:020}", display_name="", disabled=disabled
            )
        )
        credentials.add_account_key(replace(self.key, kid=_kid(email), email=email))
        for role, resource in bindings:
            credentials.add_binding(Binding(email=email, role=role, resource=resource))
        return email

    def self_signed(self, email: str, **changes: object) -> str:
        """Sign a token as the account, which then may do all that its bindings grant."""
        now = int(SystemClock().now())
        header = {"typ": "JWT", "alg": "RS256", "kid": _kid(email)}
        times = {"iat": now, "exp": now + 600}
        claims = {"iss": email, "sub": email, "aud": SERVICE, **times, **changes}
        return forge(header, claims, self.key_pem)

    def forger(
        self, *, iss: str | None = None, audience: str | None = None, now: float | None = None
    ) -> Issuer:
        """Return an issuer with the server's own key that writes other claims, or at `now`."""
        forger = copy.copy(self.issuer)
        forger.iss = iss or forger.iss
        forger.audience = audience or forger.audience
        if now is not None:
            vars(forger)["_clock"] = FakeClock(now)
        return forger


@contextmanager
def staged(directory: Path) -> Generator[Stage]:
    """Run a server whose data and user's state are below `directory`."""
    made: list[tuple[Admission, Router]] = []

    def noted(admission: Admission, *parts: object, **options: object) -> object:
        # Whatever else it comes to take.
        router = cast("Callable[..., object]", application)(admission, *parts, **options)
        assert isinstance(router, Router)
        made.append((admission, router))
        return router

    settings = Settings(
        data_dir=directory / "data",
        http_address=LOOPBACK,
        grpc_address=LOOPBACK,
        public_url=PUBLIC_URL,
        execution_history="detailed",
    )
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("XDG_STATE_HOME", str(directory))
        patch.setattr(composition, "application", noted)
        stack.enter_context(App.open(settings))
        ((admission, router),) = made
        instance = admission.backend.store.instance
        channel = stack.enter_context(grpc.insecure_channel(instance.get("grpc") or ""))
        http = stack.enter_context(
            httpx.Client(base_url=f"http://{instance.get('http')}", timeout=10.0)
        )
        key, pem = new_account_key(ADMIN, 0.0)
        yield Stage(
            admission=admission,
            router=router,
            channel=channel,
            http=http,
            key=key,
            key_pem=pem,
        )


def _kid(email: str) -> str:
    return f"key-of-{email}"
