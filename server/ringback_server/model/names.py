"""Resource names: parsing and printing, and the ids inside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Self

import msgspec

from ringback_server.errors import FieldViolation, InvalidArgumentError, Resource
from ringback_server.model.account_emails import account_project
from ringback_server.model.callback_ids import callback_id, callback_number
from ringback_server.model.name_parts import PartedName, ids_of
from ringback_server.model.signing_key_names import SigningKeyName, SigningKeysName
from ringback_server.model.uids import uid_of

_WORKFLOW_ID = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")


class ProjectName(PartedName, frozen=True):
    """`projects/P`."""

    collections = ("projects",)

    project: str

    def __str__(self) -> str:
        return f"projects/{self.project}"


class LocationName(PartedName, frozen=True):
    """`projects/P/locations/L`; the project is kept as the caller wrote it (SPEC 10.17)."""

    collections = ("projects", "locations")

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


class WorkflowName(PartedName, frozen=True):
    """`projects/P/locations/L/workflows/W`."""

    collections = ("projects", "locations", "workflows")

    project: str
    location: str
    workflow: str

    @property
    def parent(self) -> LocationName:
        """The location the workflow is in."""
        return LocationName(self.project, self.location)

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/workflows/{self.workflow}"


class ExecutionName(PartedName, frozen=True):
    """`projects/P/locations/L/workflows/W/executions/E`; E is a UUID."""

    collections = ("projects", "locations", "workflows", "executions")

    project: str
    location: str
    workflow: str
    execution: str

    @property
    def parent(self) -> WorkflowName:
        """The workflow that is executed."""
        return WorkflowName(self.project, self.location, self.workflow)

    @property
    def uid(self) -> bytes | None:
        """The 16 bytes of the execution's UUID, or None if the id is not a canonical UUID."""
        return uid_of(self.execution)

    def __str__(self) -> str:
        return f"{self.parent}/executions/{self.execution}"


class CallbackName(PartedName, frozen=True):
    """`…/executions/E/callbacks/C`; C is derived from E and the endpoint's number."""

    collections = ("projects", "locations", "workflows", "executions", "callbacks")

    project: str
    location: str
    workflow: str
    execution: str
    callback: str

    @classmethod
    def of(cls, execution: ExecutionName, number: int) -> Self:
        """Name the `number`-th endpoint (from 0) of an execution, whose id is a UUID."""
        ids = (execution.project, execution.location, execution.workflow, execution.execution)
        return cls(*ids, callback_id(execution.uid or b"", number))

    @property
    def parent(self) -> ExecutionName:
        """The execution that created the endpoint."""
        return ExecutionName(self.project, self.location, self.workflow, self.execution)

    @property
    def number(self) -> int | None:
        """The endpoint's number within its execution, or None if no endpoint has this id."""
        uid = self.parent.uid
        return None if uid is None else callback_number(uid, self.callback)

    def __str__(self) -> str:
        return f"{self.parent}/callbacks/{self.callback}"


class StepEntryName(PartedName, frozen=True):
    """`…/executions/E/stepEntries/N`."""

    collections = ("projects", "locations", "workflows", "executions", "stepEntries")

    project: str
    location: str
    workflow: str
    execution: str
    entry: str

    @property
    def parent(self) -> ExecutionName:
        """The execution that ran the step."""
        return ExecutionName(self.project, self.location, self.workflow, self.execution)

    def __str__(self) -> str:
        return f"{self.parent}/stepEntries/{self.entry}"


class CallbackSignatureName(PartedName, frozen=True):
    """`projects/P/locations/L/workflows/W/callbackSignatures/S`."""

    collections = ("projects", "locations", "workflows", "callbackSignatures")

    project: str
    location: str
    workflow: str
    signature: str

    @property
    def parent(self) -> WorkflowName:
        """The workflow whose callbacks are signed."""
        return WorkflowName(self.project, self.location, self.workflow)

    def __str__(self) -> str:
        return f"{self.parent}/callbackSignatures/{self.signature}"


class OperationName(PartedName, frozen=True):
    """`projects/P/locations/L/operations/O`."""

    collections = ("projects", "locations", "operations")

    project: str
    location: str
    operation: str

    @property
    def parent(self) -> LocationName:
        """The location the operation is in."""
        return LocationName(self.project, self.location)

    def __str__(self) -> str:
        return f"{self.parent}/operations/{self.operation}"


class ServiceAccountName(PartedName, frozen=True):
    """`projects/P/serviceAccounts/EMAIL`; the project may be `-`."""

    collections = ("projects", "serviceAccounts")

    project: str
    email: str

    @classmethod
    def of(cls, email: str) -> Self:
        """Return the name of the account with an address, in the project that this names."""
        return cls(account_project(email) or "-", email)

    def __str__(self) -> str:
        return f"projects/{self.project}/serviceAccounts/{self.email}"


class AccountKeyName(PartedName, frozen=True):
    """`projects/P/serviceAccounts/EMAIL/keys/K`; the project may be `-`."""

    collections = ("projects", "serviceAccounts", "keys")

    project: str
    email: str
    key: str

    @property
    def parent(self) -> ServiceAccountName:
        """The account that the key is of."""
        return ServiceAccountName(self.project, self.email)

    def __str__(self) -> str:
        return f"{self.parent}/keys/{self.key}"


class RoleName(PartedName, frozen=True):
    """`projects/P/roles/R`."""

    collections = ("projects", "roles")

    project: str
    role: str

    @property
    def parent(self) -> ProjectName:
        """The project that has the role."""
        return ProjectName(self.project)

    def __str__(self) -> str:
        return f"{self.parent}/roles/{self.role}"


class RootName(msgspec.Struct, frozen=True):
    """`*`, which is above every resource."""

    #: what no project is called
    project: str = "*"

    def __str__(self) -> str:
        return "*"


class ClientSecretName(msgspec.Struct, frozen=True):
    """`projects/P/serviceAccounts/EMAIL/secrets/S`."""

    parent: ServiceAccountName
    secret: str

    @classmethod
    def parse(cls, text: str, field: str = "name") -> Self:
        """Parse a name; `field` is the request field named in an InvalidArgumentError."""
        *account, secret = ids_of(text, ("projects", "serviceAccounts", "secrets"), field)
        return cls(ServiceAccountName(*account), secret)

    def __str__(self) -> str:
        return f"{self.parent}/secrets/{self.secret}"


class SessionName(msgspec.Struct, frozen=True):
    """`projects/P/serviceAccounts/EMAIL/sessions/S`."""

    parent: ServiceAccountName
    session: str

    @classmethod
    def parse(cls, text: str, field: str = "name") -> Self:
        """Parse a name; `field` is the request field named in an InvalidArgumentError."""
        *account, session = ids_of(text, ("projects", "serviceAccounts", "sessions"), field)
        return cls(ServiceAccountName(*account), session)

    def __str__(self) -> str:
        return f"{self.parent}/sessions/{self.session}"


ResourceName = (
    RootName
    | ProjectName
    | LocationName
    | WorkflowName
    | ExecutionName
    | CallbackName
    | StepEntryName
    | CallbackSignatureName
    | OperationName
    | ServiceAccountName
    | AccountKeyName
    | RoleName
    | SigningKeysName
    | SigningKeyName
)

_TYPES: Mapping[type[ResourceName], str] = {
    LocationName: "locations.googleapis.com/Location",
    WorkflowName: "workflows.googleapis.com/Workflow",
    ExecutionName: "workflowexecutions.googleapis.com/Execution",
    CallbackName: "workflowexecutions.googleapis.com/Callback",
    StepEntryName: "workflowexecutions.googleapis.com/StepEntry",
    CallbackSignatureName: "ringback.v1/CallbackSignature",
    OperationName: "longrunning.googleapis.com/Operation",
    ServiceAccountName: "iam.googleapis.com/ServiceAccount",
    AccountKeyName: "iam.googleapis.com/ServiceAccountKey",
    RoleName: "iam.googleapis.com/Role",
    SigningKeyName: "ringback.v1/SigningKey",
}


_PARSERS: Mapping[tuple[str, ...], Callable[[str, str], ResourceName]] = {
    ProjectName.collections: ProjectName.parse,
    LocationName.collections: LocationName.parse,
    WorkflowName.collections: WorkflowName.parse,
    ExecutionName.collections: ExecutionName.parse,
    CallbackName.collections: CallbackName.parse,
    ServiceAccountName.collections: ServiceAccountName.parse,
}


def resource(name: ResourceName) -> Resource:
    """Return a name with its type, as errors tell of it."""
    return Resource(type=_TYPES[type(name)], name=str(name))


def parse_resource(text: str, field: str = "resource") -> ResourceName:
    """Parse the name of one resource of any type; `field` as for the others.

    Raises InvalidArgumentError, also for `-`, which stands for any in some requests; an account
    has its project in its address.
    """
    parts = text.split("/")
    parse = _PARSERS.get(tuple(parts[::2]))
    if parse is None or ("-" in parts[1::2] and "serviceAccounts" not in parts):
        message = (
            f"{field} must be the full name of a project, a workflow, an execution, a callback or "
            f"a service account, such as projects/local/locations/us-central1/workflows/w, got "
            f"{text[:200]!r}"
        )
        raise InvalidArgumentError(
            message, violations=(FieldViolation(field=field, description=message),)
        )
    return parse(text, field)


def valid_workflow_id(text: str) -> bool:
    """Tell whether a new workflow may have this id (SPEC 6.1)."""
    return _WORKFLOW_ID.fullmatch(text) is not None
