"""Whatever a client sends, it is answered, or told what is wrong with it."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from ringback_server.api.table import SERVICES
from ringback_server.control.log_filter import parse_filter
from ringback_server.control.request_map import CallbackRequest, request_map
from ringback_server.errors import (
    InvalidArgumentError,
    MethodNotAllowedError,
    NotFoundError,
)
from ringback_server.gateway.parameters import split_format
from ringback_server.gateway.path_template import decoded
from ringback_server.gateway.transcoder import Transcoder
from ringback_server.lang.values import wrap
from ringback_server.store.payloads import pack, unpack
from tests.gateway.library import TRANSCODER

OURS = Transcoder(SERVICES)
NAMES = st.sampled_from(
    [
        "name",
        "count",
        "big",
        "ratio",
        "isOpen",
        "rawData",
        "color",
        "tags",
        "books",
        "book",
        "createTime",
        "timeSpan",
        "updateMask",
        "pageCount",
        "x",
        "?",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
KEYS = st.lists(NAMES, min_size=1, max_size=3).map(".".join) | st.text(max_size=6)
PATHS = st.sampled_from(
    ["/v1/shelves/1/books/2", "/v1/shelves/1/books", "/v1/books", "/v1/shelves/1/books/2:burn"]
)


@settings(deadline=None, max_examples=300)
@given(
    verb=st.sampled_from(["GET", "POST", "PATCH"]),
    path=PATHS,
    query=st.lists(st.tuples(KEYS, st.text(max_size=8)), max_size=3),
    document=DOCUMENTS,
)
def test_request_from_anything(
    verb: str, path: str, query: list[tuple[str, str]], document: object
) -> None:
    """A request either fits its message or is refused."""
    with suppress(InvalidArgumentError, MethodNotAllowedError):
        route = TRANSCODER.route(verb, path)
        _, rest = split_format(query)
        route.request(rest, json.dumps(document).encode())


@settings(deadline=None, max_examples=300)
@given(body=st.binary(max_size=40))
def test_request_from_any_bytes(body: bytes) -> None:
    """A body of any bytes either fits or is refused."""
    with suppress(InvalidArgumentError):
        TRANSCODER.route("POST", "/v1/shelves/1/books/2:burn").request([], body)


@settings(deadline=None, max_examples=300)
@given(path=st.text(alphabet="/v1projectslocationsworkflows*%2F:.~ -_x", max_size=80))
def test_route_of_any_path(path: str) -> None:
    """A path leads somewhere or nowhere, and decoding never adds a slash."""
    assert path.count("/") == decoded(path).count("/")
    with suppress(NotFoundError, MethodNotAllowedError):
        OURS.route("GET", f"/v1/{path}")


@settings(deadline=None, max_examples=300)
@given(text=st.text(alphabet='ab"\\ =<>!~()AND:severitytimestamp.', max_size=60))
def test_parse_filter_of_any_text(text: str) -> None:
    """A filter is understood or refused."""
    with suppress(InvalidArgumentError):
        parse_filter(text)


@settings(deadline=None, max_examples=300)
@given(
    body=st.binary(max_size=60) | DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    content_type=st.sampled_from(
        ["", "application/json", "text/plain", "text/x; charset=utf-16", "application/x+json"]
    )
    | st.text(max_size=40),
    headers=st.lists(st.tuples(st.text(max_size=10), st.text(max_size=10)), max_size=3),
    query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3),
)
def test_request_map_of_anything(
    body: bytes,
    content_type: str,
    headers: list[tuple[str, str]],
    query: list[tuple[str, str]],
) -> None:
    """Any callback becomes a map that can be stored and is a value of the language."""
    request = CallbackRequest(
        method="POST",
        body=body,
        headers=[*headers, ("Content-Type", content_type)],
        query=query,
    )
    made = request_map(request, method="POST", path="/", received=1.0, uptime=1.0)

    assert made == unpack(pack(made))
    assert wrap(made) == made
