"""A YAML document whose parts know where they stand, so that what is wrong with one is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import yaml

from ringback_client.errors import ClientError

_TEXT = "tag:yaml.org,2002:str"
_FLAG = "tag:yaml.org,2002:bool"
_NOTHING = "tag:yaml.org,2002:null"
_TRUE = frozenset({"true", "True", "TRUE", "yes", "on"})


class PolicyFileError(ClientError):
    """A policy file does not say what it should."""


@dataclass(slots=True)
class Problems:
    """What is wrong with a file; all of it is told at once."""

    file: str
    found: list[str] = field(default_factory=list[str])

    def add(self, node: yaml.Node, path: str, words: str) -> None:
        """Note what is wrong with a part of the file."""
        self.found.append(f"{self.place(node, path)}: {words}")

    def place(self, node: yaml.Node, path: str) -> str:
        """Return where a part of the file stands, for people."""
        return f"{self.file}:{node.start_mark.line + 1}: {path or 'the document'}"

    def check(self) -> None:
        """Raise PolicyFileError if something is wrong."""
        if self.found:
            raise PolicyFileError("\n".join(self.found))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document: where it stands, and what it is."""

    node: yaml.Node
    #: its keys from the top, such as `bindings[0].role`
    path: str
    problems: Problems

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return self.problems.place(self.node, self.path)

    def refuse(self, words: str) -> None:
        """Note what is wrong with it."""
        self.problems.add(self.node, self.path, words)

    def members(self, known: Sequence[str], needed: Sequence[str] = ()) -> Mapping[str, Part]:
        """Return the members of a mapping by their keys; those without a value are left out."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"must be a mapping with the keys {', '.join(known)}")
            return {}
        found: dict[str, Part] = {}
        for key, value in self.node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            path = f"{self.path}.{name}" if self.path else name
            if name not in known:
                self.problems.add(key, path, f"there is no such key: take {', '.join(known)}")
            elif name in found:
                self.problems.add(key, path, "is given twice")
            elif value.tag != _NOTHING:
                found[name] = Part(value, path, self.problems)
        for name in needed:
            if name not in found:
                self.refuse(f"{name} is missing")
        return found

    def items(self) -> list[Part]:
        """Return the items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("must be a list")
            return []
        return [
            Part(item, f"{self.path}[{number}]", self.problems)
            for number, item in enumerate(self.node.value)
        ]

    def text(self) -> str:
        """Return a text, which must not be empty."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TEXT:
            self.refuse("must be text: put it into quotes")
            return ""
        text = str(self.node.value)
        if not text.strip():
            self.refuse("must not be empty")
        return text

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _FLAG:
            self.refuse("must be true or false")
            return False
        return self.node.value in _TRUE

    def time(self) -> datetime | None:
        """Return a time with its zone."""
        text = self.node.value if isinstance(self.node, yaml.ScalarNode) else ""
        try:
            found = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is None:
            self.refuse("must be a time with its zone, such as 2027-01-01T00:00:00Z")
            return None
        return found


def read_document(text: str, file: str) -> Part:
    """Read YAML; raises PolicyFileError that names the line."""
    problems = Problems(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyFileError(f"{file}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise PolicyFileError(f"{file}: {error}") from error
    if node is None:
        raise PolicyFileError(f"{file}:1: the file is empty")
    return Part(node, "", problems)
