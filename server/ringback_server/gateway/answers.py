"""What an HTTP request is answered with, before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

JSON_TYPE = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, headers beside Content-Type and Content-Length, and a body."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = JSON_TYPE


def json_answer(
    document: Mapping[str, object], *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Answer with a JSON object, on one line."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status=status, headers=headers, body=body)
