"""What is sent for the arguments of a call, and what comes of an answer."""

from __future__ import annotations

import pytest

from ringback_server.lang.effects import Responded
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.http_exchange import HttpAuth, HttpRequest, HttpResponse
from ringback_server.lang.http_messages import USER_AGENT, result_of
from ringback_server.lang.machine import Machine
from ringback_server.lang.stdlib import http
from ringback_server.lang.urls import absolute_url
from ringback_server.lang.values import MAX_DEPTH, Map, Value, wrap
from tests.lang.playing import context, inputs, program_of

URL = "http://a.test/"


def mapped(**pairs: object) -> Map:
    """Return a map; `_` in a key stands for `-`."""
    value = wrap({key.replace("_", "-"): item for key, item in pairs.items()})
    assert isinstance(value, Map)
    return value


def posted(body: Value, content_type: str | None = None) -> HttpRequest:
    """Return the request that http.post makes."""
    headers = None if content_type is None else mapped(**{"Content-Type": content_type})
    sent = http.post(URL, body=body, headers=headers).request
    assert sent is not None
    return sent


def tags_of(error: WorkflowError) -> object:
    """Return the tags of an error."""
    return error.value["tags"] if isinstance(error.value, Map) else None


@pytest.mark.parametrize(
    ("body", "content_type", "sent", "sent_type"),
    [
        ({"b": 1, "a": None}, None, b'{"a":null,"b":1}', "application/json; charset=utf-8"),
        ("text", None, b'"text"', "application/json; charset=utf-8"),
        (False, None, b"false", "application/json; charset=utf-8"),
        (b"\x00\xff", None, b"\x00\xff", "application/octet-stream"),
        (b"\x00", "application/octet-stream", b"\x00", "application/octet-stream"),
        ("text", "Application/JSON", b'"text"', "Application/JSON"),
        ([1.0], "application/ld+json; x=y", b"[1]", "application/ld+json; x=y"),
        ("a=1&b=x y", "application/x-www-form-urlencoded", b"a=1&b=x+y", None),
        ("a=1&b=x+y", "application/x-www-form-urlencoded", b"a=1&b=x+y", None),
        ("a=1&b=x%20y&c=", "application/x-www-form-urlencoded", b"a=1&b=x+y&c=", None),
        (
            {"a": 1, "b": ["x y", True]},
            "application/x-www-form-urlencoded",
            b"a=1&b=x+y&b=true",
            None,
        ),
        ("crème", "text/plain", "crème".encode(), None),
        ("crème", "text/csv; charset=ISO-8859-1", b"cr\xe8me", None),
        (b"\xe8", "text/plain", b"\xe8", None),
    ],
)
def test_body_when_it_is_encoded(
    body: object, content_type: str | None, sent: bytes, sent_type: str | None
) -> None:
    """A body is encoded by its type, and gets one if it has none."""
    request = posted(wrap(body), content_type)

    assert sent == request.body
    assert (sent_type or content_type) == dict(request.headers)["Content-Type"]


def test_body_when_there_is_none() -> None:
    """Without a body no type is added, and a given one stays."""
    assert "Content-Type" not in dict(posted(None).headers)
    assert "text/plain" == dict(posted(None, "text/plain").headers)["Content-Type"]
    assert posted(None).body is None


@pytest.mark.parametrize(
    ("body", "content_type", "tag"),
    [
        ("x", "image/png", "ValueError"),
        (b"x", "image/png", "ValueError"),
        ("x", "application/octet-stream", "ValueError"),
        ("x", "application/xml", "ValueError"),
        (1, "text/plain", "TypeError"),
        (1, "application/x-www-form-urlencoded", "TypeError"),
        ({"a": {}}, "application/x-www-form-urlencoded", "TypeError"),
        ({"a": None}, "application/x-www-form-urlencoded", "TypeError"),
        (b"x", "application/json", "TypeError"),
        (float("inf"), None, "ValueError"),
        ("crème", "text/plain; charset=us-ascii", "ValueError"),
        ("x", "text/plain; charset=nonsense", "ValueError"),
    ],
)
def test_body_when_it_cannot_be_encoded(body: object, content_type: str | None, tag: str) -> None:
    """A body that does not go with its type is an error of the call."""
    with pytest.raises(WorkflowError) as caught:
        posted(wrap(body), content_type)

    assert tag in str(tags_of(caught.value))


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://a.test", "http://a.test/"),
        ("HTTPS://A.Test:443/B?c=D#e", "https://a.test:443/B?c=D"),
        ("http://a.test/crème brûlée?q=é", "http://a.test/cr%C3%A8me%20br%C3%BBl%C3%A9e?q=%C3%A9"),
        ("http://a.test/%2F%e9/[x]?a[]=1&b={}", "http://a.test/%2F%e9/%5Bx%5D?a[]=1&b=%7B%7D"),
        ("http://bücher.test/", "http://xn--bcher-kva.test/"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/"),
        ("http://10.0.0.1/../x", "http://10.0.0.1/../x"),
        ("http://a_b.test./", "http://a_b.test./"),
    ],
)
def test_url_when_it_can_be_called(url: str, sent: str) -> None:
    """A URL is sent encoded, its host in lower case, without its fragment."""
    assert sent == absolute_url(url)
    assert sent == absolute_url(sent)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.test",
        "/path",
        "//a.test/",
        "ftp://a.test/",
        "file:///etc/passwd",
        "http:///path",
        "http://:80/",
        "http://a.test:port/",
        "http://a.test:0/",
        "http://a.test:65536/",
        "http://user@a.test/",
        "http://user:word@a.test/",
        "http://@a.test/",
        "http://a.test\\@b.test/",
        "http://a.test\\b/",
        "http://a b.test/",
        "http://a.test%00.b/",
        "http://a.test/\r\nX: y",
        "http://a.te\nst/",
        "http://a.test/\x00",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[a.test]/",
        "http://" + "ü" * 70 + ".test/",
    ],
)
def test_url_when_it_cannot_be_called(url: str) -> None:
    """A URL that is not plainly one of http or https is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        absolute_url(url)
    with pytest.raises(WorkflowError) as caught:
        http.get(url)

    assert ["ValueError"] == tags_of(caught.value)


@pytest.mark.parametrize("value", [None, [], {}, [[1]], [None], b"x"])
def test_query_when_an_entry_is_no_scalar(value: object) -> None:
    """Entries of the query are strings, numbers, booleans, or lists of them; none is no entry."""
    query = mapped(a=value)
    if value == []:
        assert URL == getattr(http.get(URL, query=query).request, "url", "")
        return
    with pytest.raises(WorkflowError) as caught:
        http.get(URL, query=query)

    assert ["TypeError"] == tags_of(caught.value)


def test_headers_when_they_are_sent() -> None:
    """Headers are sent as they are given, those of the connection are not given by workflows."""
    given = mapped(
        X_Id=" 7 ", Accept="a/b", Host="evil.test", Content_Length="1", Transfer_Encoding="x"
    )
    request = http.get(URL, headers=given).request

    assert request is not None
    assert [("X-Id", "7"), ("Accept", "a/b"), ("User-Agent", USER_AGENT)] == list(request.headers)


def test_user_agent_when_one_is_given() -> None:
    """The service's name follows the caller's."""
    request = http.get(URL, headers=mapped(user_agent="phone/1.0")).request

    assert request is not None
    assert [("User-Agent", f"phone/1.0 {USER_AGENT}")] == list(request.headers)


@pytest.mark.parametrize(
    ("name", "value", "tag"),
    [
        ("X", "a\r\nY: b", "ValueError"),
        ("X", "a\x01b", "ValueError"),
        ("X", "a\x7f", "ValueError"),
        ("X", "a\nb", "ValueError"),
        ("X", "a\x00b", "ValueError"),
        ("X: y", "a", "ValueError"),
        ("X\r\nY", "a", "ValueError"),
        ("", "a", "ValueError"),
        ("é", "a", "ValueError"),
        ("X", 1, "TypeError"),
        ("X", None, "TypeError"),
        ("User-Agent", "a\nb", "ValueError"),
    ],
)
def test_header_when_it_would_begin_another(name: str, value: object, tag: str) -> None:
    """Nothing that is given as a header can become two."""
    with pytest.raises(WorkflowError) as caught:
        http.get(URL, headers=Map.of([(name, wrap(value))]))

    assert [tag] == tags_of(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, 1800.5, float("nan"), float("inf")])
def test_timeout_when_it_is_out_of_range(timeout: float) -> None:
    """A timeout is above 0 and at most half an hour."""
    with pytest.raises(WorkflowError) as caught:
        http.get(URL, timeout)

    assert ["ValueError"] == tags_of(caught.value)


def test_method_when_it_is_unknown() -> None:
    """http.request takes seven methods."""
    with pytest.raises(WorkflowError) as caught:
        http.request("TRACE", URL)

    assert ["ValueError"] == tags_of(caught.value)


def test_options_when_they_cannot_be_used() -> None:
    """A certificate that is not bytes is a ValueError."""
    with pytest.raises(WorkflowError) as caught:
        http.get(URL, ca_certificate="x")

    assert ["ValueError"] == tags_of(caught.value)


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"type": "OIDC"}, HttpAuth(type="OIDC")),
        ({"type": "OIDC", "audience": "a"}, HttpAuth(type="OIDC", audience="a")),
        ({"type": "OAuth2"}, HttpAuth(type="OAuth2")),
        ({"type": "OAuth2", "scope": "a b"}, HttpAuth(type="OAuth2", scopes=("a b",))),
        ({"type": "OAuth2", "scope": ["a", "b"]}, HttpAuth(type="OAuth2", scopes=("a", "b"))),
        ({"type": "OAuth2", "scopes": "a, b c"}, HttpAuth(type="OAuth2", scopes=("a", "b", "c"))),
        ({"type": "OAuth2", "scopes": ["a"]}, HttpAuth(type="OAuth2", scopes=("a",))),
    ],
)
def test_auth_when_it_is_read(auth: dict[str, object], expected: HttpAuth) -> None:
    """A request says whose token it wants, and holds none itself."""
    request = http.get(URL, auth=mapped(**auth)).request

    assert request is not None
    assert expected == request.auth


@pytest.mark.parametrize(
    ("auth", "tag"),
    [
        ({}, "ValueError"),
        ({"type": "Basic"}, "ValueError"),
        ({"type": "OIDC", "audience": 1}, "TypeError"),
        ({"type": "OAuth2", "scope": 1}, "TypeError"),
        ({"type": "OAuth2", "scopes": [1]}, "TypeError"),
    ],
)
def test_auth_when_it_makes_no_sense(auth: dict[str, object], tag: str) -> None:
    """Another kind of authentication is an error of the call."""
    with pytest.raises(WorkflowError) as caught:
        http.get(URL, auth=mapped(**auth))

    assert [tag] == tags_of(caught.value)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        ("application/problem+json; charset=utf-8", b"1", 1),
        ("application/json", b"{broken", b"{broken"),
        ("application/json", b"\xff", b"\xff"),
        ("application/json; charset=utf-16", '{"é": 1}'.encode("utf-16"), {"é": 1}),
        (
            "application/json",
            b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
            b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        ),
        ("text/html", "crème".encode(), "crème"),
        ("text/plain; charset=iso-8859-1", b"cr\xe8me", "crème"),
        ("text/plain; charset=nonsense", b"x", b"x"),
        ("text/plain", b"\xff", b"\xff"),
        ("application/xml", b"<a/>", "<a/>"),
        ("image/svg+xml", b"<a/>", "<a/>"),
        ("application/octet-stream", b"x", b"x"),
        ("", b"x", b"x"),
        ("application/json", b"", None),
    ],
)
def test_body_when_it_is_decoded(content_type: str, body: bytes, expected: object) -> None:
    """A body is decoded by its type; what cannot be decoded stays bytes."""
    response = HttpResponse(code=200, headers=(("Content-Type", content_type),), body=body)

    assert expected == result_of(response)["body"]


def test_headers_when_one_is_repeated() -> None:
    """A header that came several times has its values joined."""
    headers = (("Set-Cookie", "a=1"), ("X", "y"), ("Set-Cookie", "b=2"))
    result = result_of(HttpResponse(code=200, headers=headers))

    assert {"Set-Cookie": "a=1, b=2", "X": "y"} == result["headers"]


@pytest.mark.parametrize(("kept", "status"), [(False, "succeeded"), (True, "failed")])
def test_answer_when_no_variable_could_hold_it(status: str, *, kept: bool) -> None:
    """An answer counts against the memory limit once it is stored."""
    result = "result: r" if kept else ""
    source = f"- get:\n    call: http.get\n    args: {{url: 'http://a.test/'}}\n    {result}\n"
    machine = Machine.start(program_of(source), None, context())
    machine.advance(inputs())
    answer = HttpResponse(code=200, body=bytes(600_000))

    assert status == machine.advance(inputs([Responded(0, answer)])).status.value
