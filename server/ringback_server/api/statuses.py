"""Errors as `google.rpc.Status`: what a call, or one request of a batch, is refused with."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    QuotaFailure,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status

from ringback_server import errors

DOMAIN: Final = "ringback"

#: the code of each error that a caller can be told
CODES: dict[type[errors.RingbackError], code_pb2.Code.ValueType] = {
    errors.RingbackError: code_pb2.INTERNAL,
    errors.InvalidArgumentError: code_pb2.INVALID_ARGUMENT,
    errors.PayloadTooLargeError: code_pb2.INVALID_ARGUMENT,
    errors.UnsupportedMediaTypeError: code_pb2.INVALID_ARGUMENT,
    errors.MethodNotAllowedError: code_pb2.INVALID_ARGUMENT,
    errors.UnauthenticatedError: code_pb2.UNAUTHENTICATED,
    errors.PermissionDeniedError: code_pb2.PERMISSION_DENIED,
    errors.NotFoundError: code_pb2.NOT_FOUND,
    errors.AlreadyExistsError: code_pb2.ALREADY_EXISTS,
    errors.FailedPreconditionError: code_pb2.FAILED_PRECONDITION,
    errors.StaleEtagError: code_pb2.ABORTED,
    errors.IdempotencyConflictError: code_pb2.ALREADY_EXISTS,
    errors.InboxFullError: code_pb2.RESOURCE_EXHAUSTED,
    errors.QuotaExceededError: code_pb2.RESOURCE_EXHAUSTED,
    errors.TooManyAttemptsError: code_pb2.RESOURCE_EXHAUSTED,
    errors.RateLimitExceededError: code_pb2.RESOURCE_EXHAUSTED,
    errors.OverloadedError: code_pb2.UNAVAILABLE,
    errors.StorageFullError: code_pb2.UNAVAILABLE,
    errors.ShuttingDownError: code_pb2.UNAVAILABLE,
    errors.CorruptDataError: code_pb2.DATA_LOSS,
}

# Message and details of a call travel in headers, of which clients take 8 KiB unless told
# otherwise. The message is counted as it is sent, percent-encoded; the details grow by a third.
_MESSAGE_BYTES = 2_500
_DETAILS_BYTES = 3_500
#: characters of one thing among the details
_FACT_LENGTH = 400


def details_of(error: errors.RingbackError) -> list[Message]:
    """Return what programs can read of an error: why first, then what it is about, and what to do.

    The reason comes with what the error is about: facts, the resource, the field that is wrong.
    """
    details: list[Message] = [_error_info(error)]
    if isinstance(error, errors.NotFoundError | errors.AlreadyExistsError):
        resource = error.resource or errors.Resource(type="", name="")
        details.append(
            ResourceInfo(
                resource_type=resource.type,
                resource_name=resource.name,
                description=_first_line(error.message),
            )
        )
    if error.quota:
        subject = error.resource.name if error.resource else error.quota
        exceeded = QuotaFailure.Violation(subject=subject, description=_first_line(error.message))
        details.append(QuotaFailure(violations=[exceeded]))
    if error.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1_000))
        details.append(retry)
    if error.violations:
        shown = BadRequest()
        for violation in error.violations:
            shown.field_violations.add(field=violation.field, description=violation.description)
        details.append(shown)
    return details


def status_of(error: errors.RingbackError) -> Status:
    """Return the status of an error; what would not fit in headers is left out."""
    status = Status(code=CODES[type(error)], message=_shortened(error.message))
    for detail in details_of(error):
        room = _DETAILS_BYTES - status.ByteSize()
        fitting = _bad_request(error.violations, room) if isinstance(detail, BadRequest) else detail
        if fitting.ByteSize() <= room:
            status.details.append(_pack(fitting))
    return status


def _error_info(error: errors.RingbackError) -> ErrorInfo:
    facts = dict(error.facts)
    if error.resource is not None:
        facts["resource"] = error.resource.name
    if error.violations:
        facts["field"] = error.violations[0].field
    metadata = {name: value[:_FACT_LENGTH] for name, value in facts.items()}
    return ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)


def _first_line(message: str) -> str:
    return message.partition("\n")[0][:_FACT_LENGTH]


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
