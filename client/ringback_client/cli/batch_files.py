"""The files of a batch: what is asked for line by line, and what became of each line.

A file of results begins with a line about the batch: the same command then goes on where the last
one stopped. A line is known by what it says, wherever it stands: one that was corrected is another
one. Requests carry ids made of the batch's id and their line's, so that one whose answer was lost
counts once.
"""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, Self, cast
from uuid import uuid4

from ringback_client.errors import InvalidInputError

#: stands for standard input
STDIN = Path("-")
#: characters of a digest of a line: enough to tell the lines of a file from one another
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, with its number from 1."""

    number: int
    text: str
    #: made of what it says, and how often that was said before
    id: str


class Source:
    """Lines with one request each, read as often as need be; those of a pipe are kept in memory."""

    def __init__(self, path: Path) -> None:
        """Open a file, or standard input if it is `-`; raise InvalidInputError."""
        try:
            self._file = _seekable(path)
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
        #: how many lines are not blank
        self.lines = sum(bool(line.strip()) for line in self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines that are not blank."""
        said = Counter[str]()
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            content = line.strip()
            if content:
                digest = sha256(content).hexdigest()[:_DIGEST]
                said[digest] += 1
                text = content.decode(errors="surrogateescape")
                yield Line(number, text, f"{digest}-{said[digest]}")


class Results:
    """Where results go, a line of JSON for each: standard output, or a file to go on with."""

    def __init__(self, path: Path | None, purpose: str) -> None:
        """Read what a file of results knows already, and open it; raise InvalidInputError.

        `purpose` is what the lines are for.
        """
        self._file: IO[str] | None = None
        self._path = path
        #: None: a request that is repeated counts twice
        self.batch: str | None = None
        #: the ids of the lines that were accepted
        self.done: frozenset[str] = frozenset()
        if path is not None:
            try:
                self._go_on(path, purpose)
            except OSError as error:
                raise _unusable(path, error) from error

    def write(self, results: Iterable[Mapping[str, object]]) -> None:
        """Add results, and bring them to the file; raise InvalidInputError if it takes no more."""
        if self._path is None or self._file is None:
            _write(sys.stdout, results)
            sys.stdout.flush()
            return
        try:
            _write(self._file, results)
            self._file.flush()
        except OSError as error:
            raise _unusable(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _go_on(self, path: Path, purpose: str) -> None:
        if not path.exists() or not path.stat().st_size:
            self.batch = str(uuid4())
            self._file = path.open("w", encoding="utf-8")
            self.write([{"batch": self.batch, "of": purpose}])
            return
        path = path.resolve()
        rest = path.with_name(f"{path.name}.new")
        with path.open(encoding="utf-8", errors="replace") as old:
            heading = _entry(old.readline())
            if heading.get("of") != purpose:
                raise InvalidInputError(
                    f"{path} has the results of something else.",
                    next_step="Name another file, or one that does not exist.",
                )
            # What was refused is tried again, and then has one result, not two.
            rest.unlink(missing_ok=True)
            rest.touch(mode=0o600)
            with rest.open("w", encoding="utf-8") as new:
                _write(new, [heading])
                self.done = frozenset(_keep_accepted(map(_entry, old), new))
        self.batch = str(heading.get("batch"))
        shutil.copymode(path, rest)
        rest.replace(path)
        self._file = path.open("a", encoding="utf-8")


def _seekable(path: Path) -> BinaryIO:
    """Open a file to be read more than once."""
    if path == STDIN:
        return BytesIO(sys.stdin.buffer.read())
    file = path.open("rb")
    if file.seekable():
        return file
    with file:
        return BytesIO(file.read())


def _unusable(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(f"{path} cannot be used: {error.strerror or error}")


def _write(file: IO[str], results: Iterable[Mapping[str, object]]) -> None:
    for result in results:
        file.write(json.dumps(result, ensure_ascii=False) + "\n")


def _keep_accepted(entries: Iterable[Mapping[str, object]], file: IO[str]) -> Iterator[str]:
    """Write the entries of lines that were accepted, and yield the ids of these lines."""
    for entry in entries:
        if "id" in entry and "error" not in entry:
            _write(file, [entry])
            yield str(entry["id"])


def _entry(text: str) -> dict[str, object]:
    """Read a line of results; one that was cut off in the middle says nothing."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
