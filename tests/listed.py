"""Lists as tests read them from a store: first pages, without their positions."""

from __future__ import annotations

from ringback_server.control.list_fields import CALLBACKS
from ringback_server.model.filters import Comparison, Wanted
from ringback_server.model.names import ExecutionName, LocationName, WorkflowName
from ringback_server.model.resources import CallbackEndpoint, Execution, Workflow
from ringback_server.store import Store
from ringback_server.store.listing import Query


def executions(
    store: Store, workflow: WorkflowName, *, limit: int = 100, full: bool = True
) -> list[Execution]:
    """Return the newest executions of a workflow."""
    return [item for _, item in store.executions.list(workflow, Query(limit=limit), full=full).rows]


def workflows(store: Store, location: LocationName, *, limit: int = 100) -> list[Workflow]:
    """Return the first workflows of a location."""
    return [item for _, item in store.workflows.list(location, Query(limit=limit)).rows]


def endpoints(
    store: Store, execution: ExecutionName, *, limit: int = 100, late: bool = False
) -> list[CallbackEndpoint]:
    """Return the endpoints of an execution that take callbacks, or the late ones."""
    (state, *_) = CALLBACKS
    wanted = Comparison(field=state, operator="=", value="LATE" if late else "OPEN")
    query = Query(wanted=Wanted(condition=wanted), limit=limit)
    return [item for _, item in store.callbacks.list(execution, query).rows]
