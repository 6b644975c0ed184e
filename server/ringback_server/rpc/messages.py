"""Requests as they come: what is no message is refused like any other bad request.

grpcio would call it an error of the server, and log its traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

Read = TypeVar("Read", bound=Message)

#: stands for what could not be read
UNREADABLE: Final[Message] = Empty()


def reader(kind: type[Read], unreadable: Read) -> Callable[[bytes], Read]:
    """Return what reads messages, and takes `unreadable` for what is none."""

    def read(data: bytes) -> Read:
        try:
            return kind.FromString(data)
        except DecodeError:
            return unreadable

    return read
