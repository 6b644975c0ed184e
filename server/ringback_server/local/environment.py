"""What a run is told about itself: its name, and what `sys.get_env` reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringback_server.errors import InvalidArgumentError
from ringback_server.lang.connectors import Undescribed
from ringback_server.lang.effects import Context
from ringback_server.local.documents import FieldError
from ringback_server.model.names import ExecutionName

#: as if Google's service ran it
_BASE_URL: Final = "https://workflowexecutions.googleapis.com"
_DEFAULTS: Final = {
    "GOOGLE_CLOUD_LOCATION": "us-central1",
    "GOOGLE_CLOUD_PROJECT_ID": "local-project",
    "GOOGLE_CLOUD_PROJECT_NUMBER": "1",
    "GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": "workflow@local-project.iam.gserviceaccount.com",
    "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "00000000-0000-7000-8000-000000000001",
    "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": "000001-000",
}


def context_of(workflow: str, env: Mapping[str, str]) -> Context:
    """Return what a run is told; raises FieldError for variables that make no name."""
    environment = {**_DEFAULTS, "GOOGLE_CLOUD_WORKFLOW_ID": workflow, **env}
    name = ExecutionName(
        environment["GOOGLE_CLOUD_PROJECT_ID"],
        environment["GOOGLE_CLOUD_LOCATION"],
        environment["GOOGLE_CLOUD_WORKFLOW_ID"],
        environment["GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID"],
    )
    try:
        ExecutionName.parse(str(name))
    except InvalidArgumentError:
        raise FieldError("env", f"the variables GOOGLE_CLOUD_… make no name: {name}") from None
    if name.uid is None:
        problem = "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID must be a UUID in lower case"
        raise FieldError("env", problem)
    return Context(
        name=name,
        environment=environment,
        callback_base_url=_BASE_URL,
        connectors=Undescribed(),
    )
