"""What runs are given, each stub and callback with the place that messages name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from ringback_server.local.documents import Document, Route, read_document
from ringback_server.local.schema import record_of
from ringback_server.local.stubs import Callback, Stub, Surroundings

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Placed(Generic[Record]):
    """A record, and where it stands: `order.test.yaml:12`, or `stubs[0]` of a call in Python."""

    record: Record
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a run takes place in."""

    #: when it begins: Unix seconds, or RFC 3339
    now: float | str | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    stubs: tuple[Placed[Stub], ...] = ()
    callbacks: tuple[Placed[Callback], ...] = ()

    def before(self, other: Script) -> Script:
        """Return this script and another behind it, which says what this one does not."""
        return Script(
            now=other.now if self.now is None else self.now,
            env={**other.env, **self.env},
            stubs=(*self.stubs, *other.stubs),
            callbacks=(*self.callbacks, *other.callbacks),
        )


def read_script(path: Path) -> Script:
    """Read a file of stubs; raises BadFileError."""
    document = read_document(path)
    return script_of(document, record_of(document, Surroundings))


def script_of(document: Document, around: Surroundings, route: Route = ()) -> Script:
    """Return what stands at a place of a document as a script."""

    def placed(key: str, records: tuple[Record, ...]) -> tuple[Placed[Record], ...]:
        lines = (document.position((*route, key, n)).line for n in range(len(records)))
        return tuple(
            Placed(record, f"{document.file}:{line}")
            for record, line in zip(records, lines, strict=True)
        )

    return Script(
        now=around.now,
        env=around.env,
        stubs=placed("stubs", around.stubs),
        callbacks=placed("callbacks", around.callbacks),
    )
