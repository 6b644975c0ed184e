"""Partial answers: which fields `fields=workflows(name,state),nextPageToken` leaves of a message.

The syntax is that of Google's REST interfaces: commas between fields, a slash or a dot into a
message, parentheses around several fields of one, `*` for any. A list stands for its elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from ringback_server.gateway.json_messages import invalid

_TOKEN = re.compile(r"\s*([A-Za-z0-9_@-]+|[*,/.()])")
_MOST = 10_000
_DEEPEST = 50

_Tree = dict[str, "_Tree"]


class _SyntaxError(Exception):
    """The text is no selection."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The fields to keep, by name; a name without any below it keeps everything in it."""

    key: str
    tree: Mapping[str, _Tree]

    @classmethod
    def parse(cls, key: str, text: str) -> Selection:
        """Read the value of the parameter `key`; raise InvalidArgumentError."""
        try:
            tokens = _tokens(text)
            tree = _selected(tokens, 0)
        except _SyntaxError:
            example = "name,labels/a or workflows(name,state),nextPageToken"
            raise invalid(key, f"{key} must name fields, such as {example}.") from None
        if tokens:
            raise invalid(key, f"{key} has a parenthesis too many.")
        return cls(key, tree)

    def of(self, document: object, descriptor: Descriptor | None) -> object:
        """Return what is kept of the JSON form of a message; raise InvalidArgumentError."""
        _check(self.key, self.tree, descriptor)
        return _kept(document, self.tree)


def _tokens(text: str) -> list[str]:
    """Return the tokens, last one first."""
    if len(text) > _MOST:
        raise _SyntaxError
    found: list[str] = []
    place = 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _SyntaxError
        found.append(match[1])
        place = match.end()
    return found[::-1]


def _selected(tokens: list[str], depth: int) -> _Tree:
    """Take fields off the tokens up to a closing parenthesis or the end."""
    tree: _Tree = {}
    more = True
    while more:
        place, steps = tree, 0
        while True:
            name = tokens.pop() if tokens else ""
            if not name or name in ",/.()" or (steps := steps + 1) > _DEEPEST or depth > _DEEPEST:
                raise _SyntaxError
            place = place.setdefault(name, {})
            if not tokens or tokens[-1] not in "/.":
                break
            tokens.pop()
        if tokens and tokens[-1] == "(":
            tokens.pop()
            place.update(_selected(tokens, depth + 1))
            if not tokens or tokens.pop() != ")":
                raise _SyntaxError
        more = bool(tokens) and tokens[-1] == ","
        if more:
            tokens.pop()
    return tree


def _check(key: str, tree: Mapping[str, _Tree], descriptor: Descriptor | None) -> None:
    """Refuse names that a message does not have; what has no descriptor may have any."""
    if descriptor is None:
        return
    for name, below in tree.items():
        if name == "*":
            # Any field: what is below it need not be in each.
            continue
        found = descriptor.fields_by_camelcase_name.get(name) or descriptor.fields_by_name.get(name)
        if found is None:
            raise invalid(key, f"There is no field {name[:80]!r} in {descriptor.name} to select.")
        _check(key, below, _message(found))


def _message(field: FieldDescriptor) -> Descriptor | None:
    """Return the message in a field if its JSON form has the fields of its descriptor."""
    message = field.message_type
    if message is None or message.GetOptions().map_entry:
        return None
    return None if message.full_name.startswith("google.protobuf.") else message


def _kept(document: object, tree: Mapping[str, _Tree]) -> object:
    if not tree:
        return document
    if isinstance(document, list):
        return [_kept(part, tree) for part in cast("list[object]", document)]
    if not isinstance(document, dict):
        return document
    return dict(_entries(cast("dict[str, object]", document), tree))


def _entries(
    document: Mapping[str, object], tree: Mapping[str, _Tree]
) -> Iterator[tuple[str, object]]:
    names = {_camel(name): below for name, below in tree.items()}
    for key, value in document.items():
        below = names.get(key, tree.get(key, tree.get("*")))
        # What has no fields has none of those that are named below it.
        if below is not None and not (below and _scalar(value)):
            yield key, _kept(value, below)


def _scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
