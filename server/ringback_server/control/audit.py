"""The verb on the audit: reading who did what."""

from __future__ import annotations

from uuid import UUID

from ringback_server.control import list_fields
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.listing import ListRequest, page_of, query
from ringback_server.control.paging import PageSizes
from ringback_server.model.audit import StoredAuditEntry
from ringback_server.model.filters import All, Comparison, Condition
from ringback_server.model.names import ProjectName

_PAGE = PageSizes(default=100, maximum=1_000)
#: stands for all projects; only a binding on everything grants a permission on it
_ANY = "-"
_EXECUTIONS = "/executions/"
_UUID_V7 = 7
#: how much later than a request its execution or payload may have been named, in seconds
_SLACK = 60
_MICROS = 1_000_000


@requires("ringback.auditEntries.list")
def list_(caller: Caller, parent: ProjectName, request: ListRequest) -> Page[StoredAuditEntry]:
    """Return a page of the audit entries of a project, newest first unless ordered otherwise.

    It may be short, or empty, with a token that leads on. Raise InvalidArgumentError for a filter
    or an order that is not understood, FailedPreconditionError.
    """
    backend = caller.backend
    scope = f"audit {parent}"
    wanted = query(
        scope,
        request,
        list_fields.AUDIT_ENTRIES,
        _PAGE,
        now=backend.clock.now(),
        narrow=_narrowed,
    )
    project = None if parent.project == _ANY else parent.project
    found = backend.store.audit.list(project, wanted)
    return page_of(scope, request, found, lambda stored: stored)


def _narrowed(condition: Condition | None) -> Condition | None:
    """Return a condition that also says since when there can be entries.

    Ids of executions and payloads tell when they were made, and nothing was done to them before.
    """
    terms = condition.terms if isinstance(condition, All) else (condition,)
    begins = [begin for term in terms if (begin := _begin(term)) is not None]
    if condition is None or not begins:
        return condition
    (timestamp, *_) = list_fields.AUDIT_ENTRIES
    since = (max(begins) - _SLACK) * _MICROS
    return All((Comparison(field=timestamp, operator=">=", value=since), condition))


def _begin(term: Condition | None) -> int | None:
    """Return when what a term names was made, in Unix seconds; None if that does not show."""
    if not isinstance(term, Comparison) or term.operator != "=":
        return None
    value = term.value
    if not isinstance(value, str) or term.field.name not in {"resource", "payloadId"}:
        return None
    _, _, rest = value.rpartition(_EXECUTIONS)
    try:
        made = UUID(rest.partition("/")[0])
    except ValueError:
        return None
    return (made.int >> 80) // 1_000 if made.version == _UUID_V7 else None
