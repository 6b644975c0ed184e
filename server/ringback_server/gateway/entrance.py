"""How callers over HTTP are let in: those with new tokens one at a time."""

from __future__ import annotations

from ringback_server.api.admission import Admission
from ringback_server.control.caller import Caller
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.workers import Workers


class Entrance:
    """Checks the tokens of requests, so that a flood of bad ones has one thread and no more.

    A token that was seen before takes next to no time, and waits for none that was not.
    """

    def __init__(self, admission: Admission, workers: Workers) -> None:
        self._admission = admission
        self._workers = workers

    async def admit(self, request: HttpRequest) -> Caller:
        """Let a caller in; raise UnauthenticatedError, and OverloadedError if too many wait."""
        authorization = request.authorization
        known = self._admission.knows(authorization)
        run = self._workers.run if known else self._workers.run_alone
        return await run(lambda: self._admission.admit(authorization))
