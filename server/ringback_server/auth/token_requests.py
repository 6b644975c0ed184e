"""The requests that google-auth sends for tokens: bounded, and nothing is told of their answers.

google-auth reads whatever it is sent, follows every redirect, and puts answers that it does not
understand into its errors, which workflows get to see.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from importlib import import_module
from typing import Any, Final, Protocol, cast

#: seconds for each request, of which google-auth may send a few
_TIMEOUT: Final = 10.0
#: bytes of an answer: tokens have a few thousand
_LARGEST: Final = 64 * 1024
_OK: Final = 200
_UNSAID: Final = "the answer does not say why"


class _Answer(Protocol):
    """What is used of an answer of `requests`."""

    status_code: int
    url: object
    request: object
    raw: object

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers."""
        ...

    def iter_content(self, size: int, /) -> Iterator[bytes]:
        """Yield the body as it comes."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def token_requests() -> Callable[..., object]:
    """Return what sends google-auth's requests; raises ImportError if it is not installed."""
    transport: Any = import_module("google.auth.transport.requests")
    requests: Any = import_module("requests")
    sent: Callable[..., object] = transport.Request()

    def read(answer: _Answer, **_options: object) -> _Answer:
        try:
            content = _content(answer)
        except _UnfitError as error:
            answer.close()
            raise requests.RequestException(str(error)) from None
        found: _Answer = requests.Response()
        found.status_code, found.url, found.request = answer.status_code, answer.url, answer.request
        found.headers.update(answer.headers)
        # Nobody said that what is sent here may go elsewhere.
        found.headers.pop("Location", None)
        refused = answer.status_code != _OK
        found.raw = io.BytesIO(_refusal(answer.status_code, content) if refused else content)
        return found

    hooks = {"response": read}
    return partial(sent, timeout=_TIMEOUT, stream=True, allow_redirects=False, hooks=hooks)


class _UnfitError(Exception):
    """An answer that nobody waits for, or keeps."""


def _content(answer: _Answer) -> bytes:
    until = time.monotonic() + _TIMEOUT
    content = bytearray()
    # One at a time: more would wait for as many, each in a time of its own.
    for byte in answer.iter_content(1):
        content += byte
        if len(content) > _LARGEST:
            raise _UnfitError(f"the answer has more than {_LARGEST} bytes")
        if time.monotonic() > until:
            raise _UnfitError(f"the answer took longer than {_TIMEOUT:g} s")
    return bytes(content)


def _refusal(status: int, content: bytes) -> bytes:
    """Return what is told of an answer without a token: its error, if it has one."""
    try:
        decoded: object = json.loads(content)
    except (ValueError, RecursionError):
        decoded = None
    answer = _map(decoded)
    named, detailed = answer.get("error"), _map(answer.get("error"))
    pairs = (
        (detailed.get("status"), detailed.get("message"))
        if detailed
        else (named, answer.get("error_description"))
    )
    error, description = (one if isinstance(one, str) and one else None for one in pairs)
    told = {
        "error": error or f"HTTP status {status}",
        "error_description": description or _UNSAID,
    }
    return json.dumps(told).encode()


def _map(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
