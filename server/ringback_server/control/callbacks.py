"""Verbs on callback endpoints: send and list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias, cast

from msgspec.structs import replace

from ringback_server.control import list_fields
from ringback_server.control.auditing import Detail, describe
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.listing import ListRequest, page_of, query
from ringback_server.control.paging import PageSizes
from ringback_server.control.refusals import check_request_id, refused
from ringback_server.control.request_map import CallbackRequest, request_hash, request_map
from ringback_server.errors import (
    IdempotencyConflictError,
    InvalidArgumentError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RingbackError,
)
from ringback_server.model.filters import All, Any, Comparison, Condition, Not, comparisons
from ringback_server.model.names import CallbackName, ExecutionName
from ringback_server.model.resources import CallbackEndpoint, SentCallback
from ringback_server.store.callbacks import SendRequest, Sent, execution_has_ended
from ringback_server.store.ids import new_uid
from ringback_server.store.payloads import pack

_PAGE = PageSizes(default=100, maximum=100)
#: characters of all headers and query parameters, as many as the HTTP edge takes
_MAX_HEAD = 64 * 1024
_NO_NUMBER = -1
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_A_VALUE = re.compile(r"[\x00\r\n]")


_Outcomes: TypeAlias = Sequence[Sent | RingbackError]


@requires("workflows.callbacks.send")
def check(
    caller: Caller, name: CallbackName, request: CallbackRequest
) -> tuple[CallbackName, CallbackRequest]:
    """Return an endpoint's name by its project's id, and the request as it may be sent there.

    Nothing is looked up, so that a refusal tells nothing of the endpoint. A token that is bound to
    a method decides for a request without one. Raise PermissionDeniedError.
    """
    method = caller.principal.method
    if method is None:
        return name, request
    if request.method not in {None, method}:
        raise PermissionDeniedError(
            f"The token is good for callbacks that are sent with {method} alone.",
            reason="IAM_PERMISSION_DENIED",
            facts={"permission": "workflows.callbacks.send", "resource": str(name)},
        )
    return name, replace(request, method=method)


def send(caller: Caller, name: CallbackName, request: CallbackRequest) -> SentCallback:
    """Store a callback's payload on its endpoint and wake the execution that waits for it.

    Raise, in this order: PermissionDeniedError, NotFoundError, MethodNotAllowedError,
    PayloadTooLargeError, IdempotencyConflictError, InboxFullError. Whatever is returned is on disk.
    """
    name, request = check(caller, name, request)
    if request.method is None:
        return _send_as_expected(caller, name, request)
    return _send(caller, name, request)


@requires("workflows.callbacks.send")
def probe(caller: Caller, name: CallbackName) -> None:
    """Return if an endpoint takes callbacks; or PermissionDeniedError, NotFoundError."""
    _, ended = caller.backend.store.callbacks.expected_method(name)
    if ended:
        raise execution_has_ended(name)


def send_all(
    caller: Caller, requests: Sequence[SendRequest]
) -> Sequence[SentCallback | RingbackError]:
    """Send callbacks that the caller may send, in one transaction, each with its own result."""
    describe(
        lambda value: [
            _detail(request, outcome)
            for request, outcome in zip(requests, cast("_Outcomes", value), strict=True)
            if isinstance(outcome, Sent)
        ]
    )
    outcomes = caller.backend.store.callbacks.send_all(requests)
    for outcome in outcomes:
        if not isinstance(outcome, RingbackError):
            engine = caller.backend.engine
            engine.delivered(outcome.execution_key, outcome.delivery, outcome.workflow_key)
    return [one if isinstance(one, RingbackError) else one.answer for one in outcomes]


def send_request(caller: Caller, name: CallbackName, request: CallbackRequest) -> SendRequest:
    """Return a callback as it is to be stored.

    Raise InvalidArgumentError, NotFoundError, MethodNotAllowedError, PayloadTooLargeError.
    """
    backend = caller.backend
    check_request_id(request.idempotency_key)
    _check_head(request)
    method = request.method
    limit = backend.settings.max_callback_body
    oversized = request.body is None or len(request.body) > limit
    if method is None or oversized:
        expected, ended = backend.store.callbacks.expected_method(name)
        method = method or expected
        if oversized and ended:
            raise execution_has_ended(name)
        if method != expected:
            raise MethodNotAllowedError(allow=expected)
    if oversized:
        raise PayloadTooLargeError(
            f"The body of a callback may have at most {limit} bytes.",
            facts={"limitBytes": str(limit)},
        )
    now = backend.clock.now()
    payload = request_map(
        request,
        method=method,
        path=f"/v1/{name}",
        received=now,
        uptime=backend.clock.monotonic(),
    )
    return SendRequest(
        name=name,
        method=method,
        idempotency_key=request.idempotency_key,
        request_hash=b"" if request.idempotency_key is None else request_hash(request, method),
        payload_id=new_uid(),
        sender=caller.principal.email,
        token_id=caller.principal.token_id,
        receive_time=now,
        payload=pack(payload),
        inbox_limit=backend.settings.max_inbox,
    )


def _send_as_expected(caller: Caller, name: CallbackName, request: CallbackRequest) -> SentCallback:
    """Send with the method that the endpoint expects: nearly always POST, so that is tried."""
    try:
        return _send(caller, name, replace(request, method="POST"))
    except (MethodNotAllowedError, IdempotencyConflictError):
        # Once the execution has ended, a repeat of another method's request looks like a conflict.
        return _send(caller, name, request)


def _send(caller: Caller, name: CallbackName, request: CallbackRequest) -> SentCallback:
    sending = send_request(caller, name, request)
    describe(lambda value: (_detail(sending, cast("Sent", value)),))
    return caller.backend.engine.send(sending)


def _detail(request: SendRequest, sent: Sent) -> Detail:
    """Return what the audit keeps of a callback: which payload is there now."""
    answer = sent.answer
    return Detail(resource=str(request.name), reason=answer.outcome, payload_id=answer.payload_id)


@requires("workflows.callbacks.list")
def list_(caller: Caller, parent: ExecutionName, request: ListRequest) -> Page[CallbackEndpoint]:
    """Return a page of the endpoints that take callbacks; or NotFoundError.

    With the filter `state=LATE`, those with payloads that nothing consumed before the end. Raise
    InvalidArgumentError for a filter that is not understood.
    """
    backend = caller.backend
    scope = f"callbacks {parent}"
    wanted = query(
        scope,
        request,
        list_fields.CALLBACKS,
        _PAGE,
        now=backend.clock.now(),
        narrow=lambda condition: _narrowed(condition, parent),
    )
    found = backend.store.callbacks.list(parent, wanted)
    return page_of(scope, request, found, lambda endpoint: endpoint)


def _narrowed(condition: Condition | None, parent: ExecutionName) -> Condition:
    """Return a condition with names as numbers, and OPEN unless it says something of the state."""
    (state, *_) = list_fields.CALLBACKS
    said = any(each.field == state for each in comparisons(condition))
    found = None if condition is None else _numbered(condition, parent)
    is_open = Comparison(field=state, operator="=", value="OPEN")
    if found is None:
        return is_open
    return found if said else All((is_open, found))


def _numbered(condition: Condition, parent: ExecutionName) -> Condition:
    match condition:
        case Comparison() if condition.field.name == "name":
            number = _number(str(condition.value), parent)
            return Comparison(field=condition.field, operator=condition.operator, value=number)
        case All(terms):
            return All(tuple(_numbered(term, parent) for term in terms))
        case Any(terms):
            return Any(tuple(_numbered(term, parent) for term in terms))
        case Not(term):
            return Not(_numbered(term, parent))
        case _:
            return condition


def _number(name: str, parent: ExecutionName) -> int:
    """Return the number of an endpoint by its name or its id; -1 if it is not the parent's."""
    try:
        full = CallbackName.parse(name if "/" in name else f"{parent}/callbacks/{name}")
    except InvalidArgumentError:
        return _NO_NUMBER
    same = full.parent.execution == parent.execution
    return full.number if same and full.number is not None else _NO_NUMBER


def _check_head(request: CallbackRequest) -> None:
    """Hold what did not come by HTTP to what HTTP allows: names, values and their size."""
    for name, value in request.headers:
        if not _HEADER_NAME.fullmatch(name) or _NOT_IN_A_VALUE.search(value):
            raise refused(
                "headers", f"{name[:100]!r} is not the name of a header, or its value no text"
            )
    head = (*request.headers, *request.query)
    if sum(len(name) + len(value) for name, value in head) > _MAX_HEAD:
        raise refused("headers", f"headers and query may have at most {_MAX_HEAD} characters")
