"""A project is a boundary: what is in another one answers as what is nowhere.

Generated from the requests of all RPCs, so a new RPC is tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from ringback.v1 import (
    audit_pb2,
    executions_pb2,
    locations_pb2,
    logs_pb2,
    operations_pb2,
    workflows_pb2,
)
from ringback_server.control import executions, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import ExecutionName, LocationName
from ringback_server.model.resources import Binding, ServiceAccount
from ringback_server.store.sqlite import SqliteDatabase
from tests.audit_trail.trails import Audited, audited
from tests.edges import bearer, grpc_edge
from tests.rpc.calls import EXECUTION, OPERATION, REQUESTS, WORKFLOW, call, info_of, status_of
from tests.security.scenes import ACCOUNT, CALLBACK, NO_ACCOUNT, NO_UUID, renaming, request
from tests.services import ADMIN, WAITS

#: owns the project `mine` and has nothing anywhere else
TENANT = "tenant@mine.iam.gserviceaccount.com"
MINE, LOCAL = (f"projects/{project}/locations/us-central1" for project in ("mine", "local"))
NUMBER = "100000000000"
#: needs no permission, and tells what the caller may do
_FREE = ("TestIamPermissions",)


@dataclass(frozen=True, slots=True)
class World:
    """Two projects, `mine` and `local`, with a workflow and an execution each."""

    service: Audited
    channel: grpc.Channel
    #: names that tests/rpc/calls.py has -> what is in `local`
    there: dict[str, str]
    nowhere: dict[str, str]

    def call(self, name: str, message: Message) -> Message:
        """Call as the tenant."""
        return call(self.channel, name, message, metadata=bearer(self.service, TENANT))

    def answer(self, name: str, message: Message) -> str:
        """Return all that the tenant is told."""
        try:
            return repr(self.call(name, message))
        except grpc.RpcError as error:
            info = info_of(error)
            told = sorted(info.metadata.items())
            return f"{status_of(error)} {cast('grpc.Call', error).details()} {info.reason} {told}"


def _fill(service: Audited, location: LocationName, email: str) -> tuple[str, str, str]:
    """Deploy a workflow and start it; return its name, the execution's and an operation's."""
    caller = service.caller(email)
    workflow, operation = workflows.create(caller, location, "w", WorkflowSpec(source=WAITS))
    execution = executions.create(caller, workflow.name, ExecutionSpec())
    return str(workflow.name), str(execution.name), str(operation.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run a service with the two projects."""
    directory: Path = tmp_path_factory.mktemp("tenancy")
    with audited(directory) as service, grpc_edge(service) as channel:
        credentials = service.backend.store.credentials
        credentials.add_account(ServiceAccount(email=TENANT, unique_id="77", display_name=""))
        credentials.add_binding(Binding(email=TENANT, role="roles/owner", resource="projects/mine"))
        workflow, execution, operation = _fill(service, LocationName.parse(LOCAL), ADMIN)
        callback = str(service.endpoint(ExecutionName.parse(execution)))
        none = f"{LOCAL}/workflows/nowhere/executions/{NO_UUID}"
        yield World(
            service,
            channel,
            {
                WORKFLOW: workflow,
                EXECUTION: execution,
                OPERATION: operation,
                CALLBACK: callback,
                ACCOUNT: ACCOUNT,
            },
            {
                WORKFLOW: f"{LOCAL}/workflows/nowhere",
                EXECUTION: none,
                OPERATION: f"{LOCAL}/operations/nowhere",
                CALLBACK: f"{none}/callbacks/{NO_UUID}_{NO_UUID}",
                ACCOUNT: NO_ACCOUNT,
            },
        )


def plain(text: str, names: dict[str, str]) -> str:
    """Return an answer with the names of tests/rpc/calls.py in place of those asked about."""
    return renaming({there: name for name, there in names.items()})(text)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_answer_when_it_is_about_another_project(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there answers as what is not: in status, words, details, and looks at the store."""
    looks: list[str] = []
    read, write = SqliteDatabase.read, SqliteDatabase.write

    def reads(database: SqliteDatabase, operation: Callable[..., object]) -> object:
        looks.append("read")
        return read(database, operation)

    def writes(database: SqliteDatabase, operation: Callable[..., object]) -> object:
        looks.append("write")
        return write(database, operation)

    known, unknown = request(name, world.there), request(name, world.nowhere)
    for warming in (known, unknown):
        world.answer(name, warming)
    monkeypatch.setattr(SqliteDatabase, "read", reads)
    monkeypatch.setattr(SqliteDatabase, "write", writes)
    answers: list[tuple[str, list[str]]] = []
    for message, names in ((known, world.there), (unknown, world.nowhere)):
        looks.clear()
        answer = plain(world.answer(name, message), names)
        # What is counted of refusals is stored at its own times.
        answers.append((answer, [look for look in looks if look == "read"]))

    assert answers[0] == answers[1]
    assert name.endswith(_FREE) or "(or it may not exist)" in answers[0][0]


def renamed(message: Message, project: str) -> Message:
    """Return a request about the same in another project."""
    raw = message.SerializeToString()
    for before in (b"projects/local", b"@local."):
        after = before.replace(b"local", project.encode())
        assert len(before) == len(after)
        raw = raw.replace(before, after)
    return type(message).FromString(raw)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_answer_when_the_project_is_unknown(name: str, world: World) -> None:
    """Another project answers as one that nobody has heard of."""
    known = world.answer(name, REQUESTS[name])
    unknown = world.answer(name, renamed(REQUESTS[name], "vocal"))

    assert known.replace("local", "vocal") == unknown


def test_answer_when_it_is_about_the_number_of_a_project(world: World) -> None:
    """Which project has the number is not told."""
    message = executions_pb2.ListExecutionsRequest(
        parent=WORKFLOW.replace("projects/local", f"projects/{NUMBER}")
    )
    answer = world.answer("ringback.v1.Executions.ListExecutions", message)

    assert f"projects/{NUMBER}/" in answer
    assert "local" not in answer


def test_lists_when_there_are_two_projects(world: World) -> None:
    """Each is full of one's own, and has nothing of the other's."""
    workflow, execution, _ = _fill(world.service, LocationName.parse(MINE), TENANT)
    lists: dict[str, Message] = {
        "Workflows.ListWorkflows": workflows_pb2.ListWorkflowsRequest(parent=MINE),
        "Executions.ListExecutions": executions_pb2.ListExecutionsRequest(parent=workflow),
        "Operations.ListOperations": operations_pb2.ListOperationsRequest(name=MINE),
        "Logs.ListLogEntries": logs_pb2.ListLogEntriesRequest(parent=MINE),
        "Locations.ListLocations": locations_pb2.ListLocationsRequest(name="projects/mine"),
        "AuditEntries.ListAuditEntries": audit_pb2.ListAuditEntriesRequest(parent="projects/mine"),
    }
    message = executions_pb2.CreateExecutionRequest(parent=workflow)
    world.call("ringback.v1.Executions.CreateExecution", message)
    found = {name: repr(world.call(f"ringback.v1.{name}", asked)) for name, asked in lists.items()}

    assert {} == {name: text for name, text in found.items() if "projects/local" in text}
    assert [] == [name for name in found if "mine" not in found[name] and "Logs" not in name]
    assert execution.rpartition("/")[2] in found["Executions.ListExecutions"]


@pytest.mark.parametrize("parent", ["projects/-", f"projects/{NUMBER}", "projects/local"])
def test_audit_when_it_is_not_ones_own(parent: str, world: World) -> None:
    """Neither all projects nor another one's entries are for the owner of one."""
    answer = world.answer(
        "ringback.v1.AuditEntries.ListAuditEntries",
        audit_pb2.ListAuditEntriesRequest(parent=parent),
    )

    assert "PERMISSION_DENIED" in answer


def test_page_token_when_it_is_of_another_project(world: World) -> None:
    """A list takes no token that another one gave out."""
    admin = bearer(world.service, ADMIN)
    name = "ringback.v1.AuditEntries.ListAuditEntries"
    for _ in range(2):
        started = executions_pb2.CreateExecutionRequest(parent=world.there[WORKFLOW])
        call(world.channel, "ringback.v1.Executions.CreateExecution", started, metadata=admin)
    first = audit_pb2.ListAuditEntriesRequest(parent="projects/local", page_size=1)
    answer = call(world.channel, name, first, metadata=admin)
    assert isinstance(answer, audit_pb2.ListAuditEntriesResponse)
    message = audit_pb2.ListAuditEntriesRequest(
        parent="projects/mine", page_size=1, page_token=answer.next_page_token
    )

    assert "page_token is not one that this list returned" in world.answer(name, message)


def test_request_id_when_two_projects_use_the_same(world: World) -> None:
    """It is one of its workflow's: nobody gets what was started elsewhere."""
    caller, names = world.service.caller(ADMIN), set[str]()
    for project in ("one", "two"):
        workflow, _ = workflows.create(
            caller,
            LocationName(project, "us-central1"),
            "w",
            WorkflowSpec(source="- a:\n    return: 1\n"),
        )
        spec = ExecutionSpec(request_id="same")
        names.add(str(executions.create(caller, workflow.name, spec).name))

    assert ["one", "two"] == sorted(name.split("/")[1] for name in names)


@pytest.mark.parametrize(
    "account",
    [
        ADMIN,
        NO_ACCOUNT,
        f"projects/mine/serviceAccounts/{ADMIN}",
        f"projects/local/serviceAccounts/{NO_ACCOUNT}",
    ],
)
@pytest.mark.parametrize("validate_only", [False, True])
def test_deployment_when_the_account_is_another_projects(
    account: str, *, validate_only: bool, world: World
) -> None:
    """It takes `actAs` there, and nothing shows whether there is such an account."""
    message = workflows_pb2.CreateWorkflowRequest(
        parent=MINE,
        workflow_id="borrowed",
        workflow=workflows_pb2.Workflow(source_contents=WAITS, service_account=account),
        validate_only=validate_only,
    )
    answer = world.answer("ringback.v1.Workflows.CreateWorkflow", message)

    email = account.rpartition("/")[2]
    resource = f"projects/local/serviceAccounts/{email}"
    assert f"'iam.serviceAccounts.actAs' denied on resource '{resource}'" in answer


def test_validation_when_the_account_is_not_to_be_changed(world: World) -> None:
    """It tells nothing of an account that is only mentioned."""
    _, _ = workflows.create(
        world.service.caller(TENANT),
        LocationName.parse(MINE),
        "mentions",
        WorkflowSpec(source=WAITS),
    )
    warnings: list[list[str]] = []
    for account in (ACCOUNT, NO_ACCOUNT):
        answer = world.call(
            "ringback.v1.Workflows.UpdateWorkflow",
            workflows_pb2.UpdateWorkflowRequest(
                workflow=workflows_pb2.Workflow(
                    name=f"{MINE}/workflows/mentions", service_account=account
                ),
                update_mask=FieldMask(paths=["description"]),
                validate_only=True,
            ),
        )
        assert isinstance(answer, operations_pb2.Operation)
        warnings.append([*workflows_pb2.Workflow.FromString(answer.response.value).warnings])

    assert [[], []] == warnings
