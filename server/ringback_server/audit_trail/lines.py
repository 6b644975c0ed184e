"""Audit entries as lines of JSON, with the names that the API has for their fields."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from ringback_server.model.audit import AuditKind, StoredAuditEntry

#: names of fields by their names here
_NAMES: Final = {
    "principal": "principal",
    "token_id": "tokenId",
    "method": "method",
    "resource": "resource",
    "permission": "permission",
    "status": "status",
    "reason": "reason",
    "peer": "peer",
    "edge": "edge",
    "request_id": "requestId",
    "payload_id": "payloadId",
    "issued_token_id": "issuedTokenId",
}


def line_of(stored: StoredAuditEntry) -> bytes:
    """Return an entry as one line; fields that are empty are left out."""
    entry = stored.entry
    when = datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="microseconds")
    document: dict[str, object] = {
        "name": f"projects/{entry.project or '-'}/auditEntries/{stored.number}",
        "timestamp": when.replace("+00:00", "Z"),
    }
    if entry.kind:
        document["kind"] = AuditKind(entry.kind).name
    document |= {shown: value for name, shown in _NAMES.items() if (value := getattr(entry, name))}
    if entry.times != 1:
        document["times"] = entry.times
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
