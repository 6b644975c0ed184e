"""What is noted of a request while it is served, and what of that the audit keeps.

`audited` goes around what answers a request, `requires` notes what it needs. So a verb is audited
by naming its permission, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeVar

from ringback_server.errors import PermissionDeniedError, RingbackError, UnauthenticatedError
from ringback_server.model.audit import AuditEntry, AuditKind
from ringback_server.model.principals import Principal
from ringback_server.store.companions import accompany, companion, leave
from ringback_server.tracing import current

Answer = TypeVar("Answer")

#: what a permission is for is its last word
_READS: Final = frozenset({"get", "list", "listRevision", "getIamPolicy"})
_DATA_WRITES: Final = frozenset(
    {
        "workflows.executions.create",
        "workflows.executions.cancel",
        "workflows.callbacks.send",
    }
)
_ACCOUNTS: Final = "serviceAccounts"
_OK: Final = "OK"
_UNEXPECTED: Final = "INTERNAL"


class Audit(Protocol):
    """Keeps entries. It never blocks a request for long, but for `store`."""

    def wants(self, kind: AuditKind) -> bool:
        """Tell whether requests of a kind that went well are kept."""
        ...

    def store(self, entry: AuditEntry) -> None:
        """Keep an entry; once this returns it is on disk. Raise what `Database.write` raises."""
        ...

    def offer(self, entry: AuditEntry) -> None:
        """Keep an entry soon."""
        ...

    def refused(self, entry: AuditEntry) -> None:
        """Keep an entry of a request that was refused, soon and perhaps together with others."""
        ...

    def status_of(self, error: RingbackError) -> str:
        """Return the name of the code of an error."""
        ...


class NoAudit:
    """Keeps nothing: for what is put together without one."""

    def wants(self, kind: AuditKind) -> bool:
        """Want nothing."""
        del kind
        return False

    def store(self, entry: AuditEntry) -> None:
        """Do nothing."""

    def offer(self, entry: AuditEntry) -> None:
        """Do nothing."""

    def refused(self, entry: AuditEntry) -> None:
        """Do nothing."""

    def status_of(self, error: RingbackError) -> str:
        """Return the class."""
        return type(error).__name__


class Detail(NamedTuple):
    """What a write did, beyond what was asked for; a tuple, because each write makes one."""

    #: the resource, if it is another than the one that the permission was asked on
    resource: str = ""
    #: what became of it
    reason: str = ""
    payload_id: str = ""


#: makes details of what the store's write returned, one for each thing that was done
Describe = Callable[[object], Iterable[Detail]]


class Note:
    """What is known of one request so far; goes with its first write as a companion."""

    __slots__ = (
        "_audit",
        "_claimed",
        "_counted",
        "_describe",
        "_principal",
        "_scope",
        "_time",
        "issued_token_id",
        "kind",
        "permission",
        "resource",
    )

    def __init__(self, principal: Principal, audit: Audit, now: float) -> None:
        """Begin a note of a principal's request at `now`, in Unix seconds."""
        self._principal = principal
        self._audit = audit
        self._time = now
        self._claimed = False
        self._counted = False
        self._describe: Describe | None = None
        self._scope = current()
        self.kind = AuditKind.NONE
        self.permission = ""
        self.resource = ""
        self.issued_token_id = ""

    def checked(self, permission: str, resource: str) -> None:
        """Note what is asked for; of several, the last of the greatest kind counts."""
        kind = kind_of(permission)
        if kind >= self.kind:
            self.kind, self.permission, self.resource = kind, permission, resource

    def counts_first(self) -> bool:
        """Tell whether this is the first permission that the request has, which counts it."""
        counted, self._counted = self._counted, True
        return not counted

    def describe(self, describe: Describe) -> None:
        """Note how to tell what a write did from what it returned."""
        self._describe = describe

    def claim(self) -> bool:
        """Go with a write, once."""
        if self._claimed or self.kind < AuditKind.DATA_WRITE or not self._audit.wants(self.kind):
            return False
        self._claimed = True
        return True

    def release(self) -> None:
        """Hear that the write failed."""
        self._claimed = False

    def entries(self, value: object) -> Sequence[AuditEntry]:
        """Return what to store with the write."""
        if self._describe is None:
            return (self._entry(_OK, ""),)
        return [
            self._entry(_OK, one.reason, one.resource or self.resource, one.payload_id)
            for one in self._describe(value)
        ]

    def succeeded(self) -> None:
        """Have it kept that the request was served, unless its write has that."""
        if self._claimed or not self.kind or not self._audit.wants(self.kind):
            return
        self._claimed = True
        entry = self._entry(_OK, "")
        (self._audit.store if self.kind is AuditKind.ADMIN_WRITE else self._audit.offer)(entry)

    def failed(self, error: BaseException, resource: str = "") -> None:
        """Have it kept that the request, or one of a batch, was refused."""
        if not isinstance(error, RingbackError):
            if self.kind:
                self._audit.refused(self._entry(_UNEXPECTED, ""))
            return
        denied = isinstance(error, PermissionDeniedError)
        if not denied and not (self.kind and self._audit.wants(self.kind)):
            return
        entry = self._entry(self._audit.status_of(error), error.reason, resource)
        if denied:
            resource = error.facts.get("resource", entry.resource)
            entry = entry._replace(
                permission=error.facts.get("permission", entry.permission),
                resource=resource,
                project=project_of(resource),
            )
        self._audit.refused(entry)

    def _entry(
        self, status: str, reason: str, resource: str = "", payload_id: str = ""
    ) -> AuditEntry:
        scope, resource = self._scope, resource or self.resource
        return AuditEntry(
            self._time,
            project_of(resource),
            self.kind,
            self._principal.email,
            self._principal.token_id,
            scope.method,
            resource,
            self.permission,
            status,
            reason,
            scope.peer,
            scope.edge,
            scope.request_id,
            payload_id,
            self.issued_token_id,
        )


def describe(how: Describe) -> None:
    """Note how to tell what this thread's request did from what its write returns."""
    noted = note()
    if noted is not None:
        noted.describe(how)


def note() -> Note | None:
    """Return the note of this thread's request."""
    found = companion()
    return found if isinstance(found, Note) else None


def audited(principal: Principal, audit: Audit, now: float, action: Callable[[], Answer]) -> Answer:
    """Answer a principal's request, and have the audit keep what it should of that."""
    noted = Note(principal, audit, now)
    before = accompany(noted)
    try:
        answer = action()
        noted.succeeded()
    except BaseException as error:
        noted.failed(error)
        raise
    finally:
        leave(before)
    return answer


def stranger(audit: Audit, now: float, error: UnauthenticatedError) -> None:
    """Have it kept that somebody was not let in."""
    scope = current()
    audit.refused(
        AuditEntry(
            time=now,
            project="",
            kind=AuditKind.NONE,
            principal="",
            token_id="",
            method=scope.method,
            resource="",
            permission="",
            status=audit.status_of(error),
            reason=error.reason,
            peer=scope.peer,
            edge=scope.edge,
            request_id=scope.request_id,
        )
    )


@lru_cache(maxsize=1024)
def kind_of(permission: str) -> AuditKind:
    """Return what is done with a permission; what is not known to be less is an admin's."""
    if permission in _DATA_WRITES:
        return AuditKind.DATA_WRITE
    if permission.rpartition(".")[2] in _READS:
        return AuditKind.DATA_READ
    return AuditKind.ADMIN_WRITE


def project_of(resource: str) -> str:
    """Return whose a resource is: the project in its name, or in its account's address."""
    parts = resource.split("/", 4)
    if parts[0] != "projects" or len(parts) == 1:
        return ""
    if parts[1] != "-":
        return parts[1]
    _, _, collection, account, *_ = (*parts, "", "")
    return account.partition("@")[2].partition(".")[0] if collection == _ACCOUNTS else ""
