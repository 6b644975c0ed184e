"""The REST interface: every RPC that has an HTTP rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from starlette.types import Receive

from ringback_server.api.admission import Admission
from ringback_server.api.table import Method, Service, StreamMethod
from ringback_server.control.caller import Caller
from ringback_server.errors import UnsupportedMediaTypeError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.entrance import Entrance
from ringback_server.gateway.events import Events, EventStream, Opening
from ringback_server.gateway.exchange import HttpRequest, read_body
from ringback_server.gateway.parameters import split_format
from ringback_server.gateway.transcoder import Route, Transcoder
from ringback_server.gateway.workers import Workers
from ringback_server.tracing import note_method

_MAX_BODY = 4 * 1024 * 1024
_BODY_SECONDS = 60.0
#: what push subscriptions of Pub/Sub have in their URLs
_MODE = "__GCP_CloudEventsMode"


class Rest:
    """Answers REST requests with the functions that answer gRPC calls."""

    def __init__(
        self,
        services: Iterable[Service],
        admission: Admission,
        workers: Workers,
        pool: DescriptorPool,
    ) -> None:
        self._transcoder = Transcoder(services)
        self._entrance = Entrance(admission, workers)
        self._workers = workers
        self._pool = pool
        self._events = Events(workers, pool)

    async def respond(self, request: HttpRequest, receive: Receive) -> Answer | EventStream:
        """Answer one request."""
        if request.method == "OPTIONS":
            return Answer(headers=(("Allow", self._transcoder.allowed(request.raw_path)),))
        route = self._transcoder.route(request.method, request.raw_path)
        request.served.method = "/".join(route.binding.name.rsplit(".", 1))
        note_method(request.served.method)
        # First, so that a stranger's body is not even read, nor told what is wrong with it.
        caller = await self._entrance.admit(request)
        _check_encoding(request)
        body = await read_body(request, receive, _MAX_BODY, _BODY_SECONDS)
        method = route.binding.method
        if isinstance(method, StreamMethod):
            return await self._events.open(_opening(caller, route, method, request))
        return await self._workers.run(lambda: self._call(caller, route, method, request, body))

    def _call(
        self, caller: Caller, route: Route, method: Method, request: HttpRequest, body: bytes
    ) -> Answer:
        form, query = split_format(request.query())
        mode, query = _push_mode(method, query)
        asked = route.request(query, body, request.header("content-type"))
        _tell(asked, "gcp_cloud_events_mode", mode)
        _tell(asked, "request_id", request.header("idempotency-key"))
        return route.answer(method.answer(asked, caller), self._pool, form)


def _check_encoding(request: HttpRequest) -> None:
    """Raise UnsupportedMediaTypeError for a body that is compressed.

    None is read: nothing but memory would limit what a few bytes grow to.
    """
    encoding = (request.header("content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(
            f"Bodies are not read compressed; send it without Content-Encoding: {encoding[:40]}."
        )


def _opening(caller: Caller, route: Route, method: StreamMethod, request: HttpRequest) -> Opening:
    form, query = split_format(request.query(), kinds=("sse", "json"))
    asked = route.request(query, b"")
    _tell(asked, "resume_token", request.header("last-event-id"))
    return Opening(
        caller=caller, method=method, asked=asked, enums_as_numbers=form.enums_as_numbers
    )


def _push_mode(
    method: Method, query: list[tuple[str, str]]
) -> tuple[str | None, list[tuple[str, str]]]:
    """Take the parameter of push subscriptions out of the query of a request that knows it."""
    if "gcp_cloud_events_mode" not in method.request.DESCRIPTOR.fields_by_name:
        return None, query
    mode = next((value for key, value in query if key == _MODE), None)
    return mode, [pair for pair in query if pair[0] != _MODE]


def _tell(asked: Message, name: str, value: str | None) -> None:
    """Let a header be a field of a request that has it and does not say it itself."""
    fields: Mapping[str, object] = asked.DESCRIPTOR.fields_by_name
    if value and name in fields and not getattr(asked, name):
        setattr(asked, name, value)
