"""The callback URL: takes a request of any method and hands it to the execution that waits."""

from __future__ import annotations

import re

from starlette.types import Receive

from ringback_server.api.admission import Admission, audited
from ringback_server.control import callbacks
from ringback_server.control.caller import Caller
from ringback_server.control.request_map import CallbackRequest
from ringback_server.errors import (
    InvalidArgumentError,
    NotFoundError,
    PayloadTooLargeError,
    Resource,
)
from ringback_server.gateway.answers import Answer, json_answer
from ringback_server.gateway.entrance import Entrance
from ringback_server.gateway.exchange import HttpRequest, read_body
from ringback_server.gateway.path_template import decoded
from ringback_server.gateway.workers import Workers
from ringback_server.model.names import CallbackName
from ringback_server.tracing import note_method

# No id has a colon: what follows one asks for something else, such as `:getIamPolicy`.
_PATH = re.compile(
    r"/v1/(projects/[^/]+/locations/[^/]+/workflows/[^/]+/executions/[^/]+/callbacks/[^/:]+)"
)
_BODY_SECONDS = 60.0


class CallbackUrls:
    """Answers requests to callback URLs."""

    def __init__(self, admission: Admission, workers: Workers) -> None:
        self._entrance = Entrance(admission, workers)
        self._workers = workers
        self._limit = admission.backend.settings.max_callback_body

    @staticmethod
    def match(raw_path: str) -> bool:
        """Tell whether a path is that of a callback URL."""
        return _PATH.fullmatch(raw_path) is not None

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer one request; SPEC 10.13 has the order of the checks."""
        request.served.method = "callback"
        note_method(request.served.method)
        # First, so that a stranger's body is not even read.
        caller = await self._entrance.admit(request)
        try:
            body = await read_body(request, receive, self._limit, _BODY_SECONDS)
        except PayloadTooLargeError:
            # Whether the caller may know that depends on checks that come first.
            body = None
        return await self._workers.run(lambda: self._send(caller, request, body))

    def _send(self, caller: Caller, request: HttpRequest, body: bytes | None) -> Answer:
        name = _name(request.raw_path)
        received = CallbackRequest(
            method=request.method,
            query=request.query(),
            headers=request.headers,
            body=body,
            idempotency_key=request.header("idempotency-key"),
        )
        sent = audited(caller, lambda: callbacks.send(caller, name, received))
        headers = (
            ("Ringback-Outcome", sent.outcome.lower()),
            ("Ringback-Payload-Id", sent.payload_id),
        )
        return json_answer({}, headers=headers)


def _name(raw_path: str) -> CallbackName:
    try:
        return CallbackName.parse(decoded(raw_path.removeprefix("/v1/")))
    except InvalidArgumentError:
        raise NotFoundError(
            "There is no callback endpoint at this URL.",
            reason="CALLBACK_NOT_FOUND",
            resource=Resource(type="workflowexecutions.googleapis.com/Callback", name=""),
        ) from None
