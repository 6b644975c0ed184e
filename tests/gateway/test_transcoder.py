"""From HTTP requests to request messages, by the rules of a small service."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from google.api import http_pb2
from google.protobuf import json_format
from google.protobuf.descriptor_pool import Default

from ringback_server.api.table import SERVICES, Service
from ringback_server.errors import (
    InvalidArgumentError,
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.json_messages import to_json
from ringback_server.gateway.parameters import (
    FORMATS,
    IGNORED,
    PRETTY,
    SELECTIONS,
    Format,
    split_format,
)
from ringback_server.gateway.transcoder import Transcoder
from tests.gateway.library import BOOK, REQUEST, TRANSCODER, with_rules


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
        ("/v1/books?isOpen=True", {"is_open": True}),
        ("/v1/books?isOpen=1", {"is_open": True}),
        ("/v1/books?maybe=true", {"maybe": True}),
        ("/v1/books?maybe=false", {"maybe": False}),
        ("/v1/books?bigOrNone=5", {"big_or_none": "5"}),
        ("/v1/books?textOrNone=5", {"text_or_none": "5"}),
        ("/v1/books?textOrNone=", {"text_or_none": ""}),
        ("/v1/books?rawData=-_8", {"raw_data": "+/8="}),
        ("/v1/books?color=-1", {"color": -1}),
        ("/v1/books?color=7", {"color": 7}),
        ("/v1/books?count=-5&big=-5", {"count": -5, "big": "-5"}),
        ("/v1/books?ratio=-1e3", {"ratio": -1000.0}),
        ("/v1/books?ratio=Infinity", {"ratio": "Infinity"}),
        ("/v1/books?tags=b,c&tags=a", {"tags": ["b,c", "a"]}),
        ("/v1/books/1/pages/2/true/BLUE?book.name=x", None),
        ("/v1/books/1/pages/2/true/BLUE?color=1", None),
        (
            "/v1/books/1/pages/2/true/BLUE?book.page_count=3",
            {
                "book": {"name": "books/1", "page_count": "3"},
                "count": 2,
                "is_open": True,
                "color": "BLUE",
            },
        ),
        (
            "/v1/books/1/pages/2/false/1",
            {"book": {"name": "books/1"}, "count": 2, "color": "RED"},
        ),
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
        ("/v1/books?book=", "book.NAME"),
        ("/v1/books?books=1", "books"),
        ("/v1/books?labels=1", "labels"),
        ("/v1/books?labels.a=1", "labels.a"),
        ("/v1/books?labels.key=1", "labels.key"),
        ("/v1/books?anything=1", "anything"),
        ("/v1/books?anything.fields=1", "anything.fields"),
        ("/v1/books?file=1", "file"),
        ("/v1/books?maybe=x", "maybe"),
        ("/v1/books?maybe.value=x", "maybe.value"),
        ("/v1/books?bigOrNone=x", "big_or_none"),
        ("/v1/books?count=1_0", "count"),
        ("/v1/books?count=", "count"),
        ("/v1/books?pageSize=-1", "page_size"),
        ("/v1/books?color=99999999999", "color"),
        ("/v1/books?rawData=x", "raw_data"),
        ("/v1/books/1/pages/x/true/RED", "count"),
        ("/v1/books/1/pages/2/perhaps/RED", "is_open"),
        ("/v1/books/1/pages/2/true/PINK", "color"),
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
        b'{"big": NaN}',
        b'{"ratio": Infinity}',
        b'{"labels": {"a": 1}}',
        b'{"labels": []}',
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

    assert "GET, HEAD, OPTIONS, PATCH" == caught.value.allow
    assert caught.value.allow == TRANSCODER.allowed("/v1/shelves/1/books/2")


@pytest.mark.parametrize(
    ("verb", "path", "name"),
    [
        ("HEAD", "/v1/shelves/1/books/2", "GetBook"),
        ("HEAD", "/v1/books", "Peek"),
        ("GET", "/v1/books", "ListBooks"),
        ("GET", "/v1/looks/x", "Look"),
        ("OPTIONS", "/v1/looks/x", "Look"),
        ("GET", "/v1/books/1/pages/first/true/RED", "ReadFirstPage"),
        ("GET", "/v1/books/1/pages/1/true/RED", "ReadPage"),
        ("GET", "/v1/files", "ReadFile"),
        ("GET", "/v1/shelves/1/books/2:turn", "GetBook"),
    ],
)
def test_route_of_a_request(verb: str, path: str, name: str) -> None:
    """The most exact rule is met; HEAD is GET, and `*` any method, unless a rule is its own."""
    assert f"library.Library.{name}" == TRANSCODER.route(verb, path).binding.name


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (http_pb2.HttpRule(get="/v1/{nope}"), "nope"),
        (http_pb2.HttpRule(get="/v1/{tags}"), "tags"),
        (http_pb2.HttpRule(get="/v1/{book}"), "book"),
        (http_pb2.HttpRule(get="/v1/{books.name}"), "books.name"),
        (http_pb2.HttpRule(post="/v1/x", body="nope"), "nope"),
        (http_pb2.HttpRule(post="/v1/x", body="book.name"), "book.name"),
        (http_pb2.HttpRule(get="/v1/x", response_body="nope"), "nope"),
        (http_pb2.HttpRule(get="v1"), "v1"),
    ],
)
def test_rule_that_cannot_be_followed(rule: http_pb2.HttpRule, message: str) -> None:
    """A rule that http.proto forbids is refused when the server is made, not by a request."""
    with pytest.raises((ValueError, InvalidArgumentError), match=message):
        Transcoder([with_rules({"GetBook": rule})])


def answered(verb: str, url: str, body: bytes = b"", kind: str = "application/json") -> Answer:
    """Return the answer of the library, which echoes."""
    path, _, query = url.partition("?")
    form, rest = split_format(parse_qsl(query, keep_blank_values=True))
    route = TRANSCODER.route(verb, path)
    return route.answer(route.request(rest, body, kind), Default(), form)


@pytest.mark.parametrize(
    ("verb", "url", "body", "expected"),
    [
        ("GET", "/v1/names/a%2Fb", b"", b'"a/b"\n'),
        ("POST", "/v1/bookOf", b'{"book": {"pageCount": 2}}', b'{\n  "pageCount": "2"\n}\n'),
        ("POST", "/v1/bookOf", b'{"book": {}}', b"{}\n"),
        ("POST", "/v1/bookOf", b"{}", b"{}\n"),
        ("POST", "/v1/booksOf?prettyPrint=false", b'[{"name":"a"},{}]', b'[{"name":"a"},{}]'),
        ("POST", "/v1/booksOf?fields=name", b'[{"name":"a","pageCount":"1"}]', None),
        ("POST", "/v1/booksOf", b"", b"[]\n"),
        ("POST", "/v1/tagsOf?$prettyPrint=false", b'["a"]', b'["a"]'),
        ("POST", "/v1/spanOf", b'"1.5s"', b'"1.500s"\n'),
        ("POST", "/v1/labelsOf?prettyPrint=0", b'{"a":"b"}', b'{"a":"b"}'),
    ],
)
def test_answer_that_is_a_field(verb: str, url: str, body: bytes, expected: bytes | None) -> None:
    """`body` and `response_body` may be fields of every kind, and are there when empty."""
    assert (expected or b'[\n  {\n    "name": "a"\n  }\n]\n') == answered(verb, url, body).body


@pytest.mark.parametrize("body", [b"1", b"{}", b'["a", 1]', b'"a"'])
def test_body_that_is_a_field_of_another_kind(body: bytes) -> None:
    """A body that does not fit its field is refused."""
    with pytest.raises(InvalidArgumentError):
        answered("POST", "/v1/tagsOf", body)


def test_body_of_any_type() -> None:
    """A field that is an HttpBody is the body as it is, with its type, in and out."""
    answer = answered("PUT", "/v1/files/a/b", b"\x00\xff", "image/png")
    empty = answered("PUT", "/v1/files/a/b", b"", "")

    assert ("image/png", b"\x00\xff") == (answer.content_type, answer.body)
    assert ("application/octet-stream", b"") == (empty.content_type, empty.body)


@pytest.mark.parametrize("url", ["/v1/shelves/1/books/2", "/v1/books"])
def test_body_where_there_is_none(url: str) -> None:
    """A rule without a body takes none; an empty object is as good as none."""
    assert 200 == answered("GET", url, b" {} ").status
    with pytest.raises(InvalidArgumentError, match="no body"):
        answered("GET", url, b'{"count": 1}')


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (None, True),
        ("", True),
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ("application/merge-patch+json", True),
        ("application/x-www-form-urlencoded", False),
        ("text/plain", False),
        ("application/json; charset=latin-1", False),
        ("application/x-protobuf", False),
        ("json", False),
    ],
)
def test_body_by_type(kind: str | None, *, taken: bool) -> None:
    """A body that says it is something else than JSON is refused; one that says nothing is read."""
    route = TRANSCODER.route("POST", "/v1/bookOf")
    assert "" == getattr(route.request([], b"", "text/plain"), "name", None)
    if taken:
        route.request([], b'{"name": "x"}', kind)
    else:
        with pytest.raises(UnsupportedMediaTypeError):
            route.request([], b'{"name": "x"}', kind)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"nope": 1}', "nope"),
        (b'{"book": {"nope": 1}}', "book.nope"),
        (b'{"books": [{}, {"nope": 1}]}', "books[1].nope"),
    ],
)
def test_unknown_field_of_a_body(body: bytes, field: str) -> None:
    """The refusal of an unknown field names its place, and what there is instead."""
    with pytest.raises(InvalidArgumentError) as caught:
        answered("POST", "/v1/bookOf", body)

    assert (field, True) == (caught.value.violations[0].field, "here are" in caught.value.message)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("*", {"name": "x", "book": {"name": "b", "pageCount": "2"}, "labels": {"a": "1"}}),
        ("name", {"name": "x"}),
        ("count", {}),
        ("book", {"book": {"name": "b", "pageCount": "2"}}),
        ("book.name", {"book": {"name": "b"}}),
        ("book/pageCount,name", {"name": "x", "book": {"pageCount": "2"}}),
        ("book.page_count", {"book": {"pageCount": "2"}}),
        ("book(name)", {"book": {"name": "b"}}),
        (
            "book(name,pageCount), labels/a",
            {"book": {"name": "b", "pageCount": "2"}, "labels": {"a": "1"}},
        ),
        ("book/*", {"book": {"name": "b", "pageCount": "2"}}),
        ("labels/b", {"labels": {}}),
        ("*/name", {"book": {"name": "b"}, "labels": {}}),
    ],
)
def test_answer_with_some_fields(fields: str, expected: object) -> None:
    """`fields` leaves of an answer what it names."""
    body = b'{"name": "x", "book": {"name": "b", "pageCount": 2}, "labels": {"a": "1"}}'
    route = TRANSCODER.route("POST", "/v1/shelves/1/books/2:burn")
    asked = route.request([], body)
    json_format.ParseDict({"name": "x"}, asked)
    form, _ = split_format([("fields", fields)])

    assert expected == json.loads(route.answer(asked, Default(), form).body)


@pytest.mark.parametrize(
    "fields",
    ["", ",", "a b", "book(", "book(name", "book)", "name,", "/", "nope", "book/nope", "("],
)
def test_answer_with_bad_fields(fields: str) -> None:
    """`fields` that cannot be read, or that a message does not have, are refused."""
    route = TRANSCODER.route("GET", "/v1/books")
    with pytest.raises(InvalidArgumentError):
        route.answer(route.request([], b""), Default(), split_format([("$fields", fields)])[0])


@pytest.mark.parametrize("key", ["access_token", "oauth_token", "callback", "$callback"])
def test_parameter_that_is_not_taken(key: str) -> None:
    """Tokens in the URL and JSONP are refused with what to do instead."""
    with pytest.raises(InvalidArgumentError, match="not taken"):
        split_format([(key, "x")])


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.descriptor.name)
def test_parameters_of_all_requests(service: Service) -> None:
    """No request of ours has a field that a system parameter would hide."""
    reserved = IGNORED | FORMATS | PRETTY | SELECTIONS
    names = {
        name
        for method in service.methods.values()
        for field in method.request.DESCRIPTOR.fields
        for name in (field.name, field.camelcase_name)
    }

    assert names.isdisjoint(reserved)


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
        ("prettyPrint=true&$.xgafv=2&key=x&quotaUser=y&uploadType=media", False, ""),
        ("$alt=json; enum-encoding=int", True, ""),
        ("%24alt=json%3Benum-encoding%3Dint", True, ""),
    ],
)
def test_split_format_of_a_query(query: str, *, numbers: bool, rest: str) -> None:
    """Parameters about the answer are no fields of the request."""
    assert (Format(enums_as_numbers=numbers), parse_qsl(rest)) == split_format(parse_qsl(query))


@pytest.mark.parametrize("value", ["media", "proto", "json;x=1", "", "JSON", "sse"])
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
