"""Messages of Pub/Sub that start executions."""

from __future__ import annotations

from typing import cast

from google.protobuf import json_format

from ringback.v1 import executions_pb2
from ringback_server.api import messages
from ringback_server.control import executions
from ringback_server.control.caller import Caller
from ringback_server.control.pubsub import Push, spec_of
from ringback_server.model.names import WorkflowName


def trigger_pubsub_execution(
    request: executions_pb2.TriggerPubsubExecutionRequest, caller: Caller
) -> executions_pb2.Execution:
    """Start an execution with a message, or return the one that it started before."""
    parent = WorkflowName.parse(request.workflow, "workflow")
    shown = cast("dict[str, object]", json_format.MessageToDict(request.message))
    push = Push(
        mode=request.gcp_cloud_events_mode,
        subscription=request.subscription,
        message_id=request.message.message_id,
        data=request.message.data,
        attributes=dict(request.message.attributes),
        publish_time=cast("str | None", shown.get("publishTime")),
        message=shown,
    )
    found = executions.create(caller, parent, spec_of(push))
    return messages.execution(found, now=caller.backend.clock.now())
