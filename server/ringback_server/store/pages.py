"""Pages of rows with long texts: as many as fit in what a caller's buffers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from ringback_server.store.database import Cursor, Row

#: bytes of texts on a page; gRPC clients take messages of 4 MiB unless told otherwise
PAGE_BYTES = 2 * 1024 * 1024


class Texts(Protocol):
    """What knows how long its texts are."""

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        ...


Item = TypeVar("Item", bound=Texts)


def up_to_a_page(cursor: Cursor, item: Callable[[Row], Item]) -> list[Item]:
    """Return an item for each row, but none after the one that is too much for a page."""
    found: list[Item] = []
    size = 0
    while (row := cursor.fetchone()) is not None:
        found.append(item(row))
        size += found[-1].text_bytes
        if size > PAGE_BYTES and len(found) > 1:
            break
    return found
