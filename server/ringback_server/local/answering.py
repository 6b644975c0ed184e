"""From the answer of a stub to the event that ends a call's wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET

from ringback_server.lang.connector_params import ARGUMENT
from ringback_server.lang.connectors import ConnectorCall
from ringback_server.lang.effects import Event, Expired, Raised, Responded, Returned, Wait
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpRequest,
    HttpResponse,
)
from ringback_server.lang.http_messages import result_of
from ringback_server.lang.stdlib.connector_calls import REQUEST_SECONDS, pause_before_resending
from ringback_server.lang.values import Map, Value, wrap
from ringback_server.local.services import is_one_request, verb_of
from ringback_server.local.stubs import Answer

_UNREACHED: Final = "no connection to {host}: {reason}"
_FAILURES: Final = {
    "connection refused": (FailureKind.CONNECTION_FAILED, _UNREACHED, "Connection refused"),
    "unknown host": (FailureKind.CONNECTION_FAILED, _UNREACHED, "Name or service not known"),
    "tls": (FailureKind.TLS, _UNREACHED, "certificate verify failed"),
    "connection reset": (FailureKind.CONNECTION_BROKEN, "{reason}", "Connection reset by peer"),
    "timeout": (FailureKind.TIMEOUT, "no answer within {seconds:g} s", ""),
    "too large": (FailureKind.TOO_LARGE, "{reason}", "the response is larger than 2097152 bytes"),
    "auth": (FailureKind.AUTH, "{reason}", "there is no token for this request"),
}


@dataclass(frozen=True, slots=True)
class Again:
    """Instead of an event: the wait goes on, and its request is sent again."""

    wait: int
    #: how often it has failed
    failures: int


def answered(
    wait: Wait, answer: Answer, now: float, failures: int = 0
) -> tuple[float, Event | Again]:
    """Return after how many seconds a call's wait ends, and how; or is sent again.

    A call that has a timeout ends by it at the latest. `failures` is how often it had failed.
    """
    request = wait.request
    if wait.connector is not None and wait.deadline is not None:
        return _connected(wait, wait.connector, answer, wait.deadline - now, failures)
    patience = REQUEST_SECONDS if request is None else request.timeout
    if answer.fail == "timeout" or (request is not None and answer.delay >= patience):
        return patience, _ended(wait, _failure("timeout", request, patience))
    return answer.delay, _event(wait, answer, patience)


def _connected(
    wait: Wait, call: ConnectorCall, answer: Answer, left: float, failures: int
) -> tuple[float, Event | Again]:
    """Return what comes of a request of a connector, whose call may take the seconds `left`."""
    is_request = answer.fail == "timeout" or _is_one_request(call)
    patience = min(left, REQUEST_SECONDS) if is_request else left
    is_late = answer.fail == "timeout" or answer.delay >= patience
    if is_late and patience == left:
        return left, Expired(wait.number)
    seconds = patience if is_late else answer.delay
    event = (
        _ended(wait, _failure("timeout", None, patience))
        if is_late
        else _event(wait, answer, patience)
    )
    if not isinstance(event, Raised) or (answer.raises is not None and not is_late):
        return seconds, event
    pause = pause_before_resending(verb_of(call.name), failures, event.error, left - seconds)
    if pause is None:
        return seconds, event
    return seconds + pause, Again(wait.number, failures + 1)


def _is_one_request(call: ConnectorCall) -> bool:
    """Tell whether a stub stands for one request, and for no operation that takes longer."""
    params = call.arguments.get(ARGUMENT)
    skips = isinstance(params, Map) and params.get("skip_polling") is True
    return skips or is_one_request(call.name)


def _event(wait: Wait, answer: Answer, patience: float) -> Event:
    if answer.raises is not None:
        return Raised(wait.number, _error(wrap(answer.raises)))
    if answer.returns is not UNSET:
        return Returned(wait.number, wrap(answer.returns))
    if answer.fail is not None:
        return _ended(wait, _failure(answer.fail, wait.request, patience))
    response = HttpResponse(code=answer.code, headers=answer.sent_headers(), body=answer.content())
    return _ended(wait, response)


def _ended(wait: Wait, answer: HttpAnswer) -> Event:
    """Return what an HTTP message means to a call: connectors result in its body."""
    if wait.request is not None:
        return Responded(wait.number, answer)
    try:
        return Returned(wait.number, result_of(answer)["body"])
    except WorkflowError as error:
        return Raised(wait.number, _error(error.value))


def _failure(fail: str, request: HttpRequest | None, patience: float) -> HttpFailure:
    kind, message, reason = _FAILURES[fail]
    host = "the service" if request is None else urlsplit(request.url).netloc
    return HttpFailure(
        kind=kind, message=message.format(host=host, reason=reason, seconds=patience)
    )


def _error(value: Value) -> str | Map:
    if isinstance(value, (str, Map)):
        return value
    raise TypeError(value)
