"""The AuditEntries service."""

from __future__ import annotations

from ringback.v1 import audit_pb2
from ringback_server.api.messages import timestamp
from ringback_server.control import audit
from ringback_server.control.caller import Caller
from ringback_server.control.listing import ListRequest
from ringback_server.model.audit import AuditKind, StoredAuditEntry
from ringback_server.model.names import ProjectName


def list_audit_entries(
    request: audit_pb2.ListAuditEntriesRequest, caller: Caller
) -> audit_pb2.ListAuditEntriesResponse:
    """List who did what in a project."""
    page = audit.list_(
        caller,
        ProjectName.parse(request.parent, "parent"),
        ListRequest(
            size=request.page_size,
            token=request.page_token,
            filter=request.filter,
            order_by=request.order_by,
        ),
    )
    return audit_pb2.ListAuditEntriesResponse(
        audit_entries=map(_shown, page.items), next_page_token=page.next_token
    )


def _shown(stored: StoredAuditEntry) -> audit_pb2.AuditEntry:
    entry = stored.entry
    kinds = audit_pb2.AuditEntry.Kind
    return audit_pb2.AuditEntry(
        name=f"projects/{entry.project or '-'}/auditEntries/{stored.number}",
        timestamp=timestamp(entry.time),
        kind=kinds.Value(AuditKind(entry.kind).name) if entry.kind else kinds.KIND_UNSPECIFIED,
        principal=entry.principal,
        token_id=entry.token_id,
        method=entry.method,
        resource=entry.resource,
        permission=entry.permission,
        status=entry.status,
        reason=entry.reason,
        peer=entry.peer,
        edge=entry.edge,
        request_id=entry.request_id,
        payload_id=entry.payload_id,
        issued_token_id=entry.issued_token_id,
        times=entry.times,
    )
