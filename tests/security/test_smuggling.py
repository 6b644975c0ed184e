"""Requests whose ends two servers could see in two places: no part of one is ever another."""

from __future__ import annotations

import re

import pytest

from tests.security.attacked import Attacked

_POST = b"POST /token HTTP/1.1\r\nHost: a\r\n"
_GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
#: what must never be taken for a request of its own
_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

#: each is refused, and its connection serves nothing more
REFUSED = {
    "Content-Length and Transfer-Encoding": (
        _POST + b"Content-Length: 6\r\n" + _CHUNKED + b"\r\n0\r\n\r\nG"
    ),
    "Transfer-Encoding and Content-Length": (
        _POST + _CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\nG"
    ),
    "two lengths": _POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "one length twice": _POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "list of lengths": _POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "length with a sign": _POST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": _POST + b"Content-Length: -5\r\n\r\nhello",
    "hexadecimal length": _POST + b"Content-Length: 0x5\r\n\r\nhello",
    "length with a space": _POST + b"Content-Length: 1 5\r\n\r\nhello",
    "empty length": _POST + b"Content-Length: \r\n\r\nhello",
    "huge length": _POST + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "length in other digits": _POST + "Content-Length: \u0665\r\n\r\nhello".encode(),
    "folded line": _POST + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\nhello",
    "folded value": _GET + b"X-A: b\r\n c\r\n\r\n",
    "space before the colon": _POST + b"Content-Length : 5\r\n\r\nhello",
    "space before the colon of a coding": _POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "space before the first header": b"GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n",
    "bare LF": b"GET /healthz HTTP/1.1\nHost: a\n\n",
    "bare LF behind a header": b"GET /healthz HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "bare CR": b"GET /healthz HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
    "null byte": _GET + b"X: a\0b\r\n\r\n",
    "control in a name": _GET + b"X\x01: b\r\n\r\n",
    "no name": _GET + b": b\r\n\r\n",
    "no colon": _GET + b"foo\r\n\r\n",
    "unknown coding": _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding that ends nowhere": (
        _POST + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "chunked that is not last": _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding that is not read": _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": _POST + _CHUNKED + _CHUNKED + b"\r\n0\r\n\r\n",
    "two codings": _POST + _CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "quoted coding": _POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "vertical tab": _POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked before HTTP/1.1": (
        b"POST /token HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n"
        + _CHUNKED
        + b"\r\n0\r\n\r\n"
    ),
    "chunk with a bare LF in its extension": _POST + _CHUNKED + b"\r\n5;a\nhello\r\n0\r\n\r\n",
    "chunks with bare LF": _POST + _CHUNKED + b"\r\n5\nhello\n0\n\n",
    "negative chunk": _POST + _CHUNKED + b"\r\n-5\r\nhello\r\n0\r\n\r\n",
    "chunk with a prefix": _POST + _CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "huge chunk": _POST + _CHUNKED + b"\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "chunk longer than it says": _POST + _CHUNKED + b"\r\n5\r\nhelloXX0\r\n\r\n",
    "chunk without an end": _POST + _CHUNKED + b"\r\n5\r\nhello0\r\n\r\n",
    "chunk with a space": _POST + _CHUNKED + b"\r\n5 \r\nhello\r\n0\r\n\r\n",
    "length in a trailer": _POST + _CHUNKED + b"\r\n0\r\nContent-Length: 9\r\n\r\n",
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "tunnel": b"CONNECT other:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "other version": b"GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n",
    "space in the method": b"GE T /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "space in the path": b"GET /heal thz HTTP/1.1\r\nHost: a\r\n\r\n",
}
#: each is one request, and what follows it is the next
TAKEN = {
    "body that looks like a request": (
        _POST + b"Content-Length: %d\r\n\r\n" % len(_SMUGGLED) + _SMUGGLED
    ),
    "body of GET": _GET + b"Content-Length: %d\r\n\r\n" % len(_SMUGGLED) + _SMUGGLED,
    "chunked in capitals": _POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n",
    "chunk with an extension": _POST + _CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
    "trailer": _POST + _CHUNKED + b"\r\n0\r\nX-Sum: 9\r\nHost: b\r\n\r\n",
    "underscore": _POST + b"Content_Length: 5\r\n\r\n",
    "empty lines before": b"\r\n\r\n" + _GET + b"\r\n",
}


def statuses(answer: bytes) -> list[bytes]:
    """Return the statuses of all answers."""
    return re.findall(rb"HTTP/1\.1 (\d+)", answer)


@pytest.mark.parametrize("edge", ["http", "metadata"])
@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
def test_request_when_it_could_end_in_two_places(
    target: Attacked, request_: bytes, edge: str
) -> None:
    """It is refused once, and what follows it is not even read."""
    answer = target.exchange(request_ + _SMUGGLED, edge=edge)

    assert [b"400"] == statuses(answer)


@pytest.mark.parametrize("request_", TAKEN.values(), ids=TAKEN)
def test_request_when_it_ends_in_one_place(target: Attacked, request_: bytes) -> None:
    """It is one request, and what follows it is one more, whatever it holds."""
    last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    answer = target.exchange(request_ + last)

    assert 2 == len(statuses(answer))
    assert b"200" == statuses(answer)[-1]
    assert b"404" not in statuses(answer)


def test_request_when_the_one_before_closed(target: Attacked) -> None:
    """Nothing behind a request to close is answered."""
    last = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    assert [b"200"] == statuses(target.exchange(last + _SMUGGLED))
