"""What the lists of a location's workflows and operations can be asked for, in SQL."""

from __future__ import annotations

from ringback_server.model.resources import CallLogLevel, HistoryLevel
from ringback_server.store.conditions import Column, moment
from ringback_server.store.listing import Source

_LOCATION = "'projects/' || :project || '/locations/' || :location"


def _call_log_level(name: str) -> int:
    return int(CallLogLevel[name])


def _history_level(name: str) -> int:
    return int(HistoryLevel[name])


_ACCOUNT = "(SELECT r.service_account FROM revision r WHERE r.id = w.revision)"

WORKFLOWS = Source(
    rows="workflow w",
    scope="w.project = :project AND w.location = :location AND w.delete_time IS NULL",
    identity="w.revision",
    keys=("w.name",),
    columns={
        "name": Column(sql=f"({_LOCATION} || '/workflows/' || w.name)", short="w.name"),
        "workflowId": Column(sql="w.name"),
        "state": Column(sql="'ACTIVE'"),
        "createTime": moment("w.create_time"),
        "updateTime": moment("w.update_time"),
        "revisionCreateTime": moment(
            "(SELECT r.create_time FROM revision r WHERE r.id = w.revision)"
        ),
        "description": Column(sql="w.description"),
        "revisionId": Column(sql="(SELECT r.revision_id FROM revision r WHERE r.id = w.revision)"),
        "labels": Column(sql="w.labels"),
        "serviceAccount": Column(
            sql=_ACCOUNT,
            short=f"SUBSTR({_ACCOUNT}, INSTR({_ACCOUNT}, '/serviceAccounts/') + 17)",
        ),
        "callLogLevel": Column(sql="w.call_log_level", adapt=_call_log_level),
        "executionHistoryLevel": Column(sql="w.history_level", adapt=_history_level),
    },
)

OPERATIONS = Source(
    rows="operation o",
    scope="o.project = :project AND o.location = :location",
    identity="o.id",
    keys=("o.id",),
    descending=True,
    columns={
        "done": Column(sql="1"),
        "metadata.target": Column(
            sql=f"({_LOCATION} || '/workflows/' || o.workflow)", short="o.workflow"
        ),
        "metadata.verb": Column(sql="o.verb"),
        "metadata.createTime": moment("o.create_time"),
        "metadata.endTime": moment("o.end_time"),
    },
)
