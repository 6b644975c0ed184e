"""The files of a batch: what is asked for line by line, and what became of each line.

A file of results begins with a line about the batch: the same command then goes on where the last
one stopped. Requests carry ids made of the batch's id and their line, so that one whose answer was
lost counts once.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast
from uuid import uuid4

from ringback_client.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, with its number from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file with one request in each line; it is read line by line, as often as need be."""

    path: Path
    #: how many lines are not blank
    lines: int
    #: tells whether it is what it was
    digest: str

    @classmethod
    def look_at(cls, path: Path, purpose: str) -> Self:
        """Look through a file; what its lines are for belongs to its digest."""
        digest, lines = sha256(purpose.encode()), 0
        try:
            with path.open("rb") as file:
                for line in file:
                    digest.update(line)
                    lines += bool(line.strip())
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
        return cls(path, lines, digest.hexdigest())

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines that are not blank."""
        with self.path.open(encoding="utf-8", errors="surrogateescape") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield Line(number, text.strip())


class Results:
    """Where results go, a line of JSON for each: standard output, or a file to go on with."""

    def __init__(self, path: Path | None, source: Source) -> None:
        """Read what a file of results knows already, and open it; raise InvalidInputError."""
        self._file: IO[str] | None = None
        #: None: a request that is repeated counts twice
        self.batch: str | None = None
        self.done: frozenset[int] = frozenset()
        if path is None:
            return
        try:
            self._go_on(path, source)
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be used: {error.strerror}") from error

    def write(self, results: Iterator[Mapping[str, object]]) -> None:
        """Add results, and bring them to the file."""
        file = self._file or sys.stdout
        for result in results:
            file.write(json.dumps(result, ensure_ascii=False) + "\n")
        file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _go_on(self, path: Path, source: Source) -> None:
        file = self._file = path.open("a+", encoding="utf-8")
        file.seek(0)
        text = file.readline()
        if not text:
            self.batch = str(uuid4())
            self.write(iter([{"batch": self.batch, "input": source.digest}]))
            return
        heading = _entry(text)
        if heading.get("input") != source.digest:
            file.close()
            raise InvalidInputError(
                f"{path} has the results of something else.",
                next_step="Name another file, or the one that the results are of, unchanged.",
            )
        self.batch = str(heading["batch"])
        self.done, last = _done(file)
        if not last.endswith("\n"):
            file.write("\n")


def _done(file: IO[str]) -> tuple[frozenset[int], str]:
    """Return the numbers of the lines that were served, and the last line as it is."""
    done: set[int] = set()
    text = "\n"
    for text in file:
        entry = _entry(text)
        number = entry.get("line")
        if isinstance(number, int) and "error" not in entry:
            done.add(number)
    return frozenset(done), text


def _entry(text: str) -> dict[str, object]:
    """Read a line of results; one that was cut off in the middle says nothing."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
