"""YAML files of stubs and tests, read as definitions are: what they hold, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ringback_server.lang import nodes
from ringback_server.lang.expressions import Position
from ringback_server.lang.limits import Limits
from ringback_server.lang.problems import DefinitionError, Problems
from ringback_server.lang.source import read_source
from ringback_server.lang.source_text import SourceText, undecodable_position

_LIMITS: Final = Limits(source_bytes=16 * 1024 * 1024)

#: keys of maps and indexes of lists, from the root of a document
Route = Sequence[str | int]


class BadFileError(ValueError):
    """A file cannot be used; `problem` says why.

    Line and column count from 1; they are 1 and not told if the file as a whole is meant.
    """

    def __init__(self, file: str, position: Position | None, problem: str) -> None:
        place = "" if position is None else f":{position.line}:{position.column}"
        super().__init__(f"{file}{place}: {problem}")
        self.file = file
        self.line, self.column = (1, 1) if position is None else (position.line, position.column)
        self.problem = problem

    @classmethod
    def of_file(cls, file: str, problem: str) -> Self:
        """Return the error of a file as a whole."""
        return cls(file, None, problem)

    @classmethod
    def of_definition(cls, file: str, error: DefinitionError) -> BadFileError:
        """Return the error of all that the language has against a text."""
        return cls.joined(
            cls(file, Position(one.line, one.column, one.length), one.message)
            for one in error.problems
        )

    @classmethod
    def joined(cls, errors: Iterable[BadFileError]) -> BadFileError:
        """Return the error of all that is wrong, a line for each, in the order of the source."""
        first, *others = sorted(errors, key=lambda one: (one.line, one.column))
        if not others:
            return first
        position = Position(first.line, first.column, 0)
        return cls(first.file, position, "\n".join([first.problem, *map(str, others)]))


class FieldError(ValueError):
    """Something is wrong with one key of a record."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML or JSON file."""

    #: as messages call it
    file: str
    source: SourceText
    root: nodes.Node | None

    def plain(self) -> object:
        """Return what the document holds, as Python's own types."""
        return None if self.root is None else _plain(self.root)

    def position(self, route: Route, key: str | None = None) -> Position:
        """Return where something stands, or the key of it; as far as the route leads."""
        node = self.root
        for step in route:
            inner = _inside(node, step)
            if inner is None:
                break
            node = inner
        if key is not None and isinstance(node, nodes.Mapping):
            node = next((e.key_node for e in node.entries if e.key == key), node)
        return self.source.position(0, 0) if node is None else self.source.of(node)

    def refusal(self, problem: str, route: Route = (), key: str | None = None) -> BadFileError:
        """Return the error of something in this document."""
        return BadFileError(self.file, self.position(route, key), problem)


def read_text(path: Path) -> str:
    """Return the text of a file; raises BadFileError if it cannot be read."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise BadFileError.of_file(str(path), error.strerror or "cannot be read") from None
    except UnicodeDecodeError as error:
        problem = "the file is not UTF-8"
        raise BadFileError(str(path), undecodable_position(error), problem) from None


def read_document(path: Path) -> Document:
    """Read a file; raises BadFileError if it cannot be read or is no YAML."""
    return document_of(read_text(path), str(path))


def document_of(text: str, file: str) -> Document:
    """Read a text; raises BadFileError, with the file's name, if it is no YAML."""
    problems = Problems()
    try:
        source, root = read_source(text, _LIMITS, problems)
        problems.raise_any()
    except DefinitionError as error:
        raise BadFileError.of_definition(file, error) from None
    return Document(file=file, source=source, root=root)


def _plain(node: nodes.Node) -> object:
    match node:
        case nodes.Scalar():
            return node.value
        case nodes.Sequence():
            return [_plain(item) for item in node.items]
        case nodes.Mapping():
            return {entry.key: _plain(entry.value) for entry in node.entries}


def _inside(node: nodes.Node | None, step: str | int) -> nodes.Node | None:
    if isinstance(node, nodes.Mapping):
        return next((entry.value for entry in node.entries if entry.key == step), None)
    if isinstance(node, nodes.Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None
