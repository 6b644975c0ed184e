"""One request and its answer, redirects included."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import httpcore
from h2.exceptions import H2Error

from ringback_server.engine.outbound.bodies import (
    MAX_BODY,
    Body,
    BrokenBodyError,
    TooLargeError,
    decodable,
)
from ringback_server.engine.outbound.connecting import EgressRefusedError
from ringback_server.engine.outbound.pool import Destination, Pool, Pooled
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpRequest,
    HttpResponse,
)
from ringback_server.lang.urls import absolute_url
from ringback_server.model.origins import port_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 10
_FOLLOWING = frozenset({"GET", "HEAD"})
#: may be sent twice without harm, when a kept connection turns out to be closed
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

#: what HTTP/2 lets go without being asked for more. While httpcore waits to be asked it sees no
#: answer, and who refuses a large body asks for none of it; HTTP/1.1 is for those.
_WINDOW = 65_535

_CREDENTIALS = frozenset({"authorization", "cookie"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class _UnusableError(Exception):
    """A kept connection was closed before anything came back on it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A URL, taken apart."""

    destination: Destination
    authority: str
    target: str

    @classmethod
    def of(cls, url: str, ca_certificate: bytes | None, *, http2: bool = True) -> _Place:
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        host = parts.hostname or ""
        destination = Destination(parts.scheme, host, port_of(parts), ca_certificate, http2)
        return cls(destination, parts.netloc, target)


async def exchange(
    pool: Pool, request: HttpRequest, *, redirects: int = MAX_REDIRECTS
) -> HttpAnswer:
    """Send a request and return its answer; failures are answers too.

    GET and HEAD follow redirects, without credentials once they lead to another origin; after
    as many as are given, the next one is the answer. Takes as long as it takes.
    """
    try:
        response = await _answered(pool, request)
        for _ in range(redirects):
            following = _redirected(request, response)
            if following is None:
                break
            request = following
            response = await _answered(pool, request)
    except EgressRefusedError as error:
        return _failure(FailureKind.REFUSED, error)
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        return _unconnected(request, error)
    except (TooLargeError, BrokenBodyError, ValueError, httpcore.LocalProtocolError) as error:
        return _reported(error)
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        return _failure(FailureKind.CONNECTION_BROKEN, error)
    return response


def _reported(error: Exception) -> HttpFailure:
    if isinstance(error, TooLargeError):
        return too_large()
    broken = isinstance(error, BrokenBodyError)
    return _failure(FailureKind.CONNECTION_BROKEN if broken else FailureKind.INVALID, error)


def _failure(kind: FailureKind, error: Exception) -> HttpFailure:
    return HttpFailure(kind=kind, message=str(error) or f"the {kind.value}")


def _unconnected(request: HttpRequest, error: BaseException) -> HttpFailure:
    """Return the failure of a connection that did not come about, with the reason beneath it."""
    kind, reason = FailureKind.CONNECTION_FAILED, error
    while True:
        if isinstance(reason, ssl.SSLError):
            kind = FailureKind.TLS
        beneath = reason.__cause__ or reason.__context__
        if beneath is None:
            break
        reason = beneath
    authority = urlsplit(request.url).netloc
    words = str(reason) or type(reason).__name__
    return HttpFailure(kind=kind, message=f"no connection to {authority}: {words}")


def _redirected(request: HttpRequest, response: HttpResponse) -> HttpRequest | None:
    """Return the request that a redirect asks for; raises ValueError for where none may go."""
    locations = [value for name, value in response.headers if name == "Location"]
    if response.code not in _REDIRECTS or request.method not in _FOLLOWING or not locations:
        return None
    try:
        url = absolute_url(urljoin(request.url, locations[0]))
    except ValueError as error:
        raise ValueError(f"redirected to {locations[0][:200]!r}: {error}") from None
    headers = request.headers
    here, there = _Place.of(request.url, None), _Place.of(url, None)
    if here.destination != there.destination:
        headers = [pair for pair in headers if pair[0].lower() not in _CREDENTIALS]
    return replace(request, url=url, headers=tuple(headers))


async def _answered(pool: Pool, request: HttpRequest) -> HttpResponse:
    """Send a request once, and again if a kept connection had been closed meanwhile."""
    while True:
        try:
            return await _sent(pool, request)
        except _UnusableError:
            continue


async def _sent(pool: Pool, request: HttpRequest) -> HttpResponse:
    small = len(request.body or b"") <= _WINDOW
    place = _Place.of(request.url, request.ca_certificate, http2=small)
    pooled, used = pool.take(place.destination)
    clean = False
    try:
        try:
            with _protocol(pooled):
                response = await pooled.connection.handle_async_request(_encoded(request, place))
        except httpcore.ConnectionNotAvailable as error:
            raise _UnusableError from error
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            if used and request.method in _REPEATABLE:
                raise _UnusableError from error
            raise
        if "HTTP/2" in pooled.connection.info():
            pool.share(pooled)
        with _protocol(pooled):
            answer = await _read(request.method, response)
        clean = True
    finally:
        pool.give_back(pooled, clean=clean)
    return answer


@contextmanager
def _protocol(pooled: Pooled) -> Generator[None]:
    """Turn what breaks HTTP/2 into the other side's error: httpcore takes it for ours, or h2's.

    Our side is right about it: what workflows give was checked before.
    """
    try:
        yield
    except (httpcore.LocalProtocolError, H2Error) as error:
        if isinstance(error, H2Error) or "HTTP/2" in pooled.connection.info():
            raise httpcore.RemoteProtocolError(f"HTTP/2: {error}") from error
        raise


def request_headers(request: HttpRequest, authority: str) -> list[tuple[str, str]]:
    """Return all headers that a request is sent with, to a host and perhaps a port."""
    given = {name.lower() for name, _ in request.headers}
    headers = [("Host", authority), *request.headers]
    headers += [
        (name, value)
        for name, value in (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"))
        if name.lower() not in given
    ]
    if request.body or request.method in _WITH_BODY:
        headers.append(("Content-Length", str(len(request.body or b""))))
    return headers


def response_headers(received: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return the headers of a response as workflows see them, their names in canonical case."""
    return [(_canonical(name.decode("latin-1")), _text(value)) for name, value in received]


def too_large() -> HttpFailure:
    """Return the failure of a body that is larger than MAX_BODY."""
    message = f"the response is larger than {MAX_BODY} bytes"
    return HttpFailure(kind=FailureKind.TOO_LARGE, message=message)


def _encoded(request: HttpRequest, place: _Place) -> httpcore.Request:
    destination = place.destination
    headers = request_headers(request, place.authority)
    return httpcore.Request(
        method=request.method.encode(),
        url=httpcore.URL(
            scheme=destination.scheme.encode(),
            host=destination.host.encode(),
            port=destination.port,
            target=place.target.encode(),
        ),
        headers=[(name.encode(), value.encode()) for name, value in headers],
        content=request.body or b"",
        extensions={"sni_hostname": destination.host.rstrip(".")},
    )


async def _read(method: str, response: httpcore.Response) -> HttpResponse:
    headers = response_headers(response.headers)
    coding = next((value for name, value in headers if name == "Content-Encoding"), "")
    body = Body("" if method == "HEAD" else coding)
    stream = response.stream
    if not isinstance(stream, AsyncIterable):
        raise TypeError(type(stream))
    try:
        async for chunk in stream:
            body.feed(chunk)
    finally:
        await response.aclose()
    content = body.content()
    if content and decodable(coding):
        headers = [p for p in headers if p[0] not in {"Content-Encoding", "Content-Length"}]
    return HttpResponse(code=response.status, headers=tuple(headers), body=content)


def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeError:
        return value.decode("latin-1")
