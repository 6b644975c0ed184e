"""The callback URL: takes a request of any method and hands it to the execution that waits."""

from __future__ import annotations

import re

from starlette.types import Receive

from ringback_server.api.admission import Admission, audited
from ringback_server.auth.webhooks.message import SignedMessage
from ringback_server.auth.webhooks.senders import Sender
from ringback_server.control import callbacks, signed_callbacks
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
from ringback_server.gateway.signed_bodies import SignedBodies
from ringback_server.gateway.workers import Workers
from ringback_server.model.names import CallbackName
from ringback_server.model.resources import SentCallback
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
        self._backend = admission.backend
        self._limit = admission.backend.settings.max_callback_body
        self._signed_bodies = SignedBodies(self._limit)

    @staticmethod
    def match(raw_path: str) -> bool:
        """Tell whether a path is that of a callback URL."""
        return _PATH.fullmatch(raw_path) is not None

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer one request; SPEC 10.13 has the order of the checks."""
        request.served.method = "callback"
        note_method(request.served.method)
        # A token decides, if there is one: no signature stands in for one that is wrong.
        if request.header("authorization") is None and await self._workers.run(
            lambda: self._backend.senders.may_be_signed(request.headers)
        ):
            return await self._respond_signed(request, receive)
        # First, so that a stranger's body is not even read.
        caller = await self._entrance.admit(request)
        try:
            body = await read_body(request, receive, self._limit, _BODY_SECONDS)
        except PayloadTooLargeError:
            # Whether the caller may know that depends on checks that come first.
            body = None
        return await self._workers.run(lambda: self._send(caller, request, body))

    async def _respond_signed(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer a request that may be signed; what is signed is its body."""
        body = await self._signed_bodies.read(request, receive)
        sender = await self._workers.run_alone(lambda: self._sender(request, body))
        if sender is not None:
            return await self._workers.run(lambda: self._send_signed(sender, request, body))
        # Refused as without a signature; only a server that asks for no tokens goes on.
        caller = await self._entrance.admit(request)
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
        return _answer(audited(caller, lambda: callbacks.send(caller, name, received)))

    def _sender(self, request: HttpRequest, body: bytes) -> Sender | None:
        query = f"?{request.raw_query}" if request.raw_query else ""
        message = SignedMessage(
            method=request.method,
            target=f"{request.raw_path}{query}",
            headers=request.headers,
            body=body,
        )
        return signed_callbacks.identify(self._backend, _known_name(request.raw_path), message)

    def _send_signed(self, sender: Sender, request: HttpRequest, body: bytes) -> Answer:
        caller = Caller(
            principal=sender.principal,
            backend=self._backend,
            time_left=lambda: None,
            # Nothing of it lasts longer than the request.
            confirm=lambda: None,
        )
        name = _name(request.raw_path)
        received = CallbackRequest(
            method=request.method,
            query=request.query(),
            headers=[each for each in request.headers if each[0] not in sender.secret_headers],
            body=body,
            idempotency_key=sender.message_key,
            key_is_signed=True,
        )
        sent = audited(caller, lambda: signed_callbacks.send(caller, sender, name, received))
        if isinstance(sent, SentCallback):
            return _answer(sent)
        return json_answer(sent, headers=(("Ringback-Outcome", "answered"),))


def _answer(sent: SentCallback) -> Answer:
    headers = (
        ("Ringback-Outcome", sent.outcome.lower()),
        ("Ringback-Payload-Id", sent.payload_id),
    )
    # The line ends, so that the prompt of a terminal comes below what curl shows.
    return Answer(headers=headers, body=b"{}\n")


def _known_name(raw_path: str) -> CallbackName | None:
    """Return what a path names; None if there cannot be such an endpoint."""
    try:
        return _name(raw_path)
    except NotFoundError:
        return None


def _name(raw_path: str) -> CallbackName:
    try:
        return CallbackName.parse(decoded(raw_path.removeprefix("/v1/")))
    except InvalidArgumentError:
        raise NotFoundError(
            "There is no callback endpoint at this URL.",
            reason="CALLBACK_NOT_FOUND",
            resource=Resource(type="workflowexecutions.googleapis.com/Callback", name=""),
        ) from None
