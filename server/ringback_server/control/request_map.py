"""The map that `events.await_callback` returns for an HTTP request (SPEC 5.1, 10.13)."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.message import Message
from functools import lru_cache

import msgspec

from ringback_server.lang.values import MAX_DEPTH, List, Map, Value, from_json

#: Headers that carry credentials or signatures, in lower case: they never reach the store.
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-goog-api-key",
        "x-goog-iap-jwt-assertion",
        "x-serverless-authorization",
        "x-amz-security-token",
        "x-amz-signature",
        "x-forwarded-access-token",
        "x-auth-token",
        "x-gitlab-token",
        "x-hub-signature",
        "x-hub-signature-256",
        "x-shopify-hmac-sha256",
        "x-signature",
        "x-signature-ed25519",
        "x-slack-signature",
        "x-twilio-signature",
        "stripe-signature",
        "svix-signature",
        "webhook-signature",
        "ringback-signature",
        "api-key",
        "linear-signature",
        "paypal-transmission-sig",
        "x-access-token",
        "x-csrf-token",
        "x-forwarded-authorization",
        "x-gitea-signature",
        "x-gogs-signature",
        "x-line-signature",
        "x-original-authorization",
        "x-square-hmacsha256-signature",
        "x-vault-token",
        "x-zm-signature",
    }
)
#: Query parameters that carry credentials (RFC 6750, section 2.3).
SECRET_PARAMETERS = frozenset({"access_token"})

# The request map itself nests the body two levels deep.
_BODY_DEPTH = MAX_DEPTH - 2

# Names of Python codecs that decode text in linear time; others are treated as unknown.
_CHARSET = re.compile(
    r"utf-(8|16|32)(-[bl]e)?|ascii|iso8859-\d+|cp\d+|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc_(jp|kr)"
)
# Callbacks come at about the same time, with a few content types.
_SECONDS_REMEMBERED = 8
_TYPES_REMEMBERED = 128
_CHARSET_LABEL = re.compile(r"[A-Za-z0-9._:-]{1,40}")


class CallbackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request to a callback URL, or what stands for one."""

    #: None: the method that the endpoint takes
    method: str | None
    #: in the order they were sent
    query: Sequence[tuple[str, str]] = ()
    #: in the order they were sent, names in any case
    headers: Sequence[tuple[str, str]] = ()
    #: None: larger than may be, and not read
    body: bytes | None = b""
    idempotency_key: str | None = None
    #: whether the key alone says that a request is a repetition, because a signature covers it
    key_is_signed: bool = False

    @property
    def content_type(self) -> str:
        """The value of the header Content-Type, empty if there is none."""
        return next((v for name, v in self.headers if name.lower() == "content-type"), "")


def request_map(
    request: CallbackRequest, *, method: str, path: str, received: float, uptime: float
) -> dict[str, object]:
    """Return the map that a workflow sees; `received` and `uptime` are in seconds."""
    return {
        "http_request": {
            "body": decode_body(request.body or b"", request.content_type),
            "headers": _headers(request.headers),
            "method": method,
            "query": _query(request.query),
            "url": path,
        },
        "received_time": go_time(received, uptime),
        "type": "HTTP",
    }


def request_hash(request: CallbackRequest, method: str) -> bytes:
    """Return what tells a repeated request from another one with the same idempotency key."""
    digest = hashlib.sha256()
    if request.key_is_signed:
        return digest.digest()
    query = (pair for pair in request.query if pair[0].lower() not in SECRET_PARAMETERS)
    parts = [method, request.content_type, *(text for pair in query for text in pair)]
    for part in (*(text.encode("utf-8", "surrogateescape") for text in parts), request.body or b""):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def decode_body(body: bytes, content_type: str) -> Value:
    """Decode a body by its content type; what cannot be decoded stays bytes."""
    if not body:
        return None
    kind, charset = _media_type(content_type)
    is_json = kind == "application/json" or kind.endswith("+json")
    if not is_json and not kind.startswith("text/"):
        return body
    try:
        text = body.decode(_codec(charset))
        value = from_json(text) if is_json else text
    except (ValueError, LookupError):
        return body
    too_deep = isinstance(value, Map | List) and value.depth > _BODY_DEPTH
    return body if too_deep else value


def go_time(received: float, uptime: float) -> str:
    """Print a time as Go does, in UTC, with the monotonic reading: `… +0000 UTC m=+12.5`."""
    seconds, micros = divmod(round(received * 1_000_000), 1_000_000)
    fraction = f".{micros:06d}".rstrip("0").rstrip(".")
    return f"{_whole_seconds(seconds)}{fraction} +0000 UTC m=+{uptime:.9f}"


def canonical_header(name: str) -> str:
    """Return a header name as HTTP libraries show it: `content-type` is `Content-Type`."""
    return "-".join(part.capitalize() for part in name.split("-"))


@lru_cache(_SECONDS_REMEMBERED)
def _whole_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


@lru_cache(_TYPES_REMEMBERED)
def _media_type(content_type: str) -> tuple[str, str]:
    parsed = Message()
    parsed["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    kind = content_type.partition(";")[0].strip().lower()
    charset = parsed.get_param("charset", "utf-8")
    return kind, charset if isinstance(charset, str) else "utf-8"


def _codec(charset: str) -> str:
    if not _CHARSET_LABEL.fullmatch(charset):
        raise LookupError(charset)
    name = codecs.lookup(charset).name
    if not _CHARSET.fullmatch(name):
        raise LookupError(charset)
    return name


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() not in SECRET_HEADERS:
            key = canonical_header(name)
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _query(query: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in query:
        if key.lower() not in SECRET_PARAMETERS:
            found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}
