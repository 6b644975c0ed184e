"""Catches whatever a block raises, to be raised again on another thread."""

from __future__ import annotations

from types import TracebackType


class Capture:
    """A `with` block whose exception is kept in `error` instead of being raised."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        self.error = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.error = error
        return True
