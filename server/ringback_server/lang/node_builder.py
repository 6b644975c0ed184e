"""Builds nodes from what a reader meets, and refuses what would cost too much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ringback_server.lang.expressions import Position
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Entry, Mapping, Node, Scalar, Sequence, Style
from ringback_server.lang.problems import DefinitionError, Problem, Problems, shown
from ringback_server.lang.source_text import SourceText


def refusal(message: str, position: Position) -> DefinitionError:
    """Return the error of a text that cannot be read at all."""
    return DefinitionError((Problem(message, None, position.line, position.column),))


_CLOSING: Final = "]}"


@dataclass(slots=True)
class _Built:
    """A node, what writing it out takes (in characters and nodes), and how deep it goes."""

    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Open:
    """A sequence or mapping that has begun; a mapping's keys and values alternate."""

    mapping: bool
    start: int
    anchor: str | None
    children: list[Node] = field(default_factory=list[Node])
    size: int = 1
    height: int = 0


class NodeBuilder:
    """Takes scalars, begins and ends of collections, and aliases, in source order."""

    def __init__(self, source: SourceText, limits: Limits, problems: Problems) -> None:
        self._source = source
        self._limits = limits
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, _Built | None] = {}
        #: what the aliases so far stand for
        self._aliased = 0
        self.root: Node | None = None

    def scalar(self, node: Scalar, anchor: str | None = None) -> None:
        """Take a scalar."""
        size = 1 + (len(node.value) if isinstance(node.value, str) else 0)
        self._add(_Built(node, size, 0), anchor)

    def begin(self, start: int, *, mapping: bool, anchor: str | None = None) -> None:
        """Take the beginning of a mapping or sequence."""
        if len(self._open) >= self._limits.nesting:
            raise self._too_deep(start)
        if anchor is not None:
            self._anchors[anchor] = None
        self._open.append(_Open(mapping, start, anchor))

    def end(self, end: int) -> None:
        """Take the end of the innermost mapping or sequence."""
        done = self._open.pop()
        if done.children and self._source.text[end - 1] not in _CLOSING:
            # a block has no end of its own: the parser says where the next thing begins
            end = max(done.start, done.children[-1].end)
        node = self._mapping(done, end) if done.mapping else self._sequence(done, end)
        self._add(_Built(node, done.size, done.height + 1), done.anchor)

    def alias(self, name: str, start: int, end: int) -> None:
        """Take an alias: it stands for what its anchor marks, written out."""
        position = self._source.position(start, end)
        if name not in self._anchors:
            raise refusal(f"there is no anchor '&{shown(name)}' for this alias", position)
        built = self._anchors[name]
        if built is None:
            raise refusal(f"the alias '*{shown(name)}' stands within what it means", position)
        if len(self._open) + built.height > self._limits.nesting:
            raise self._too_deep(start)
        self._aliased += built.size
        if self._aliased > self._limits.source_bytes:
            limit = self._limits.source_bytes
            raise refusal(f"its aliases, written out, exceed {limit} bytes", position)
        self._add(built, None)

    def _add(self, built: _Built, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = built
        if not self._open:
            self.root = built.node
            return
        parent = self._open[-1]
        parent.children.append(built.node)
        parent.size += built.size
        parent.height = max(parent.height, built.height)

    def _sequence(self, done: _Open, end: int) -> Sequence:
        return Sequence(tuple(done.children), done.start, end)

    def _mapping(self, done: _Open, end: int) -> Mapping:
        entries: dict[str, Entry] = {}
        children = iter(done.children)
        for key, value in zip(children, children, strict=True):
            text = self._key(key)
            if text is None or not isinstance(key, Scalar):
                continue
            if text in entries:
                self._problems.add(f"duplicate key '{shown(text)}'", self._source.of(key))
                continue
            entries[text] = Entry(text, key, value)
        return Mapping(tuple(entries.values()), done.start, end)

    def _key(self, key: Node) -> str | None:
        if isinstance(key, Scalar) and isinstance(key.value, str):
            return key.value
        message = "the key of a map must be a string"
        if isinstance(key, Scalar) and key.style is Style.PLAIN:
            written = shown(self._source.text[key.start : key.end])
            message += f'; write "{written}"' if written else ""
        self._problems.add(message, self._source.of(key))
        return None

    def _too_deep(self, start: int) -> DefinitionError:
        limit = self._limits.nesting
        return refusal(
            f"maps and lists are nested more than {limit} deep", self._source.position(start, start)
        )
