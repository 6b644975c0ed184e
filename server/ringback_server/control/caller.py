"""Who asks and what answers: what every verb is handed first, and the check it begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from ringback_server.auth.access import denied
from ringback_server.auth.issuer import IssuedToken
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.told_tokens import Bearers
from ringback_server.auth.permissions import PERMISSIONS
from ringback_server.auth.sealing import Sealer
from ringback_server.auth.webhooks.senders import Senders
from ringback_server.clock import Clock
from ringback_server.control.auditing import Audit, NoAudit, note, project_of
from ringback_server.engine.changes import Told
from ringback_server.errors import PermissionDeniedError, RingbackError, UnauthenticatedError
from ringback_server.lang.limits import Limits, RunLimits
from ringback_server.model.account_emails import account_project
from ringback_server.model.creations import Created, Creation
from ringback_server.model.names import (
    AccountKeyName,
    CallbackName,
    ExecutionName,
    ResourceName,
    ServiceAccountName,
    StepEntryName,
)
from ringback_server.model.principals import Principal
from ringback_server.model.resources import SentCallback, ServiceAccount, SigningKey
from ringback_server.settings import Settings
from ringback_server.store import Store
from ringback_server.store.callbacks import SendRequest
from ringback_server.store.records import Delivery
from ringback_server.tracing import note_execution

Item_co = TypeVar("Item_co", covariant=True)
Name = TypeVar("Name", bound=ResourceName)
Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


class Engine(Protocol):
    """What the verbs ask of the engine."""

    def create(self, creation: Creation) -> Created:
        """Store and start an execution."""
        ...

    def create_all(self, creations: Sequence[Creation]) -> Sequence[Created | RingbackError]:
        """Store and start executions in one transaction; tell what became of each."""
        ...

    def send(self, request: SendRequest) -> SentCallback:
        """Store a callback and go on with the execution that waits for it."""
        ...

    def delivered(self, key: int, delivery: Delivery | None, workflow: int) -> None:
        """Hear that a payload was assigned to a waiter of an execution of a workflow."""
        ...

    def ended(self, key: int) -> None:
        """Hear that an execution was cancelled or deleted in the store."""
        ...

    @property
    def callback_base_url(self) -> str:
        """What callback URLs begin with."""
        ...

    def watch(self, key: int, told: Told) -> Callable[[], None]:
        """Have `told` called when an execution changed in the store; return what ends that."""
        ...

    def leave(self) -> None:
        """Tell those who watch executions that the server is about to stop."""
        ...

    def wait_ended(self, name: ExecutionName, key: int, timeout: float) -> None:
        """Block until the execution has ended, or for `timeout` seconds."""
        ...


class Access(Protocol):
    """Decides whether a principal may do something."""

    def check(self, principal: Principal, permission: str, resource: str) -> None:
        """Return if it may; raise PermissionDeniedError otherwise."""
        ...

    def granted(self, principal: Principal, resource: str) -> frozenset[str]:
        """Return all that it may do to the resource."""
        ...


class Issuer(Protocol):
    """Makes tokens."""

    def access_token(
        self,
        email: str,
        *,
        scope: str,
        lifetime: float,
        client: str,
        permissions: Iterable[str] | None,
        resource: str | None = None,
        method: str | None = None,
    ) -> IssuedToken:
        """Make an access token of an account for `client`, valid for `lifetime` seconds.

        It is good for some of the account's permissions, or for all; on a resource and below, or
        on any; for callbacks with one HTTP method, or with any.
        """
        ...

    def id_token(self, email: str, audience: str, *, include_email: bool) -> IssuedToken:
        """Make an ID token of an account for an audience."""
        ...

    def jwks(self) -> Mapping[str, object]:
        """Return the public keys that verify this server's tokens, as a JWK set."""
        ...


class Rates(Protocol):
    """Bounds how many requests a project sends."""

    @property
    def bounded(self) -> bool:
        """Whether there is any bound."""
        ...

    def take(self, project: str) -> None:
        """Count a request of a project; raise RateLimitExceededError if it has sent too many."""
        ...

    def owe(self, project: str, requests: int) -> None:
        """Count what a request that was let in does beyond one."""
        ...


class NoRates:
    """Bounds nothing."""

    bounded = False

    def take(self, project: str) -> None:
        """Let everything in."""

    def owe(self, project: str, requests: int) -> None:
        """Count nothing."""


class SigningKeys(Protocol):
    """The keys of the issuer; see KeyRing."""

    def keys(self) -> Sequence[SigningKey]:
        """Return all keys, newest first."""
        ...

    def rotate(self, algorithm: str, *, overlap: float | None) -> SigningKey:
        """Have a new key sign."""
        ...

    def revoke(self, kid: str) -> SigningKey:
        """End a key and all that it signed."""
        ...


class ManagedKeys(Protocol):
    """Signs for service accounts."""

    def sign(self, account: ServiceAccount, message: bytes) -> tuple[str, bytes]:
        """Return the id of the key that signed, and the signature."""
        ...

    def sign_jwt(self, account: ServiceAccount, payload: str) -> tuple[str, str]:
        """Return the id of the key that signed, and the JWT of a JSON object of claims."""
        ...

    def jwks(self, email: str) -> Mapping[str, object]:
        """Return the public halves of an account's keys, as a JWK set."""
        ...

    def certificates(self, email: str) -> Mapping[str, object]:
        """Return certificates of an account's keys in PEM, by key id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What the verbs work with: one per server."""

    store: Store
    engine: Engine
    access: Access
    issuer: Issuer
    approval: Approval
    bearers: Bearers
    keys: SigningKeys
    managed_keys: ManagedKeys
    clock: Clock
    settings: Settings
    #: what seals secrets before they are stored
    sealer: Sealer
    #: who knows the senders of signed callbacks
    senders: Senders
    definition_limits: Limits = field(default_factory=Limits)
    limits: RunLimits = field(default_factory=RunLimits)
    audit: Audit = field(default_factory=NoAudit)
    rates: Rates = field(default_factory=NoRates)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """One request's principal, and the backend that serves it."""

    principal: Principal
    backend: Backend
    #: seconds until the caller gives up, 0 once it has; None if it did not say
    time_left: Callable[[], float | None]
    #: raises UnauthenticatedError once the token counts no longer, OverloadedError if that cannot
    #: be told; for calls that last
    confirm: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item_co]):
    """A part of a list; `next_token` is empty on the last one."""

    items: tuple[Item_co, ...]
    next_token: str = ""


def check_token(caller: Caller) -> None:
    """Raise UnauthenticatedError if the token that a call began with counts no longer.

    For calls that last: it has expired, it was revoked, or its account or key is gone. Raise
    OverloadedError while the keys of its external issuer cannot be had.
    """
    if caller.backend.clock.now() > caller.principal.expire_time:
        raise UnauthenticatedError(
            "The access token has expired; go on with a new one.", reason="TOKEN_EXPIRED"
        )
    caller.confirm()


def requires(
    permission: str,
) -> Callable[
    [Callable[Concatenate[Caller, Name, Parameters], Answer]],
    Callable[Concatenate[Caller, Name, Parameters], Answer],
]:
    """Declare a verb that needs `permission` on the resource it is called with.

    The check comes before anything else, so that a caller without the permission cannot tell
    whether the resource exists. The verb raises PermissionDeniedError. It gets the name with the
    project's id, whether the caller wrote that or the number, or `-` for an account.
    """
    if permission not in PERMISSIONS:
        raise ValueError(permission)

    def declare(
        verb: Callable[Concatenate[Caller, Name, Parameters], Answer],
    ) -> Callable[Concatenate[Caller, Name, Parameters], Answer]:
        @wraps(verb)
        def checked(
            caller: Caller, name: Name, /, *args: Parameters.args, **kwargs: Parameters.kwargs
        ) -> Answer:
            asked, name = name, resolved(caller.backend, name)
            resource = str(name)
            noted = note()
            if noted is not None:
                noted.checked(permission, resource)
            _check(caller, permission, asked, resource)
            rates = caller.backend.rates
            if rates.bounded and (noted is None or noted.counts_first()):
                rates.take(project_of(resource))
            if isinstance(name, ExecutionName):
                note_execution(resource)
            elif isinstance(name, CallbackName | StepEntryName):
                note_execution(str(name.parent))
            answer = verb(caller, name, *args, **kwargs)
            if noted is not None and isinstance(answer, IssuedToken):
                noted.issued_token_id = answer.token_id
            return answer

        return checked

    return declare


def _check(caller: Caller, permission: str, asked: ResourceName, resource: str) -> None:
    """Raise PermissionDeniedError unless the caller has a permission on what was asked for."""
    backend = caller.backend
    try:
        backend.access.check(caller.principal, permission, resource)
    except PermissionDeniedError:
        if asked.project == backend.settings.project_number:
            # Which project has this number is nothing to tell a stranger to it.
            raise denied(permission, str(asked)) from None
        raise


def resolved(backend: Backend, name: Name) -> Name:
    """Return the name with its project's id where it has this server's project number, or none.

    The number is that of the one project that has workflows here: with several it is of none.
    An account of `projects/-` is of the project that its address names, if it names one.
    """
    if isinstance(name, ServiceAccountName | AccountKeyName) and name.project == "-":
        return replace(name, project=account_project(name.email) or "-")
    if name.project != backend.settings.project_number:
        return name
    project = backend.store.workflows.only_project()
    return name if project is None else replace(name, project=project)
