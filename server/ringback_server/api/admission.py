"""From a bearer token to a Caller: the one way in, which every edge takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ringback_server.control.caller import Backend, Caller
from ringback_server.model.principals import Principal


class Authenticator(Protocol):
    """Checks tokens."""

    def authenticate(self, bearer: str, /) -> Principal:
        """Return whom the token speaks for, "" if there is none; raise UnauthenticatedError."""
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
        scheme, _, token = (authorization or "").strip().partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        principal = self.authenticator.authenticate(bearer)
        return Caller(principal=principal, backend=self.backend, time_left=time_left)
