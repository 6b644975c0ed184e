"""Errors as gRPC statuses, with their details as `google.rpc.Status`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from ringback_server import errors

DOMAIN = "ringback"
DETAILS_KEY = "grpc-status-details-bin"

#: the status of each error that a caller can be told
STATUSES: dict[type[errors.RingbackError], grpc.StatusCode] = {
    errors.RingbackError: grpc.StatusCode.INTERNAL,
    errors.InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.PayloadTooLargeError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.MethodNotAllowedError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.IdempotencyConflictError: grpc.StatusCode.ALREADY_EXISTS,
    errors.InboxFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.QuotaExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.OverloadedError: grpc.StatusCode.UNAVAILABLE,
    errors.StorageFullError: grpc.StatusCode.UNAVAILABLE,
    errors.ShuttingDownError: grpc.StatusCode.UNAVAILABLE,
    errors.CorruptDataError: grpc.StatusCode.DATA_LOSS,
}

# Message and details travel in headers, of which clients take 8 KiB unless told otherwise. The
# message is counted as it is sent, percent-encoded; the details grow by a third.
_MESSAGE_BYTES = 2_500
_DETAILS_BYTES = 3_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a refused call is answered with."""

    code: grpc.StatusCode
    message: str
    #: a serialized google.rpc.Status
    details: bytes


#: the answer to anything unexpected, which says nothing about what happened
INTERNAL = Refusal(
    code=grpc.StatusCode.INTERNAL,
    message="Internal error.",
    details=Status(code=13, message="Internal error.").SerializeToString(),
)


def refusal(error: errors.RingbackError) -> Refusal:
    """Return the status of an error; what would not fit in headers is left out."""
    code = STATUSES[type(error)]
    number = int(code.value[0])
    message = _shortened(error.message)
    status = Status(code=number, message=message)
    status.details.append(_pack(ErrorInfo(reason=error.reason, domain=DOMAIN)))
    room = _DETAILS_BYTES - status.ByteSize()
    if error.violations:
        status.details.append(_pack(_bad_request(error.violations, room)))
    return Refusal(code=code, message=message, details=status.SerializeToString())


def _bad_request(violations: tuple[errors.FieldViolation, ...], room: int) -> BadRequest:
    shown = BadRequest()
    for violation in violations:
        room -= len(violation.field) + len(violation.description.encode()) + 20
        if room < 0:
            break
        shown.field_violations.add(field=violation.field, description=violation.description)
    return shown


def _shortened(message: str) -> str:
    lines = message.split("\n")
    kept: list[str] = []
    room = _MESSAGE_BYTES
    for line in lines:
        room -= len(quote(line)) + 3
        if room < 0 and kept:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])
        kept.append(line if room >= 0 else f"{line[: _MESSAGE_BYTES // 12]}…")
    return "\n".join(kept)


def _pack(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
