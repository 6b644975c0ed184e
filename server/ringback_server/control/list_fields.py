"""What each list can be filtered and ordered by. What a field is in SQL, `store` knows."""

from __future__ import annotations

from ringback_server.model.audit import AuditKind
from ringback_server.model.filters import Field, Kind
from ringback_server.model.resources import CallLogLevel, ExecutionState, HistoryLevel

_CALL_LOG_LEVELS = tuple(CallLogLevel.__members__)
_AUDIT_KINDS = tuple(kind.name for kind in AuditKind if kind)
_HISTORY_LEVELS = tuple(HistoryLevel.__members__)

#: SPEC 6.2
EXECUTIONS = (
    Field(name="state", kind=Kind.ENUM, values=tuple(ExecutionState)),
    Field(name="executionId", kind=Kind.STRING),
    Field(name="createTime", kind=Kind.TIME),
    Field(name="startTime", kind=Kind.TIME),
    Field(name="endTime", kind=Kind.TIME),
    Field(name="duration", kind=Kind.DURATION),
    Field(name="workflowRevisionId", kind=Kind.STRING),
    Field(name="stepName", kind=Kind.STRINGS),
    Field(name="labels", kind=Kind.MAP, aliases=("label",)),
    Field(name="disableConcurrencyQuotaOverflowBuffering", kind=Kind.BOOLEAN),
)

WORKFLOWS = (
    Field(name="state", kind=Kind.ENUM, values=("ACTIVE", "UNAVAILABLE")),
    Field(name="name", kind=Kind.STRING),
    Field(name="workflowId", kind=Kind.STRING),
    Field(name="createTime", kind=Kind.TIME),
    Field(name="updateTime", kind=Kind.TIME),
    Field(name="revisionCreateTime", kind=Kind.TIME),
    Field(name="description", kind=Kind.STRING),
    Field(name="revisionId", kind=Kind.STRING),
    Field(name="labels", kind=Kind.MAP, aliases=("label",)),
    Field(name="serviceAccount", kind=Kind.STRING),
    Field(name="callLogLevel", kind=Kind.ENUM, values=_CALL_LOG_LEVELS),
    Field(name="executionHistoryLevel", kind=Kind.ENUM, values=_HISTORY_LEVELS),
)

CALLBACKS = (
    Field(name="state", kind=Kind.ENUM, values=("OPEN", "LATE")),
    Field(name="name", kind=Kind.STRING, only=("=", "!="), wildcards=False),
    Field(name="method", kind=Kind.STRING),
    Field(name="waiters", kind=Kind.INTEGER),
    Field(name="availablePayloads", kind=Kind.INTEGER),
)

AUDIT_ENTRIES = (
    Field(name="timestamp", kind=Kind.TIME),
    Field(name="kind", kind=Kind.ENUM, values=_AUDIT_KINDS),
    Field(name="principal", kind=Kind.STRING),
    Field(name="tokenId", kind=Kind.STRING),
    Field(name="method", kind=Kind.STRING),
    Field(name="resource", kind=Kind.STRING),
    Field(name="permission", kind=Kind.STRING),
    Field(name="status", kind=Kind.STRING),
    Field(name="reason", kind=Kind.STRING),
    Field(name="peer", kind=Kind.STRING),
    Field(name="edge", kind=Kind.STRING),
    Field(name="requestId", kind=Kind.STRING),
    Field(name="payloadId", kind=Kind.STRING),
    Field(name="issuedTokenId", kind=Kind.STRING),
    Field(name="times", kind=Kind.INTEGER),
)

OPERATIONS = (
    Field(name="done", kind=Kind.BOOLEAN),
    Field(name="metadata.target", kind=Kind.STRING, aliases=("target",)),
    Field(name="metadata.verb", kind=Kind.STRING, aliases=("verb",)),
    Field(name="metadata.createTime", kind=Kind.TIME, aliases=("createTime", "create_time")),
    Field(name="metadata.endTime", kind=Kind.TIME, aliases=("endTime", "end_time")),
)
