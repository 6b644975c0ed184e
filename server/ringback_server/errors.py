"""What a caller can be told: each class is something the caller did or can act on.

The class docstring is the default message. Exactly two tables map each class to a canonical code
and an HTTP status (`api/statuses.py`, `gateway/status.py`). Anything else that is raised leaves
the service as INTERNAL without detail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
T = TypeVar("T")

#: when what is busy, full or shutting down may be asked again, in seconds
_SOON = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """One thing wrong with one field of a request."""

    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource that is not there, or is there already; its type is Google's where it has one."""

    type: str
    name: str


class RingbackError(Exception):
    """The request could not be served."""

    #: after how many seconds it is worth trying again; None: not as it was
    retry_after: float | None = None
    #: what there is too much of; empty: that is not why
    quota: ClassVar[str] = ""
    #: the field that is wrong unless violations say which
    field: ClassVar[str | None] = None

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: str | None = None,
        violations: tuple[FieldViolation, ...] = (),
        resource: Resource | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Take a message, a machine-readable reason (UPPER_SNAKE_CASE) and field violations.

        `resource` is the one that it is about, and `facts` are more for programs to read.
        """
        super().__init__(message or (self.__doc__ or "").strip())
        self.reason = reason or _reason(type(self).__name__)
        self.resource = resource
        self.facts = dict(facts or {})
        if not violations and self.field is not None:
            violations = (FieldViolation(field=self.field, description=self.message),)
        self.violations = violations

    @property
    def message(self) -> str:
        """The sentence shown to the caller."""
        return str(self.args[0])


def _reason(class_name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", class_name.removesuffix("Error")).upper()


# What the caller sent


class InvalidArgumentError(RingbackError):
    """The request is malformed."""

    field = ""


class PayloadTooLargeError(RingbackError):
    """The body is larger than this server accepts."""

    field = "body"


class UnsupportedMediaTypeError(RingbackError):
    """The body is of a type, or encoded in a way, that this server does not read."""

    field = "body"


class MethodNotAllowedError(RingbackError):
    """The endpoint expects another HTTP method."""

    field = "method"

    def __init__(self, message: str | None = None, *, allow: str) -> None:
        """Take the method that the endpoint does expect."""
        message = message or f"The callback endpoint expects {allow}."
        super().__init__(message, facts={"allow": allow})
        self.allow = allow


# Who the caller is


class UnauthenticatedError(RingbackError):
    """The request needs a valid bearer token."""


class PermissionDeniedError(RingbackError):
    """The caller lacks the permission."""


# What the request names


class NotFoundError(RingbackError):
    """The resource was not found."""


class AlreadyExistsError(RingbackError):
    """The resource exists already."""


class FailedPreconditionError(RingbackError):
    """The resource is not in a state that allows this."""


class StaleEtagError(RingbackError):
    """The resource has changed since it was read: read it again, and repeat the change."""


class IdempotencyConflictError(AlreadyExistsError):
    """The idempotency key was used before with another request."""


# What the server can take at present


class InboxFullError(RingbackError):
    """The callback endpoint holds as many unconsumed payloads as it may."""

    retry_after = _SOON
    quota = "payloads of the callback endpoint"


class QuotaExceededError(RingbackError):
    """Too many executions are waiting to start."""

    retry_after = _SOON
    quota = "executions"


class TooManyAttemptsError(RingbackError):
    """Too many attempts were wrong; try again in a minute."""

    retry_after = 60.0
    quota = "wrong attempts"


class RateLimitExceededError(RingbackError):
    """The project has sent too many requests; try again in a moment."""

    retry_after = _SOON
    quota = "requests per second of the project"

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float = _SOON,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Take after how many seconds there will be room, and what programs can read of it."""
        super().__init__(message, facts=facts)
        self.retry_after = retry_after


class OverloadedError(RingbackError):
    """The server is busy; try again in a moment."""

    retry_after = _SOON


class StorageFullError(RingbackError):
    """The server cannot store anything at present: its disk is full."""

    retry_after = _SOON


class ShuttingDownError(RingbackError):
    """The server is shutting down; try again in a moment."""

    retry_after = _SOON


class CorruptDataError(RingbackError):
    """Stored data of this resource is damaged and cannot be read."""


class StartError(Exception):
    """The server cannot start; the message is one line that says what to do."""


def attempt(
    action: Callable[Parameters, T], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> T | RingbackError:
    """Return what an action returns, or the error that it raises."""
    try:
        return action(*args, **kwargs)
    except RingbackError as error:
        return error
