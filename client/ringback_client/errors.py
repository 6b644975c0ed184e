"""What can go wrong, each as one sentence and, where there is one, the next step to take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_STATUS_DETAILS = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}

_NEXT_BY_REASON: Mapping[str, str] = {
    "WORKFLOW_NOT_FOUND": "See which there are with: ringback list",
    "REVISION_NOT_FOUND": "See which there are with: ringback list-revisions WORKFLOW",
    "EXECUTION_NOT_FOUND": "See which there are with: ringback executions list WORKFLOW",
    "CALLBACK_NOT_FOUND": "See which there are with: ringback callbacks list EXECUTION",
    "INVALID_DEFINITION": "Check a file without a server: ringback lint FILE",
    "SERVICE_ACCOUNT_NOT_FOUND": (
        "Give its whole address; see which there are with: ringback iam service-accounts list"
    ),
    "EXECUTION_ENDED": "See how it ended with: ringback executions describe EXECUTION",
}
_NEXT_BY_STATUS: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNAUTHENTICATED: (
        "Set RINGBACK_CREDENTIALS to a key file of this server, such as admin.json in its data "
        "directory."
    ),
    grpc.StatusCode.PERMISSION_DENIED: (
        "Act as an account that has the permission: log in as it with ringback auth login, or set "
        "RINGBACK_CREDENTIALS to its key file."
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: "Try again in a moment.",
    grpc.StatusCode.UNAVAILABLE: "Try again in a moment.",
    grpc.StatusCode.DEADLINE_EXCEEDED: "Try again, or look at the server's log.",
    grpc.StatusCode.INTERNAL: "The server's log says more.",
}


class ClientError(Exception):
    """The request could not be made, or was refused."""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        """Take a sentence that says what happened, and what to do about it."""
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class InvalidInputError(ClientError):
    """What was asked for cannot be right, whatever the server says."""


class ServerNotFoundError(ClientError):
    """No running server is known, or the one that is cannot be reached."""


class CredentialsError(ClientError):
    """The key file cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """One thing wrong with one field of a request."""

    field: str
    description: str


class RequestError(ClientError):
    """The server refused the request."""

    def __init__(
        self,
        message: str,
        *,
        status: grpc.StatusCode,
        reason: str | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        """Take the server's sentence, its gRPC status, and a machine-readable reason."""
        next_step = _NEXT_BY_REASON.get(reason or "") or _NEXT_BY_STATUS.get(status)
        super().__init__(message, next_step=next_step)
        self.status = status
        self.reason = reason
        self.violations = violations


def from_rpc(error: grpc.RpcError, address: str) -> ClientError:
    """Translate the failure of a call to the server at `address`."""
    code = error.code()
    status = _status_details(error)
    if status is None and code is grpc.StatusCode.UNAVAILABLE:
        return ServerNotFoundError(
            f"The server at {address} cannot be reached.",
            next_step="Start it with: ringback serve, or set RINGBACK_ADDRESS to its gRPC port.",
        )
    if status is None:
        return RequestError(error.details() or code.name, status=code)
    return from_status(status)


def from_status(status: status_pb2.Status) -> RequestError:
    """Translate the status of a failed call or operation."""
    reason: str | None = None
    violations: list[FieldViolation] = []
    for detail in status.details:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(request):
            violations += [
                FieldViolation(field=violation.field, description=violation.description)
                for violation in request.field_violations
            ]
    return RequestError(
        status.message,
        status=_CODES.get(status.code, grpc.StatusCode.UNKNOWN),
        reason=reason,
        violations=tuple(violations),
    )


def _status_details(error: grpc.RpcError) -> status_pb2.Status | None:
    # Pairs, which only grpc has names for, and grpc.aio has not.
    metadata = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    for key, value in metadata:
        if key == _STATUS_DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
