"""The Callbacks service."""

from __future__ import annotations

from ringback.v1 import callbacks_pb2
from ringback_server.api import messages
from ringback_server.control import callback_links, callbacks
from ringback_server.control.caller import Caller
from ringback_server.control.listing import ListRequest
from ringback_server.control.request_map import CallbackRequest
from ringback_server.model.names import CallbackName, ExecutionName


def send_callback(
    request: callbacks_pb2.SendCallbackRequest, caller: Caller
) -> callbacks_pb2.SendCallbackResponse:
    """Send a callback to an endpoint."""
    sent = callbacks.send(caller, CallbackName.parse(request.name), callback_request(request))
    return messages.sent_callback(sent)


def list_callbacks(
    request: callbacks_pb2.ListCallbacksRequest, caller: Caller
) -> callbacks_pb2.ListCallbacksResponse:
    """List the callback endpoints of an execution, with a token for each if that is asked for."""
    parent = ExecutionName.parse(request.parent, "parent")
    with_tokens = request.HasField("token_lifetime")
    if with_tokens:
        callback_links.check(caller, parent)
    page = callbacks.list_(
        caller,
        parent,
        ListRequest(size=request.page_size, token=request.page_token, filter=request.filter),
    )
    base_url = caller.backend.engine.callback_base_url
    shown = [messages.callback(found, base_url) for found in page.items]
    if with_tokens:
        tokens = callback_links.make(
            caller, page.items, messages.seconds_of(request.token_lifetime)
        )
        for callback, issued in zip(shown, tokens, strict=True):
            callback.access_token = issued.token
            callback.access_token_expire_time.seconds = issued.expire_time
    return callbacks_pb2.ListCallbacksResponse(callbacks=shown, next_page_token=page.next_token)


def callback_request(sent: callbacks_pb2.SendCallbackRequest) -> CallbackRequest:
    """Read what is sent, as the same request over HTTP would say it."""
    headers = [
        (name, value)
        for name, value in sorted(sent.headers.items())
        if not (sent.content_type and name.lower() == "content-type")
    ]
    if sent.content_type:
        headers.append(("Content-Type", sent.content_type))
    return CallbackRequest(
        method=sent.method.upper() or None,
        query=[(key, value) for key in sorted(sent.query) for value in sent.query[key].values],
        headers=headers,
        body=sent.body,
        idempotency_key=sent.request_id or None,
    )
