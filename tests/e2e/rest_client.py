"""A program that a user of Google's client wrote, which speaks REST instead of gRPC.

Writes what it saw as JSON. Arguments: the URL of the HTTP port, and an access token.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import workflows_v1
from google.oauth2.credentials import Credentials

PROJECT = "projects/local"
PARENT = f"{PROJECT}/locations/us-central1"
SOURCE = "- end: {return: 1}"


def refused(call: Callable[..., object], **arguments: object) -> list[object]:
    """Return the type of the error that a call ends with, and what it says of fields."""
    try:
        call(**arguments)
    except GoogleAPICallError as error:
        fields = [v["field"] for d in error.details for v in d.get("fieldViolations", [])]
        return [type(error).__name__, error.reason, fields]
    raise AssertionError(f"{call} was not refused")


def main(url: str, token: str) -> None:
    """Deploy, change, read, list, and delete; look at operations and locations."""
    client = workflows_v1.WorkflowsClient(
        credentials=Credentials(token), transport="rest", client_options={"api_endpoint": url}
    )
    seen: dict[str, object] = {}
    operation = client.create_workflow(
        parent=PARENT,
        workflow=workflows_v1.Workflow(source_contents=SOURCE, labels={"team": "blue"}),
        workflow_id="rest",
    )
    workflow = operation.result(timeout=10)
    seen["created"] = [workflow.name, workflow.state.name, operation.metadata.verb]
    workflow.description = "new"
    workflow.user_env_vars["A"] = "1"
    updated = client.update_workflow(
        workflow=workflow, update_mask={"paths": ["description", "user_env_vars"]}
    ).result(timeout=10)
    seen["updated"] = [updated.description, dict(updated.user_env_vars), updated.revision_id[:6]]
    read = client.get_workflow(request={"name": workflow.name, "revision_id": workflow.revision_id})
    seen["read"] = [read.source_contents == SOURCE, read.create_time == updated.create_time]
    revisions = client.list_workflow_revisions(request={"name": workflow.name, "page_size": 1})
    seen["revisions"] = [revision.revision_id[:6] for revision in revisions]
    seen["listed"] = [found.name for found in client.list_workflows(parent=PARENT)]
    done = client.get_operation({"name": operation.operation.name})
    listed = client.list_operations({"name": PARENT}).operations
    seen["operations"] = [done.done, len(listed)]
    client.delete_operation({"name": operation.operation.name})
    places = client.list_locations({"name": PROJECT}).locations
    place = client.get_location({"name": PARENT})
    seen["locations"] = [[found.location_id for found in places], place.display_name]
    seen["invalid"] = refused(
        client.create_workflow,
        parent=PARENT,
        workflow_id="1",
        workflow=workflows_v1.Workflow(source_contents=SOURCE),
    )
    client.delete_workflow(name=workflow.name).result(timeout=10)
    seen["deleted"] = refused(client.get_workflow, name=workflow.name)
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
