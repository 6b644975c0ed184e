"""What an RPC answers with that has many messages: taken one by one, as there is news."""

from __future__ import annotations

from typing import Protocol

from google.protobuf.message import Message


class Stream(Protocol):
    """The messages of one call, made when they are taken.

    Whoever opened it is told when there may be news; nothing is kept for those who are slow. One
    thread at a time uses it.
    """

    @property
    def over(self) -> bool:
        """Whether the last message was taken."""
        ...

    def take(self) -> Message | None:
        """Return what is new, None if there is nothing; raise what ends the stream early."""
        ...

    def close(self) -> None:
        """Hear no more; may be called twice."""
        ...


def position_of(message: Message) -> str:
    """Return what resumes a stream after a message."""
    return str(getattr(message, "resume_token", ""))
