"""YAML that an operator writes, read so that each complaint names its line and its key."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TypeVar

import yaml

T = TypeVar("T")

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


class FieldError(ValueError):
    """Something in a file is not as it must be; the message begins with the line and the key."""


class Value:
    """A value in the file, and where it is."""

    def __init__(self, node: yaml.Node, key: str) -> None:
        self._node = node
        self.key = key

    @classmethod
    def parse(cls, text: str) -> Value:
        """Read a document; raises FieldError."""
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f"line {mark.line + 1}: " if mark else ""
            words = getattr(error, "problem", None) or "not YAML"
            raise FieldError(f"{line}invalid YAML: {words}") from None
        except RecursionError:
            raise FieldError("invalid YAML: too deep") from None
        if node is None:
            raise FieldError("the file is empty")
        return cls(node, "")

    def wrong(self, complaint: str) -> FieldError:
        """Return what to raise about this value."""
        place = f"line {self._node.start_mark.line + 1}: "
        return FieldError(f"{place}{self.key}: {complaint}" if self.key else f"{place}{complaint}")

    def fields(self, known: Iterable[str]) -> dict[str, Value]:
        """Return the fields of a map, none of which is unknown or repeated; raises FieldError."""
        known = tuple(known)
        found = self.members()
        for name, value in found.items():
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                raise value.wrong(f"there is no such key; {hint}")
        return found

    def members(self) -> dict[str, Value]:
        """Return the members of a map; raises FieldError."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong("expected a map")
        found: dict[str, Value] = {}
        for key, node in self._node.value:
            name = Value(key, self.key).text()
            value = Value(node, f"{self.key}.{name}" if self.key else name)
            if name in found:
                raise value.wrong("this key is there twice")
            found[name] = value
        return found

    def items(self) -> list[Value]:
        """Return the items of a list, of which there is one at least; raises FieldError."""
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wrong("expected a list")
        if not self._node.value:
            raise self.wrong("expected a list with at least one item")
        return [Value(node, f"{self.key}[{i}]") for i, node in enumerate(self._node.value)]

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    def text(self) -> str:
        """Return text that is not empty; raises FieldError."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL or not node.value:
            raise self.wrong("expected text")
        return str(node.value)

    def scalar(self) -> str | int | bool:
        """Return text, a whole number, true or false; raises FieldError."""
        text = self.text()
        if self._node.tag == _TEXT:
            return text
        # YAML 1.1 takes `on` and `yes` for true, and much for numbers: those stay text here.
        if text in {"true", "false"}:
            return text == "true"
        return int(text) if text.isascii() and text.removeprefix("-").isdecimal() else text

    def read(self, reader: Callable[[str], T]) -> T:
        """Return text as a reader reads it, whose ValueError is about this; raises FieldError."""
        text = self.text()
        try:
            return reader(text)
        except ValueError as error:
            raise self.wrong(str(error)) from None
