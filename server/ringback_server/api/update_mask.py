"""Which fields a request changes of a workflow."""

from __future__ import annotations

from collections.abc import Mapping

from ringback.v1 import workflows_pb2
from ringback_server.api.levels import call_log_level, history_level
from ringback_server.api.unsupported import UNSUPPORTED, refuse_unsupported
from ringback_server.control.refusals import refused
from ringback_server.store.workflow_changes import WorkflowChanges

#: changeable fields in the message
CHANGEABLE = (
    "description",
    "labels",
    "service_account",
    "source_contents",
    "call_log_level",
    "user_env_vars",
    "execution_history_level",
)


def workflow_changes(
    request: workflows_pb2.UpdateWorkflowRequest | workflows_pb2.DeployWorkflowRequest,
) -> WorkflowChanges:
    """Return the changes that a request asks for.

    An empty mask means every field that is set, `*` every field. A field in the mask that is not
    set is cleared. Raise InvalidArgumentError for a field that cannot be changed.
    """
    sent = request.workflow
    paths = _paths(request)
    level = call_log_level(sent.call_log_level, "workflow.call_log_level")
    history = history_level(sent.execution_history_level, "workflow.execution_history_level")
    return WorkflowChanges(
        source=sent.source_contents if "source_contents" in paths else None,
        service_account=sent.service_account if "service_account" in paths else None,
        description=sent.description if "description" in paths else None,
        labels=_map(sent.labels) if "labels" in paths else None,
        user_env_vars=_map(sent.user_env_vars) if "user_env_vars" in paths else None,
        call_log_level=level if "call_log_level" in paths else None,
        history_level=history if "execution_history_level" in paths else None,
    )


def _paths(
    request: workflows_pb2.UpdateWorkflowRequest | workflows_pb2.DeployWorkflowRequest,
) -> frozenset[str]:
    asked = frozenset(request.update_mask.paths)
    refuse_unsupported(request.workflow, asked if asked and "*" not in asked else None)
    if not asked:
        set_fields = {field.name for field, _ in request.workflow.ListFields()}
        return frozenset(set_fields & set(CHANGEABLE))
    if "*" in asked:
        return frozenset(CHANGEABLE)
    asked -= UNSUPPORTED.keys()
    unknown = sorted(asked - set(CHANGEABLE))
    if unknown:
        known = ", ".join(CHANGEABLE)
        raise refused("update_mask", f"{unknown[0][:80]!r} cannot be changed; {known} can")
    return asked


def _map(entries: Mapping[str, str]) -> dict[str, str]:
    return dict(entries)
