"""Bodies of messages: as stubs and callbacks give them, and as requests have them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType, field

from ringback_server.control.request_map import canonical_header, decode_body
from ringback_server.lang.values import List, Map, Value

_CONTENT_TYPE = "Content-Type"


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body in one of three forms, and headers."""

    #: any value, sent as JSON
    body: object | UnsetType = UNSET
    text: str | None = None
    #: bytes
    base64: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Raise ValueError for two bodies, and for what is none."""
        forms = {
            "body": self.has_value,
            "text": self.text is not None,
            "base64": self.base64 is not None,
        }
        given = [form for form, there in forms.items() if there]
        if len(given) > 1:
            raise ValueError(f"there is one body, not both '{given[0]}' and '{given[1]}'")
        self.content()

    @property
    def has_value(self) -> bool:
        """Whether the body is a value."""
        return self.body is not UNSET

    @property
    def is_given(self) -> bool:
        """Whether there is any body."""
        return self.has_value or self.text is not None or self.base64 is not None

    def content(self) -> bytes:
        """Return the body as it is sent."""
        if self.text is not None:
            return self.text.encode()
        if self.base64 is not None:
            try:
                return base64.b64decode(self.base64, validate=True)
            except (binascii.Error, ValueError):
                raise ValueError("'base64' holds no base64") from None
        if not self.has_value:
            return b""
        try:
            return json.dumps(self.body, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise ValueError(f"'body' cannot be sent as JSON: {error}") from None

    def sent_headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers, names in canonical case, with a Content-Type if there is a body."""
        given = {canonical_header(name): value for name, value in self.headers.items()}
        if self.is_given and _CONTENT_TYPE not in given:
            given[_CONTENT_TYPE] = self._content_type()
        return tuple(given.items())

    def _content_type(self) -> str:
        if self.text is not None:
            return "text/plain; charset=utf-8"
        return "application/json" if self.has_value else "application/octet-stream"


def decoded(content: bytes | None, headers: Sequence[tuple[str, str]]) -> object:
    """Return a request's body as people compare it: a value, a text, or bytes; None for none."""
    types = (value for name, value in headers if name.lower() == "content-type")
    kind = next(types, "")
    return plain(decode_body(content or b"", "text/plain" if _is_form(kind) else kind))


def plain(value: Value) -> object:
    """Return a value of the language as Python's own types."""
    if isinstance(value, Map):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, List):
        return [plain(item) for item in value]
    return value


def _is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
