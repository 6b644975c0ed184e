"""Which fields an update changes."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import workflows_pb2
from ringback_server.api.update_mask import CHANGEABLE, workflow_changes
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.resources import CallLogLevel, HistoryLevel
from ringback_server.store.workflow_changes import WorkflowChanges

SENT = workflows_pb2.Workflow(
    name="projects/p/locations/l/workflows/w",
    description="new",
    labels={"a": "b"},
    call_log_level=workflows_pb2.Workflow.LOG_ALL_CALLS,
    state=workflows_pb2.Workflow.UNAVAILABLE,
)
CLEARED = WorkflowChanges(
    source="",
    service_account="",
    user_env_vars={},
    history_level=HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED,
    description="new",
    labels={"a": "b"},
    call_log_level=CallLogLevel.LOG_ALL_CALLS,
)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (
            [],
            WorkflowChanges(
                description="new", labels={"a": "b"}, call_log_level=CallLogLevel.LOG_ALL_CALLS
            ),
        ),
        (["description"], WorkflowChanges(description="new")),
        (["source_contents", "labels"], WorkflowChanges(source="", labels={"a": "b"})),
        (["user_env_vars"], WorkflowChanges(user_env_vars={})),
        (["service_account"], WorkflowChanges(service_account="")),
        (["*"], CLEARED),
        (list(CHANGEABLE), CLEARED),
    ],
)
def test_workflow_changes_by_mask(paths: list[str], expected: WorkflowChanges) -> None:
    """The mask says what changes; without it, what is set does; what it clears is cleared."""
    request = workflows_pb2.UpdateWorkflowRequest(workflow=SENT, update_mask=FieldMask(paths=paths))

    assert expected == workflow_changes(request)


@pytest.mark.parametrize("path", ["name", "state", "revision_id", "labels.a", "nope", ""])
def test_workflow_changes_of_what_cannot_change(path: str) -> None:
    """A field that cannot be changed is refused by name."""
    request = workflows_pb2.UpdateWorkflowRequest(
        workflow=SENT, update_mask=FieldMask(paths=["description", path])
    )
    with pytest.raises(InvalidArgumentError) as caught:
        workflow_changes(request)

    assert repr(path) in caught.value.message


@pytest.mark.parametrize("field", ["call_log_level", "execution_history_level"])
def test_workflow_changes_with_an_unknown_number(field: str) -> None:
    """An enum number that the contract does not have is refused."""
    workflow = workflows_pb2.Workflow()
    setattr(workflow, field, 99)
    with pytest.raises(InvalidArgumentError):
        workflow_changes(workflows_pb2.UpdateWorkflowRequest(workflow=workflow))
