"""Errors as HTTP answers, in Google's JSON envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from google.protobuf.json_format import MessageToDict

from ringback_server import errors
from ringback_server.api.statuses import DOMAIN, details_of
from ringback_server.gateway.answers import Answer, json_answer

_TYPES = "type.googleapis.com"
_TRY_AGAIN = {429, 503, 507}


@dataclass(frozen=True, slots=True)
class HttpStatus:
    """An HTTP status code and the name of the canonical code in the envelope."""

    code: int
    name: str


#: the status of each error that a caller can be told
STATUSES: dict[type[errors.RingbackError], HttpStatus] = {
    errors.RingbackError: HttpStatus(500, "INTERNAL"),
    errors.InvalidArgumentError: HttpStatus(400, "INVALID_ARGUMENT"),
    errors.PayloadTooLargeError: HttpStatus(413, "INVALID_ARGUMENT"),
    errors.UnsupportedMediaTypeError: HttpStatus(415, "INVALID_ARGUMENT"),
    errors.MethodNotAllowedError: HttpStatus(405, "INVALID_ARGUMENT"),
    errors.UnauthenticatedError: HttpStatus(401, "UNAUTHENTICATED"),
    errors.PermissionDeniedError: HttpStatus(403, "PERMISSION_DENIED"),
    errors.NotFoundError: HttpStatus(404, "NOT_FOUND"),
    errors.AlreadyExistsError: HttpStatus(409, "ALREADY_EXISTS"),
    errors.FailedPreconditionError: HttpStatus(400, "FAILED_PRECONDITION"),
    errors.StaleEtagError: HttpStatus(409, "ABORTED"),
    errors.IdempotencyConflictError: HttpStatus(409, "ALREADY_EXISTS"),
    errors.InboxFullError: HttpStatus(429, "RESOURCE_EXHAUSTED"),
    errors.QuotaExceededError: HttpStatus(429, "RESOURCE_EXHAUSTED"),
    errors.TooManyAttemptsError: HttpStatus(429, "RESOURCE_EXHAUSTED"),
    errors.RateLimitExceededError: HttpStatus(429, "RESOURCE_EXHAUSTED"),
    errors.OverloadedError: HttpStatus(503, "UNAVAILABLE"),
    errors.StorageFullError: HttpStatus(507, "UNAVAILABLE"),
    errors.ShuttingDownError: HttpStatus(503, "UNAVAILABLE"),
    errors.CorruptDataError: HttpStatus(500, "DATA_LOSS"),
}


def error_answer(error: errors.RingbackError) -> Answer:
    """Return the answer for an error."""
    status = STATUSES[type(error)]
    details = [
        {"@type": f"{_TYPES}/{detail.DESCRIPTOR.full_name}", **MessageToDict(detail)}
        for detail in details_of(error)
    ]
    return _envelope(status, error.message, details, _headers(error, status))


def internal_answer() -> Answer:
    """Return the answer to anything unexpected, which says nothing about what happened."""
    return _envelope(HttpStatus(500, "INTERNAL"), "Internal error.", [], ())


def timeout_answer() -> Answer:
    """Return the answer to a request whose body does not come."""
    close = (("Connection", "close"),)
    info = {"@type": f"{_TYPES}/google.rpc.ErrorInfo", "reason": "BODY_TIMEOUT", "domain": DOMAIN}
    status = HttpStatus(408, "DEADLINE_EXCEEDED")
    return _envelope(status, "The body did not come.", [info], close)


def _headers(error: errors.RingbackError, status: HttpStatus) -> tuple[tuple[str, str], ...]:
    if isinstance(error, errors.UnauthenticatedError):
        return (("WWW-Authenticate", "Bearer"),)
    if isinstance(error, errors.MethodNotAllowedError):
        return (("Allow", error.allow),)
    if error.retry_after is None or status.code not in _TRY_AGAIN:
        return ()
    return (("Retry-After", str(max(1, ceil(error.retry_after)))),)


def _envelope(
    status: HttpStatus,
    message: str,
    details: Sequence[Mapping[str, object]],
    headers: tuple[tuple[str, str], ...],
) -> Answer:
    error: dict[str, object] = {"code": status.code, "message": message, "status": status.name}
    if details:
        error["details"] = details
    return json_answer({"error": error}, status=status.code, headers=headers)
