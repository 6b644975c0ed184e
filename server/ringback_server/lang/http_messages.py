"""HTTP messages of workflows: what arguments say to be sent, and answers as values (SPEC 4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message
from typing import Final
from urllib.parse import parse_qsl, urlencode

from ringback_server.lang.charsets import codec_of
from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import WorkflowError, tagged, type_error, value_error
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpAuth,
    HttpFailure,
    HttpResponse,
)
from ringback_server.lang.urls import absolute_url
from ringback_server.lang.values import (
    MAX_DEPTH,
    List,
    Map,
    Value,
    from_json,
    text_of,
    type_name,
)

USER_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"

_JSON = "application/json"
_OCTETS = "application/octet-stream"
_FORM = "application/x-www-form-urlencoded"
_TEXTS = frozenset({"application/xml", "application/javascript"})

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BREAK = re.compile(r"[\r\n\x00]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SEPARATORS = re.compile(r"[ ,]+")

#: headers that belong to the connection: those that a workflow gives are left out
_CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# A response map nests its body one level deep, and an error is carried one level deeper.
_BODY_DEPTH = MAX_DEPTH - 2

_TAGS = {
    FailureKind.CONNECTION_FAILED: "ConnectionFailedError",
    FailureKind.TLS: "ConnectionFailedError",
    FailureKind.REFUSED: "ConnectionFailedError",
    FailureKind.CONNECTION_BROKEN: "ConnectionError",
    FailureKind.TIMEOUT: "TimeoutError",
    FailureKind.TOO_LARGE: "ResourceLimitError",
    FailureKind.INVALID: "ValueError",
    FailureKind.AUTH: "AuthError",
}

_LOWEST_ERROR = 400

#: why a server sends nothing to a private service
NO_PRIVATE_SERVICE: Final = "'private_service_name' cannot be used: there is no Service Directory"


def target(url: str, query: Map | None) -> str:
    """Return the URL of a request, with the query's entries behind those it has.

    Raises a ValueError for a URL that will not do, a TypeError for an entry that is no scalar.
    """
    try:
        whole = absolute_url(url)
    except ValueError as error:
        raise value_error(f"{url[:200]!r} cannot be called: {error}") from None
    pairs = _pairs("query", query or Map.of(()))
    if not pairs:
        return whole
    return f"{whole}{'&' if '?' in whole else '?'}{urlencode(pairs)}"


def request_headers(headers: Map | None, content_type: str | None) -> list[tuple[str, str]]:
    """Return the headers of a request: those given, with the service's name as User-Agent.

    `content_type` is added when none is given. Raises TypeErrors and ValueErrors.
    """
    found: list[tuple[str, str]] = []
    agent = USER_AGENT
    for name, value in (headers or Map.of(())).items():
        if not isinstance(value, str):
            raise type_error(f"the header {name[:100]!r} must be a string, not {type_name(value)}")
        if not _TOKEN.fullmatch(name):
            raise value_error(f"{name[:100]!r} is not the name of a header")
        if _CONTROL.search(value):
            raise value_error(
                f"the header {name[:100]!r} must not hold a line break or a control character"
            )
        if name.lower() == "user-agent":
            agent = f"{value} {USER_AGENT}"
        elif name.lower() not in _CONNECTION_HEADERS:
            found.append((name, value.strip(" \t")))
    if content_type is not None and not given_type(headers):
        found.append(("Content-Type", content_type))
    return [*found, ("User-Agent", agent)]


def given_type(headers: Map | None) -> str:
    """Return the Content-Type among headers, empty if there is none."""
    values = ((name.lower(), value) for name, value in (headers or Map.of(())).items())
    return next((v for name, v in values if name == "content-type" and isinstance(v, str)), "")


def encode_body(body: Value, content_type: str) -> tuple[bytes | None, str | None]:
    """Return a body as it is sent, and the Content-Type to add if none was given.

    Raises a ValueError for a type that has no encoding, a TypeError for a value that does not go
    with the type.
    """
    if body is None:
        return None, None
    if not content_type:
        if isinstance(body, bytes):
            return body, _OCTETS
        return encoded(body).encode(), f"{_JSON}; charset=utf-8"
    kind, charset = _media_type(content_type)
    if _is_json(kind):
        return encoded(body).encode(), None
    if kind == _FORM:
        return _form(body), None
    if kind.startswith("text/"):
        return _text(body, charset), None
    if kind == _OCTETS and isinstance(body, bytes):
        return body, None
    raise value_error(
        f"a body cannot be encoded as {kind[:100]!r}: use application/json, {_FORM} or text/plain, "
        "or bytes without a Content-Type"
    )


def auth_of(auth: Map | None) -> HttpAuth | None:
    """Read the argument `auth`; raises a TypeError or ValueError."""
    if auth is None:
        return None
    kind = auth.get("type")
    if kind == "OIDC":
        audience = auth.get("audience")
        if audience is not None and not isinstance(audience, str):
            raise type_error(f"the audience must be a string, not {type_name(audience)}")
        return HttpAuth(type="OIDC", audience=audience)
    if kind == "OAuth2":
        return HttpAuth(type="OAuth2", scopes=_scopes(auth))
    raise value_error("'auth' must be a map whose 'type' is \"OIDC\" or \"OAuth2\"")


def result_of(answer: HttpAnswer) -> Map:
    """Return what a call results in; raises the WorkflowError of a failure or status from 400."""
    if isinstance(answer, HttpFailure):
        tag = _TAGS[answer.kind]
        raise tagged(f"{tag}: {answer.message}", tag)
    content = _content(answer)
    if answer.code >= _LOWEST_ERROR:
        message = f"HTTP server responded with error code {answer.code}"
        tags = List.of(("HttpError",))
        raise WorkflowError(Map.of([("message", message), ("tags", tags), *content]))
    return Map.of(content)


def _content(response: HttpResponse) -> list[tuple[str, Value]]:
    found: dict[str, list[str]] = {}
    for name, value in response.headers:
        found.setdefault(name, []).append(value)
    headers = {name: ", ".join(values) for name, values in found.items()}
    body = _decoded(response.body, headers.get("Content-Type", ""))
    return [("code", response.code), ("headers", Map.of(headers.items())), ("body", body)]


def _decoded(body: bytes, content_type: str) -> Value:
    """Decode a body by its type; what cannot be decoded stays bytes."""
    if not body:
        return None
    kind, charset = _media_type(content_type)
    codec = codec_of(charset)
    if codec is None:
        return body
    try:
        if _is_json(kind):
            value = from_json(body.decode(codec))
            deep = isinstance(value, (Map, List)) and value.depth > _BODY_DEPTH
            return body if deep else value
        if kind.startswith("text/") or kind in _TEXTS or kind.endswith("+xml"):
            return body.decode(codec)
    except ValueError:
        return body
    return body


def _media_type(content_type: str) -> tuple[str, str]:
    parsed = Message()
    parsed["Content-Type"] = _BREAK.sub(" ", content_type)
    charset = parsed.get_param("charset", "utf-8")
    kind = content_type.partition(";")[0].strip().lower()
    return kind, charset if isinstance(charset, str) else "utf-8"


def _is_json(kind: str) -> bool:
    return kind == _JSON or (kind.startswith("application/") and kind.endswith("+json"))


def _form(body: Value) -> bytes:
    if isinstance(body, Map):
        return urlencode(_pairs("body", body)).encode()
    if isinstance(body, str):
        # Parsed first, so that encoded text arrives as raw text does (SPEC 10.26).
        return urlencode(parse_qsl(body, keep_blank_values=True)).encode()
    raise type_error(f"the body of a form must be a string or a map, not {type_name(body)}")


def _text(body: Value, charset: str) -> bytes:
    if isinstance(body, bytes):
        return body
    if not isinstance(body, str):
        raise type_error(f"the body of a text must be a string, not {type_name(body)}")
    codec = codec_of(charset)
    if codec is None:
        raise value_error(f"unknown character set {charset[:100]!r}")
    try:
        return body.encode(codec)
    except UnicodeError:
        raise value_error(f"the body holds characters that {charset[:100]} lacks") from None


def _pairs(argument: str, entries: Map) -> list[tuple[str, str]]:
    """Return entries as they are written in a query or a form; a list repeats its key."""
    pairs: list[tuple[str, str]] = []
    for key, value in entries.items():
        items: Sequence[Value] = value if isinstance(value, List) else (value,)
        pairs += [(key, scalar_text(f"{argument}.{key[:100]}", item)) for item in items]
    return pairs


def scalar_text(what: str, value: Value) -> str:
    """Return a value as it stands in a query; raises a TypeError about `what` for no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return text_of(value)
    if isinstance(value, str):
        return value
    raise type_error(f"{what} must be a string, number or boolean, not {type_name(value)}")


def _scopes(auth: Map) -> tuple[str, ...]:
    """Return the scopes asked for: `scope` is one or a list, `scopes` may also be divided text."""
    one, several = auth.get("scope"), auth.get("scopes")
    given = several if one is None else one
    if isinstance(given, str):
        found: Sequence[Value] = [given] if several is None else _SEPARATORS.split(given.strip())
    elif isinstance(given, List):
        found = given
    elif given is None:
        found = ()
    else:
        raise type_error(f"scopes must be a string or a list, not {type_name(given)}")
    texts = tuple(scope for scope in found if isinstance(scope, str))
    if len(texts) < len(found):
        raise type_error("each scope must be a string")
    return texts
