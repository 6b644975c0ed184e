"""Deploying workflows, and reading what is deployed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Unpack

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import operations_pb2, workflows_pb2
from ringback.v1.workflows_pb2 import Workflow
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.errors import RequestError, from_status
from ringback_client.settings import WorkflowSettings
from ringback_client.verbs.place import PlacedVerbs, duration

# How long one WaitOperation lasts; a longer wait is made of several.
_WAIT_SECONDS = 30.0

#: the field of a workflow for each setting
_FIELDS = {
    "env_vars": "user_env_vars",
    "service_account": "service_account",
    "description": "description",
    "labels": "labels",
    "call_log_level": "call_log_level",
    "execution_history_level": "execution_history_level",
}


class WorkflowVerbs(PlacedVerbs):
    """The verbs of workflows."""

    async def deploy(
        self,
        workflow: str,
        source: str,
        *,
        dry_run: bool = False,
        **settings: Unpack[WorkflowSettings],
    ) -> Workflow:
        """Create a workflow, or make a new revision of it if its definition changed; return it.

        `source` is the definition, in YAML or JSON. Settings that are not given stay as they were.
        With `dry_run` the server only checks, and what is returned is the request. Raises
        RequestError when the definition has errors: `violations` has each with its place.
        """
        operation = await self.begin_deployment(workflow, source, dry_run=dry_run, **settings)
        # The type is named after Google's package, whose clients read it too; the fields are ours.
        return Workflow.FromString((await self._finished(operation)).response.value)

    async def begin_deployment(
        self,
        workflow: str,
        source: str,
        *,
        dry_run: bool = False,
        **settings: Unpack[WorkflowSettings],
    ) -> operations_pb2.Operation:
        """Do as `deploy` does, but return the operation, whether it is done or not."""
        wanted = Workflow(
            name=self._place.workflow(workflow),
            source_contents=source,
            user_env_vars=settings.get("env_vars", {}),
            service_account=settings.get("service_account", ""),
            description=settings.get("description", ""),
            labels=settings.get("labels", {}),
            call_log_level=settings.get("call_log_level", Workflow.CALL_LOG_LEVEL_UNSPECIFIED),
            execution_history_level=settings.get(
                "execution_history_level", workflows_pb2.EXECUTION_HISTORY_LEVEL_UNSPECIFIED
            ),
        )
        if await self.find_workflow(wanted.name) is None:
            return await self._create(wanted, dry_run=dry_run)
        given = [_FIELDS[name] for name in settings]
        request = workflows_pb2.UpdateWorkflowRequest(
            workflow=wanted,
            update_mask=FieldMask(paths=["source_contents", *given]),
            validate_only=dry_run,
        )
        return await self._call(rpcs.UPDATE_WORKFLOW, request)

    def list_workflows(
        self, *, filter_: str = "", order_by: str = "", page_size: int = 0
    ) -> AsyncIterator[Workflow]:
        """Yield the workflows of the client's location, by name; pages are read as needed.

        `filter_` restricts them, such as `labels.team="blue"`; `order_by` names fields, each with
        an optional ` desc`. A page has up to `page_size`, 0 for as many as the server likes.
        """

        async def page(token: str) -> tuple[Sequence[Workflow], str]:
            request = workflows_pb2.ListWorkflowsRequest(
                parent=str(self._place),
                page_size=page_size,
                page_token=token,
                filter=filter_,
                order_by=order_by,
            )
            answer = await self._call(rpcs.LIST_WORKFLOWS, request)
            return answer.workflows, answer.next_page_token

        return pages(page)

    def list_revisions(self, workflow: str) -> AsyncIterator[Workflow]:
        """Yield the revisions of a workflow, newest first; pages are read as needed."""
        name = self._place.workflow(workflow)

        async def page(token: str) -> tuple[Sequence[Workflow], str]:
            request = workflows_pb2.ListWorkflowRevisionsRequest(name=name, page_token=token)
            answer = await self._call(rpcs.LIST_REVISIONS, request)
            return answer.workflows, answer.next_page_token

        return pages(page)

    async def delete_workflow(self, workflow: str) -> None:
        """Delete a workflow with its executions; raises RequestError if there is none."""
        await self._finished(await self.begin_deletion(workflow))

    async def begin_deletion(self, workflow: str) -> operations_pb2.Operation:
        """Do as `delete_workflow` does, but return the operation, whether it is done or not."""
        request = workflows_pb2.DeleteWorkflowRequest(name=self._place.workflow(workflow))
        return await self._call(rpcs.DELETE_WORKFLOW, request)

    async def get_workflow(self, workflow: str, revision: str = "") -> Workflow:
        """Return a workflow in a revision, such as `000003-a1b`, by default in its latest.

        Raises RequestError if there is none; its reason says which of the two is missing.
        """
        name = self._place.workflow(workflow)
        request = workflows_pb2.GetWorkflowRequest(name=name, revision_id=revision)
        return await self._call(rpcs.GET_WORKFLOW, request)

    async def find_workflow(self, workflow: str) -> Workflow | None:
        """Return a workflow in its latest revision, None if there is none."""
        try:
            return await self.get_workflow(workflow)
        except RequestError as error:
            if error.status is grpc.StatusCode.NOT_FOUND:
                return None
            raise

    async def _create(self, workflow: Workflow, *, dry_run: bool) -> operations_pb2.Operation:
        parent, _, workflow_id = workflow.name.rpartition("/workflows/")
        request = workflows_pb2.CreateWorkflowRequest(
            parent=parent, workflow=workflow, workflow_id=workflow_id, validate_only=dry_run
        )
        return await self._call(rpcs.CREATE_WORKFLOW, request)

    async def _finished(self, operation: operations_pb2.Operation) -> operations_pb2.Operation:
        """Wait until an operation is done; raise its error."""
        while not operation.done:
            request = operations_pb2.WaitOperationRequest(
                name=operation.name, timeout=duration(_WAIT_SECONDS)
            )
            operation = await self._call(rpcs.WAIT_OPERATION, request, waits=_WAIT_SECONDS)
        if operation.HasField("error"):
            raise from_status(operation.error)
        return operation
