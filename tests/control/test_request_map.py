"""The request map of a callback."""

from __future__ import annotations

import pytest

from ringback_server.control.request_map import (
    SECRET_HEADERS,
    CallbackRequest,
    canonical_header,
    decode_body,
    go_time,
    request_hash,
    request_map,
)

JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "", None),
        (b"", JSON, None),
        (b'{"a": [1, 2.5, null, true]}', JSON, {"a": [1, 2.5, None, True]}),
        (b"9007199254740993", JSON, 9007199254740993),
        (b"-9223372036854775808", JSON, -(2**63)),
        (b'"x"', "application/vnd.api+json; charset=utf-8", "x"),
        (b'{"a": 1}', "Application/JSON; charset=UTF-8", {"a": 1}),
        ('"ä"'.encode("utf-16"), "application/json; charset=utf-16", "ä"),
        (b"{broken", JSON, b"{broken"),
        (b'"\xff"', JSON, b'"\xff"'),
        (b"[" * 200 + b"]" * 200, JSON, b"[" * 200 + b"]" * 200),
        (b"[" * 127 + b"]" * 127, JSON, b"[" * 127 + b"]" * 127),
        (b"plain", "text/plain", "plain"),
        ("ä".encode(), "text/plain", "ä"),
        ("ä".encode("latin-1"), "text/plain; charset=ISO-8859-1", "ä"),
        ("ä".encode("cp1252"), 'text/html; charset="windows-1252"', "ä"),
        ("ä".encode("latin-1"), "text/plain", b"\xe4"),
        (b"abc", "text/plain; charset=klingon", b"abc"),
        (b"abc", "text/plain; charset=punycode", b"abc"),
        (b"abc", "text/plain; charset=zlib_codec", b"abc"),
        (b"abc", "text/plain; charset=../../x", b"abc"),
        (b"abc", "text/plain; charset=", b"abc"),
        (b"a=1&b=2", "application/x-www-form-urlencoded", b"a=1&b=2"),
        (b"\x00\x01", "application/octet-stream", b"\x00\x01"),
        (b"bare", "", b"bare"),
        (b"bare", "; charset=utf-8", b"bare"),
    ],
)
def test_decode_body_by_content_type(body: bytes, content_type: str, expected: object) -> None:
    """A body is decoded as its type says; what cannot be decoded is delivered as bytes."""
    assert expected == decode_body(body, content_type)


@pytest.mark.parametrize("depth", range(120, 127))
def test_decode_body_when_nested_deeply(depth: int) -> None:
    """JSON is decoded as deep as the language lets a request map hold it."""
    assert isinstance(decode_body(b"[" * depth + b"]" * depth, JSON), list)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("content-type", "Content-Type"),
        ("X-REQUEST-ID", "X-Request-Id"),
        ("host", "Host"),
        ("x--a", "X--A"),
    ],
)
def test_canonical_header_from_any_case(name: str, expected: str) -> None:
    """Header names look the same however they were sent."""
    assert expected == canonical_header(name)


@pytest.mark.parametrize(
    ("seconds", "uptime", "expected"),
    [
        (1624564156.988072, 742581.005, "2021-06-24 19:49:16.988072 +0000 UTC m=+742581.005000000"),
        (1624564156.0, 0.5, "2021-06-24 19:49:16 +0000 UTC m=+0.500000000"),
        (1624564156.25, 1.0, "2021-06-24 19:49:16.25 +0000 UTC m=+1.000000000"),
    ],
)
def test_go_time_at_a_time(seconds: float, uptime: float, expected: str) -> None:
    """Times are printed as Go prints them, with the monotonic reading."""
    assert expected == go_time(seconds, uptime)


def test_request_map_of_a_full_request() -> None:
    """The map has the documented parts; repeated headers are joined, repeated keys a list."""
    request = CallbackRequest(
        method="POST",
        query=[("a", "1"), ("b", "2"), ("b", "3"), ("empty", "")],
        headers=[("content-type", "text/plain"), ("x-tag", "one"), ("X-Tag", "two")],
        body=b"hello",
    )

    made = request_map(request, method="POST", path="/v1/x", received=0.0, uptime=1.0)

    assert {
        "http_request": {
            "body": "hello",
            "headers": {"Content-Type": "text/plain", "X-Tag": "one, two"},
            "method": "POST",
            "query": {"a": "1", "b": ["2", "3"], "empty": ""},
            "url": "/v1/x",
        },
        "received_time": "1970-01-01 00:00:00 +0000 UTC m=+1.000000000",
        "type": "HTTP",
    } == made


@pytest.mark.parametrize("header", sorted(SECRET_HEADERS))
def test_request_map_without_secret_header(header: str) -> None:
    """Headers that carry credentials or signatures never reach the workflow or the store."""
    request = CallbackRequest(method="GET", headers=[(header.upper(), "secret"), ("X-A", "b")])

    made = request_map(request, method="GET", path="/", received=0.0, uptime=0.0)

    assert "secret" not in str(made)
    assert "X-A" in str(made)


def test_request_map_without_token_in_query() -> None:
    """A token in the query is dropped too."""
    request = CallbackRequest(method="GET", query=[("access_token", "secret"), ("a", "b")])

    made = request_map(request, method="GET", path="/", received=0.0, uptime=0.0)

    assert "secret" not in str(made)
    assert request_hash(request, "GET") == request_hash(
        CallbackRequest(method="GET", query=[("a", "b")]), "GET"
    )


@pytest.mark.parametrize(
    "other",
    [
        CallbackRequest(method="POST", body=b"other"),
        CallbackRequest(method="POST", body=b"body", query=[("a", "1")]),
        CallbackRequest(method="POST", body=b"body", headers=[("Content-Type", JSON)]),
    ],
)
def test_request_hash_of_other_request(other: CallbackRequest) -> None:
    """Requests that differ in body, query or content type are not the same."""
    first = CallbackRequest(method="POST", body=b"body")

    assert request_hash(first, "POST") != request_hash(other, "POST")
    assert request_hash(first, "POST") != request_hash(first, "PUT")
    assert request_hash(first, "POST") == request_hash(
        CallbackRequest(method=None, body=b"body", headers=[("X-Trace", "1")]), "POST"
    )
