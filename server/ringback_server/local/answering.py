"""From the answer of a stub to the event that ends a call's wait."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET

from ringback_server.lang.effects import Event, Raised, Responded, Returned, Wait
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpRequest,
    HttpResponse,
)
from ringback_server.lang.http_messages import result_of
from ringback_server.lang.values import Map, Value, wrap
from ringback_server.local.stubs import Answer

#: of connectors, in seconds
_TIMEOUT: Final = 1800.0
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


def answered(wait: Wait, answer: Answer) -> tuple[float, Event]:
    """Return after how many seconds a call's wait ends, and how.

    A call that has a timeout ends by it at the latest.
    """
    request = wait.request
    patience = _TIMEOUT if request is None else request.timeout
    if answer.fail == "timeout" or (request is not None and answer.delay >= patience):
        return patience, _ended(wait, _failure("timeout", request, patience))
    return answer.delay, _event(wait, answer, patience)


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
