"""From a bearer token to a Caller: the one way in, which every edge takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ringback_server.control import auditing
from ringback_server.control.caller import Backend, Caller
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.principals import Principal

Answer = TypeVar("Answer")


class Authenticator(Protocol):
    """Checks tokens."""

    def authenticate(self, bearer: str, /) -> Principal:
        """Return whom the token speaks for, "" if there is none; raise UnauthenticatedError."""
        ...

    def knows(self, bearer: str, /) -> bool:
        """Tell whether the token was verified lately, so that `authenticate` takes no time."""
        ...


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets callers in to a backend."""

    authenticator: Authenticator
    backend: Backend

    def admit(
        self, authorization: str | None, time_left: Callable[[], float | None] = lambda: None
    ) -> Caller:
        """Make a caller from the value of an `Authorization` header.

        `time_left` gives the seconds until the caller gives up. Raise UnauthenticatedError.
        """
        bearer = bearer_of(authorization)
        try:
            principal = self.authenticator.authenticate(bearer)
        except UnauthenticatedError as error:
            auditing.stranger(self.backend.audit, self.backend.clock.now(), error)
            raise
        return Caller(
            principal=principal,
            backend=self.backend,
            time_left=time_left,
            confirm=lambda: self.authenticator.authenticate(bearer),
        )

    def knows(self, authorization: str | None) -> bool:
        """Tell whether the token in an `Authorization` header takes no time to check."""
        return self.authenticator.knows(bearer_of(authorization))


def audited(caller: Caller, action: Callable[[], Answer]) -> Answer:
    """Answer a caller's request, and have the audit keep what it should of that."""
    backend = caller.backend
    return auditing.audited(caller.principal, backend.audit, backend.clock.now(), action)


def bearer_of(authorization: str | None) -> str:
    """Return the token in the value of an Authorization header, "" if it holds none.

    Scheme names have no case, and one space or more follows them (RFC 9110, 11.4).
    """
    scheme, _, token = (authorization or "").strip(" \t").partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else ""
