"""From HTTP requests to request messages, by the rules of a small service."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import Default

from ringback_server.errors import (
    InvalidArgumentError,
    MethodNotAllowedError,
    NotFoundError,
)
from ringback_server.gateway.json_messages import to_json
from ringback_server.gateway.transcoder import Format, split_format
from tests.gateway.library import BOOK, REQUEST, TRANSCODER


def transcoded(verb: str, url: str, body: bytes = b"") -> object:
    """Return the request message for an HTTP request, as JSON with the names of the fields."""
    path, _, query = url.partition("?")
    message = TRANSCODER.route(verb, path).request(parse_qsl(query, keep_blank_values=True), body)
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/v1/shelves/1/books/2", {"name": "shelves/1/books/2"}),
        ("/v1/books", {}),
        ("/v1/books?count=5", {"count": 5}),
        ("/v1/books?pageSize=5&page_size=6", None),
        ("/v1/books?pageSize=5", {"page_size": 5}),
        ("/v1/books?page_size=5", {"page_size": 5}),
        ("/v1/books?big=9007199254740993", {"big": "9007199254740993"}),
        ("/v1/books?ratio=0.5", {"ratio": 0.5}),
        ("/v1/books?isOpen=true", {"is_open": True}),
        ("/v1/books?is_open=false", {}),
        ("/v1/books?rawData=aGk%3D", {"raw_data": "aGk="}),
        ("/v1/books?color=BLUE", {"color": "BLUE"}),
        ("/v1/books?color=2", {"color": "BLUE"}),
        ("/v1/books?tags=a&tags=b", {"tags": ["a", "b"]}),
        ("/v1/books?tags=", {"tags": [""]}),
        ("/v1/books?book.pageCount=3", {"book": {"page_count": "3"}}),
        ("/v1/books?book.name=x&book.page_count=3", {"book": {"name": "x", "page_count": "3"}}),
        ("/v1/books?createTime=2026-01-01T00:00:00Z", {"create_time": "2026-01-01T00:00:00Z"}),
        ("/v1/books?timeSpan=1.5s", {"time_span": "1.500s"}),
        ("/v1/books?updateMask=book,pageCount", {"update_mask": "book,pageCount"}),
        ("/v1/books?updateMask=book,page_count", {"update_mask": "book,pageCount"}),
    ],
)
def test_request_from_a_query(url: str, expected: dict[str, object] | None) -> None:
    """Query parameters fill the fields of every kind, by JSON name and by proto name."""
    if expected is None:
        with pytest.raises(InvalidArgumentError):
            transcoded("GET", url)
    else:
        assert expected == transcoded("GET", url)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("/v1/books?pagesize=5", "pagesize"),
        ("/v1/books?nope=1", "nope"),
        ("/v1/books?book=1", "book"),
        ("/v1/books?book.nope=1", "book.nope"),
        ("/v1/books?book.name.x=1", "book.name.x"),
        ("/v1/books?books.name=1", "books.name"),
        ("/v1/books?count=1&count=2", "count"),
        ("/v1/books?count=x", "count"),
        ("/v1/books?count=99999999999", "count"),
        ("/v1/books?big=1.5", "big"),
        ("/v1/books?isOpen=maybe", "isOpen"),
        ("/v1/books?color=PINK", "color"),
        ("/v1/books?createTime=now", "create_time"),
        ("/v1/books?timeSpan=1", "time_span"),
        ("/v1/books?=1", "''"),
        ("/v1/shelves/1/books/2?name=shelves/3", "name"),
    ],
)
def test_request_from_a_bad_query(url: str, named: str) -> None:
    """A parameter that is unknown or does not fit is refused, and the message names it."""
    with pytest.raises(InvalidArgumentError) as caught:
        transcoded("GET", url)

    assert named in caught.value.message


def test_request_from_a_body_field() -> None:
    """A body that is a field fills that field; path and query fill others."""
    made = transcoded(
        "PATCH",
        "/v1/shelves/1/books/2?updateMask=pageCount",
        b'{"pageCount": "7", "name": "ignored"}',
    )

    assert {
        "book": {"name": "shelves/1/books/2", "page_count": "7"},
        "update_mask": "pageCount",
    } == made


@pytest.mark.parametrize("body", [b"", b"  ", b"{}"])
def test_request_from_an_empty_body(body: bytes) -> None:
    """No body is an empty one."""
    assert {"name": "shelves/1/books/2"} == transcoded("POST", "/v1/shelves/1/books/2:burn", body)


def test_request_from_a_whole_body() -> None:
    """A body that is everything fills the message, in JSON names or proto names."""
    body = b'{"isOpen": true, "page_size": 3, "books": [{"name": "a"}], "color": 1}'

    assert {
        "name": "shelves/1/books/2",
        "is_open": True,
        "page_size": 3,
        "books": [{"name": "a"}],
        "color": "RED",
    } == transcoded("POST", "/v1/shelves/1/books/2:burn", body)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b'{"nope": 1}',
        b'{"count": "x"}',
        b'{"count": []}',
        b'{"books": {}}',
        b'{"books": [1]}',
        b'{"book": [1]}',
        b'{"book": "x"}',
        b'{"name": 1}',
        b'{"name": "\\ud800"}',
        b'{"color": "PINK"}',
        b'{"createTime": 5}',
        b'{"timeSpan": {}}',
        b'{"updateMask": []}',
        b'{"big": 1e400}',
        b'{"ratio": "x"}',
        b'{"tags": "x"}',
        b'{"tags": [null]}',
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"count": ' + b"9" * 5_000 + b"}",
    ],
)
def test_request_from_a_bad_body(body: bytes) -> None:
    """A body that is no JSON, or does not fit the message, is the caller's mistake."""
    with pytest.raises(InvalidArgumentError):
        transcoded("POST", "/v1/shelves/1/books/2:burn", body)


def test_request_when_the_body_is_everything_and_there_is_a_query() -> None:
    """Beside a body that is everything there are no query parameters."""
    with pytest.raises(InvalidArgumentError):
        transcoded("POST", "/v1/shelves/1/books/2:burn?count=1")


def test_route_by_verb() -> None:
    """Paths with a custom verb and paths without one are different."""
    burn = TRANSCODER.route("POST", "/v1/shelves/1/books/2:burn")
    create = TRANSCODER.route("POST", "/v1/shelves/1/books")

    assert ["library.Library.BurnBook", "library.Library.CreateBook"] == [
        burn.binding.name,
        create.binding.name,
    ]


def test_route_with_another_method() -> None:
    """A path that takes other methods says which."""
    with pytest.raises(MethodNotAllowedError) as caught:
        TRANSCODER.route("DELETE", "/v1/shelves/1/books/2")

    assert "GET, PATCH" == caught.value.allow


@pytest.mark.parametrize("path", ["/", "/v1/", "/v1/shelves/1:burn", "/v1/shelves", "/v1/x%2Fy"])
def test_route_to_nothing(path: str) -> None:
    """An unknown path is not found."""
    with pytest.raises(NotFoundError):
        TRANSCODER.route("GET", path)


@pytest.mark.parametrize(
    ("query", "numbers", "rest"),
    [
        ("", False, ""),
        ("alt=json&a=1", False, "a=1"),
        ("$alt=json;enum-encoding=int", True, ""),
        ("prettyPrint=true&$.xgafv=2", False, ""),
    ],
)
def test_split_format_of_a_query(query: str, *, numbers: bool, rest: str) -> None:
    """Parameters about the answer are no fields of the request."""
    assert (Format(enums_as_numbers=numbers), parse_qsl(rest)) == split_format(parse_qsl(query))


@pytest.mark.parametrize("value", ["media", "proto", "json;x=1", ""])
def test_split_format_of_another_format(value: str) -> None:
    """Formats other than JSON are refused."""
    with pytest.raises(InvalidArgumentError):
        split_format([("alt", value)])


def test_to_json_of_a_message() -> None:
    """64-bit integers are strings, names are JSON's, enums names or numbers, defaults left out."""
    message = json_format.ParseDict({"color": "RED", "pageSize": 0, "big": 5}, REQUEST())

    assert b'{\n  "big": "5",\n  "color": "RED"\n}\n' == to_json(message, Default())
    assert b'{\n  "big": "5",\n  "color": 1\n}\n' == to_json(
        message, Default(), enums_as_numbers=True
    )
    assert b"{}\n" == to_json(BOOK(), Default())
