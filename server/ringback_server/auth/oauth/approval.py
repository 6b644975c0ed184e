"""Who a person is: somebody with the permission approves a login as an account."""

from __future__ import annotations

import math

from ringback_server.auth.oauth.opaque import user_code_digest
from ringback_server.auth.oauth.stores import Logins
from ringback_server.auth.oauth.throttle import Throttle
from ringback_server.clock import Clock
from ringback_server.errors import InvalidArgumentError, NotFoundError, TooManyAttemptsError
from ringback_server.model.logins import Login

#: how many wrong user codes one may try, and all strangers together, in how many seconds
_GUESSES, _ALL_GUESSES, _WINDOW = 10, 300, 60.0
_ALL = ""


class Approval:
    """Finds logins by the codes that people read out, and decides them."""

    def __init__(self, logins: Logins, clock: Clock) -> None:
        """Take the seams."""
        self._logins = logins
        self._clock = clock
        self._guesses = Throttle(clock, limit=_GUESSES, seconds=_WINDOW)
        self._all = Throttle(clock, limit=_ALL_GUESSES, seconds=_WINDOW)

    def find(self, user_code: str, guesser: str, *, stranger: bool = False) -> Login:
        """Return the login that waits under a user code.

        `guesser` says who tries codes. A `stranger`, who is known by an address alone, has to share
        with all others, and keeps nobody else waiting. Raises NotFoundError if none waits under it,
        InvalidArgumentError if it is no user code, TooManyAttemptsError.
        """
        wait = max(self._guesses.wait(guesser), self._all.wait(_ALL) if stranger else 0.0)
        if wait:
            raise TooManyAttemptsError(
                f"Too many codes were wrong; try again in {math.ceil(wait)} seconds."
            )
        found = user_code_digest(user_code)
        if found is None:
            raise InvalidArgumentError("A user code has eight letters, such as BCDF-GHJK.")
        login = self._logins.by_user_code(found)
        if login is None or not login.pending or self._clock.now() >= login.expire_time:
            self._guesses.count(guesser)
            if stranger:
                self._all.count(_ALL)
            raise _gone()
        return login

    def approve(self, login: Login, email: str) -> None:
        """Let a person in as an account; NotFoundError if the login waits no longer."""
        if not self._logins.approve(login.login_id, email, self._clock.now()):
            raise _gone()

    def deny(self, login: Login) -> None:
        """Refuse a login; NotFoundError if it waits no longer."""
        if not self._logins.deny(login.login_id, self._clock.now()):
            raise _gone()


def _gone() -> NotFoundError:
    return NotFoundError("No login waits under this code.", reason="LOGIN_NOT_FOUND")
