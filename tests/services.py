"""A whole service in this process, as `app` puts it together, without its edges."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringback_server.api.admission import Admission
from ringback_server.auth.access import Access
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.managed_keys import ManagedKeys
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.server import AuthorizationServer
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.tokens import Authenticator
from ringback_server.auth.webhooks.senders import Senders
from ringback_server.clock import SystemClock
from ringback_server.control import callbacks, executions, workflows
from ringback_server.control.caller import Backend, Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.listing import ListRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.engine.engine import Engine
from ringback_server.engine.programs import Told
from ringback_server.engine.scheduler import Pool
from ringback_server.lang.limits import RunLimits
from ringback_server.model.names import CallbackName, ExecutionName, LocationName
from ringback_server.model.resources import Binding, Execution, ServiceAccount
from ringback_server.nesting import NestingGate
from ringback_server.settings import Settings
from ringback_server.store import open_store
from tests.others import Others

ADMIN = "admin@local.iam.gserviceaccount.com"
INVOKER = "invoker@local.iam.gserviceaccount.com"
VIEWER = "viewer@local.iam.gserviceaccount.com"
#: an account without any role
NOBODY = "nobody@local.iam.gserviceaccount.com"
URL = "http://127.0.0.1:8780"
SEALER = Sealer(bytes(32))
PARENT = LocationName("local", "us-central1")

POOL = Pool(threads=8, park_after=1.0)

#: creates an endpoint for POST and returns the request that arrives there
WAITS = """
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: request
- finish:
    return: ${request.http_request}
"""

_ROLES = {
    ADMIN: ("roles/owner",),
    INVOKER: ("roles/workflows.invoker",),
    VIEWER: ("roles/workflows.viewer",),
    NOBODY: (),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and short ways to what tests need of it."""

    backend: Backend
    admission: Admission
    oauth: AuthorizationServer
    issuer: Issuer

    def token(self, email: str = ADMIN) -> str:
        """Issue an access token of an account."""
        return self.issuer.access_token(email).token

    def caller(self, email: str = ADMIN, time_left: float | None = None) -> Caller:
        """Let an account in."""
        return self.admission.admit(f"Bearer {self.token(email)}", lambda: time_left)

    def execution(self, workflow_id: str, source: str = WAITS, argument: str = "") -> Execution:
        """Deploy a workflow and start it."""
        caller = self.caller()
        workflow, _ = workflows.create(caller, PARENT, workflow_id, WorkflowSpec(source=source))
        return executions.create(caller, workflow.name, ExecutionSpec(argument=argument))

    def endpoint(self, execution: ExecutionName) -> CallbackName:
        """Return the first callback endpoint of an execution."""
        page = callbacks.list_(self.caller(), execution, ListRequest())
        return CallbackName.parse(page.items[0].name)

    def ended(self, execution: ExecutionName) -> Execution:
        """Wait for an execution's end."""
        return executions.wait(self.caller(), execution, 5.0)


@contextmanager
def running(directory: Path, *, max_inbox: int = 100, pool: Pool = POOL) -> Generator[Service]:
    """Run a service whose data are in `directory`; an endpoint keeps `max_inbox` payloads."""
    clock = SystemClock()
    store = open_store(directory)
    engine = Engine(
        store,
        clock,
        pool=pool,
        told=Told(
            callback_base_url=URL,
            project_number="100000000000",
            gate=NestingGate(
                store.workflows,
                store.census,
                store.credentials,
                Access(store.credentials, clock),
                RunLimits(),
            ),
        ),
        network=Others().network,
    )
    try:
        credentials = store.credentials
        keys = KeyRing(store.signing_keys, SEALER, clock)
        keys.add_first()
        for number, (email, roles) in enumerate(_ROLES.items()):
            credentials.add_account(
                ServiceAccount(email=email, unique_id=f"10{number}", display_name="")
            )
            for role in roles:
                credentials.add_binding(Binding(email=email, role=role, resource="*"))
        issuer = Issuer(credentials, keys, clock, instance_id="one")
        authenticator = Authenticator(issuer, credentials, credentials, clock, urls=(URL,))
        backend = Backend(
            store=store,
            engine=engine,
            access=Access(credentials, clock),
            issuer=issuer,
            keys=keys,
            managed_keys=ManagedKeys(store.managed_keys, SEALER, clock),
            approval=Approval(store.logins, clock),
            bearers=authenticator,
            clock=clock,
            settings=Settings(data_dir=directory, max_inbox=max_inbox),
            sealer=SEALER,
            senders=Senders(store.callback_signatures, SEALER, clock),
        )
        engine.start()
        oauth = AuthorizationServer.of(issuer, store, authenticator, clock, url=URL, urls=())
        yield Service(backend, Admission(authenticator, backend), oauth, issuer)
    finally:
        engine.close(5.0)
        store.close()
