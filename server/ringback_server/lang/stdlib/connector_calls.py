"""Calls of connectors: send, send again, poll until what was begun has ended (SPEC 4).

A call that waits is data, like everything else of a machine: `_Call` is what it has to know,
and the continuations below are its stages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import asdict, replace

from ringback_server.lang.connector_helpers import HELPERS, helper_arguments
from ringback_server.lang.connector_params import ARGUMENT, Params, params_of
from ringback_server.lang.connector_progress import ended, poll_url
from ringback_server.lang.connector_requests import request_of
from ringback_server.lang.connectors import ConnectorCall, Method
from ringback_server.lang.effects import Event, Responded
from ringback_server.lang.errors import WorkflowError, resource_limit_error, timeout_error
from ringback_server.lang.host import Host
from ringback_server.lang.http_exchange import HttpAuth, HttpRequest
from ringback_server.lang.http_messages import USER_AGENT, result_of
from ringback_server.lang.retrying import default_delay
from ringback_server.lang.stdlib.http import (
    default_retry_predicate,
    default_retry_predicate_non_idempotent,
)
from ringback_server.lang.stdlib.registry import Block, Continuation
from ringback_server.lang.values import Map, Value, wrap

#: seconds that one request may take
REQUEST_SECONDS: Final = 1_800.0

#: names of the continuations below: packed states hold them
ANSWERED, RESEND, POLL = "connector.answered", "connector.resend", "connector.poll"


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a call that waits has to know. Packed states hold it: it only gains fields."""

    name: str
    verb: str
    url: str
    body: bytes | None = None
    content_type: str | None = None
    #: what is sent as a token; None: the account's
    bearer: str | None = None
    scopes: tuple[str, ...] = ()
    #: Unix seconds until which the whole call may take, and how many seconds that were
    deadline: float
    timeout: float
    #: how often the present request has failed
    failures: int = 0
    skip_polling: bool = False
    #: seconds until the next look, and how they grow
    delay: float
    multiplier: float
    max_delay: float
    #: whether what the first answer told of is looked at
    polling: bool = False
    #: arguments that may name what is looked at
    arguments: dict[str, str | int] = msgspec.field(default_factory=dict[str, str | int])

    def data(self) -> Map:
        """Return this as data of a continuation."""
        return Map.of((name, wrap(value)) for name, value in asdict(self).items())


def begin(host: Host, name: str, arguments: Map) -> Block:
    """Return what a call of a connector waits for first.

    Whoever drives the machine answers for a connector that nothing is known of, until its
    timeout. Raises a WorkflowError for a connector that cannot be called, and for arguments that
    will not do.
    """
    method = host.context.connectors.method(name)
    params = params_of(name, arguments.get(ARGUMENT))
    deadline = host.after(params.timeout)
    if method is None:
        expiry = _too_long(name, params.timeout)
        return Block(connector=ConnectorCall(name, arguments), deadline=deadline, expiry=expiry)
    own = Map.of((key, value) for key, value in arguments.items() if key != ARGUMENT)
    if name in HELPERS:
        own = helper_arguments(name, own, host.context.name.project)
    return _sent(host, _first(method, own, params, deadline))


def answered(host: Host, data: Map, event: Event) -> Value | Block:
    """Go on with the answer to a request."""
    if not isinstance(event, Responded):
        raise TypeError(event)
    call = _call(data)
    try:
        answer = result_of(event.answer)["body"]
    except WorkflowError as error:
        return _after_failure(host, call, error)
    method = host.context.connectors.method(call.name)
    if method is None:
        raise TypeError(call.name)
    if method.polling is None or call.skip_polling or ended(method.polling, answer):
        helper = HELPERS.get(call.name)
        return answer if helper is None else helper.returned(answer)
    if call.polling:
        delay = min(call.delay * call.multiplier, call.max_delay)
        return _poll_later(host, replace(call, delay=delay, failures=0))
    url = poll_url(method, method.polling, answer, call.arguments)
    looking = replace(
        call, verb="GET", url=url, body=None, content_type=None, polling=True, failures=0
    )
    return _poll_later(host, looking)


def resend(host: Host, data: Map, _event: Event) -> Block:
    """Send a request again that failed."""
    return _sent(host, _call(data))


def poll(host: Host, data: Map, _event: Event) -> Block:
    """Look how far something has come, which counts as a step."""
    host.steps += 1
    if host.steps > host.limits.steps:
        raise resource_limit_error("Step limit exceeded")
    return _sent(host, _call(data))


def pause_before_resending(verb: str, failures: int, error: Value, left: float) -> float | None:
    """Return the seconds before a request is sent again that failed, None if it is not.

    `failures` is how often it had failed before; `left` are the seconds that the call may take.
    """
    may_repeat = (
        default_retry_predicate if verb == "GET" else default_retry_predicate_non_idempotent
    )
    delay = default_delay(failures + 1)
    return delay if delay is not None and delay < left and may_repeat(error) else None


def _call(data: Map) -> _Call:
    return msgspec.convert(dict(data), _Call)


def _first(method: Method, arguments: Map, params: Params, deadline: float) -> _Call:
    request = request_of(method, arguments)
    names = {k: v for k, v in arguments.items() if type(v) is str or type(v) is int}
    return _Call(
        name=method.name,
        verb=request.verb,
        url=request.url,
        body=request.body,
        content_type=request.content_type,
        bearer=None if method.bearer == "token" else method.bearer,
        scopes=params.scopes,
        deadline=deadline,
        timeout=params.timeout,
        skip_polling=params.skip_polling,
        delay=params.initial_delay,
        multiplier=params.multiplier,
        max_delay=params.max_delay,
        arguments=names if method.polling else {},
    )


def _sent(host: Host, call: _Call) -> Block:
    left, expiry = call.deadline - host.now, _too_long(call.name, call.timeout)
    if left <= 0:
        raise timeout_error(expiry)
    headers = [("User-Agent", USER_AGENT)]
    if call.content_type is not None:
        headers.insert(0, ("Content-Type", call.content_type))
    if call.bearer is not None:
        headers.append(("Authorization", f"Bearer {call.bearer}"))
    return Block(
        request=HttpRequest(
            method=call.verb,
            url=call.url,
            headers=tuple(headers),
            body=call.body,
            timeout=min(left, REQUEST_SECONDS),
            auth=None if call.bearer else HttpAuth(type="OAuth2", scopes=call.scopes),
        ),
        deadline=call.deadline,
        expiry=expiry,
        continuation=Continuation(ANSWERED, call.data()),
    )


def _too_long(name: str, timeout: float) -> str:
    return f"{name}() took longer than {timeout:g} s"


def _after_failure(host: Host, call: _Call, error: WorkflowError) -> Block:
    """Return what to wait for before a request is sent again; raises the error if it is not."""
    left = call.deadline - host.now
    pause = pause_before_resending(call.verb, call.failures, error.value, left)
    if pause is None:
        raise error
    again = replace(call, failures=call.failures + 1)
    return Block(deadline=host.after(pause), continuation=Continuation(RESEND, again.data()))


def _poll_later(host: Host, call: _Call) -> Block:
    """Return what to wait for before the next look."""
    until = host.after(call.delay)
    if until >= call.deadline:
        # Nothing more can be learnt in time.
        return Block(deadline=call.deadline, expiry=_too_long(call.name, call.timeout))
    return Block(deadline=until, continuation=Continuation(POLL, call.data()))


CONTINUATIONS: Mapping[str, Callable[[Host, Map, Event], Value | Block]] = MappingProxyType(
    {ANSWERED: answered, RESEND: resend, POLL: poll}
)
