"""What goes with a call beside its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import grpc

REQUEST_ID = "x-request-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a caller sent beside its message: the first value of each."""

    authorization: str | None
    request_id: str | None
    traceparent: str | None

    @classmethod
    def of(cls, context: grpc.ServicerContext) -> Self:
        """Read the metadata of a call."""
        sent: dict[str, str] = {}
        for key, value in context.invocation_metadata():
            sent.setdefault(key, value if isinstance(value, str) else value.decode("latin-1"))
        return cls(
            authorization=sent.get("authorization"),
            request_id=sent.get(REQUEST_ID),
            traceparent=sent.get("traceparent"),
        )
