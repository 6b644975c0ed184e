"""What a deployer says about a workflow, and what that makes of one that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, TypeVar

from ringback_server.errors import FailedPreconditionError
from ringback_server.model.resources import CallLogLevel, HistoryLevel, Workflow

T = TypeVar("T")


class WorkflowFields(TypedDict):
    """What a deployer says about a workflow."""

    source: str
    service_account: str
    description: str
    labels: Mapping[str, str]
    user_env_vars: Mapping[str, str]
    call_log_level: CallLogLevel
    history_level: HistoryLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowChanges:
    """What an update changes; None leaves a field as it is."""

    source: str | None = None
    service_account: str | None = None
    description: str | None = None
    labels: Mapping[str, str] | None = None
    user_env_vars: Mapping[str, str] | None = None
    call_log_level: CallLogLevel | None = None
    history_level: HistoryLevel | None = None


def check_revision(workflow: Workflow, expected: str) -> None:
    """Raise FailedPreconditionError if a revision is expected that is not the latest."""
    if expected not in {"", workflow.revision_id}:
        raise FailedPreconditionError(
            f"{workflow.name} has the revision {workflow.revision_id}, not {expected[:80]}: look "
            "what was deployed meanwhile, and deploy again.",
            reason="REVISION_CHANGED",
        )


def differs(workflow: Workflow, changes: WorkflowChanges) -> bool:
    """Tell whether changes would make anything of a workflow other than it is."""
    return changed(workflow, changes) != changed(workflow, WorkflowChanges())


def changed(workflow: Workflow, changes: WorkflowChanges) -> WorkflowFields:
    """Return what a workflow would be with changes."""

    def pick(new: T | None, old: T) -> T:
        return old if new is None else new

    return WorkflowFields(
        source=pick(changes.source, workflow.source),
        service_account=pick(changes.service_account, workflow.service_account),
        description=pick(changes.description, workflow.description),
        labels=pick(changes.labels, workflow.labels),
        user_env_vars=pick(changes.user_env_vars, workflow.user_env_vars),
        call_log_level=pick(changes.call_log_level, workflow.call_log_level),
        history_level=pick(changes.history_level, workflow.history_level),
    )
