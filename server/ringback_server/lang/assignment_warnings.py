"""Warnings about variables: maps that nothing creates, and variables that nothing reads.

Both look at a routine as a whole, whatever the order of its steps: what they say is true for
every order.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.expressions import (
    Expression,
    Index,
    ListOf,
    Literal,
    MapOf,
    Member,
    Name,
    Position,
)
from ringback_server.lang.findings import MISSING_PARENT, UNREAD, Finding
from ringback_server.lang.problems import shown
from ringback_server.lang.steps import (
    Assign,
    Body,
    CallStep,
    For,
    Parallel,
    Routine,
    Step,
    Try,
)
from ringback_server.lang.traversal import bodies_below, expressions_of, parts

#: a variable, and keys below it
_Path = tuple[str, ...]


def assignment_warnings(routine: Routine) -> Iterator[Finding]:
    """Yield what there is to say of the variables of a routine that can be deployed."""
    bodies = list(bodies_below(routine.steps))
    yield from _missing_parents(routine, bodies)
    yield from _unread(bodies)


class _Contents:
    """What is known of the contents of variables."""

    def __init__(self) -> None:
        #: places that something assigns
        self._created: set[_Path] = set()
        #: places below which there may be anything
        self._open: set[_Path] = set()

    def anything_at(self, path: _Path) -> None:
        self._created.add(path)
        self._open.add(path)

    def anything_below(self, path: _Path) -> None:
        self._open.add(path)

    def assign(self, path: _Path, value: Expression) -> None:
        match value:
            case MapOf():
                self._created.add(path)
                for key, content in value.pairs:
                    if isinstance(key, Literal) and isinstance(key.value, str):
                        self.assign((*path, key.value), content)
                    else:
                        self._open.add(path)
            case Literal() | ListOf():
                self._created.add(path)
            case _:
                self.anything_at(path)

    def missing(self, path: _Path) -> _Path | None:
        """Return the first of the places around and at `path` that nothing creates."""
        for count in range(1, len(path) + 1):
            place = path[:count]
            if place[:-1] in self._open:
                return None
            if place not in self._created:
                # once is enough
                self._created.add(place)
                return place
        return None


def _missing_parents(routine: Routine, bodies: list[tuple[Step, Body]]) -> Iterator[Finding]:
    contents = _Contents()
    for parameter in routine.parameters:
        contents.anything_at((parameter.name,))
    for _, body in bodies:
        for name in _bound(body):
            contents.anything_at((name,))
        for item in body.items if isinstance(body, Assign) else ():
            path, whole = _path(item.target)
            if whole:
                contents.assign(path, item.value)
            else:
                contents.anything_below(path)
    for step, body in bodies:
        for item in body.items if isinstance(body, Assign) else ():
            path, whole = _path(item.target)
            missing = contents.missing(path[:-1] if whole else path)
            if missing is not None:
                message = (
                    f"nothing assigns '{shown('.'.join(missing))}' before: a map is created here; "
                    "Google's samples always assign it first"
                )
                position = item.target.position
                yield Finding(
                    rule=MISSING_PARENT, message=message, position=position, step=step.name
                )


def _bound(body: Body) -> Iterator[str]:
    """Yield the variables that a body gives values of which nothing is known."""
    match body:
        case CallStep(result=str(name)):
            yield name
        case Try() if body.handler is not None:
            yield body.handler.name
        case For():
            yield from (name for name in (body.value, body.index) if name is not None)
        case Parallel() if body.for_ is not None:
            yield from _bound(body.for_)
        case _:
            pass


def _path(target: Name | Member | Index) -> tuple[_Path, bool]:
    """Return the place that a target names, as far as it is constant, and whether that is all."""
    keys: list[str | None] = []
    node: Expression = target
    while isinstance(node, Member | Index):
        if isinstance(node, Member):
            keys.append(node.key)
        else:
            value = node.key.value if isinstance(node.key, Literal) else None
            keys.append(value if isinstance(value, str) else None)
        node = node.target
    path = [node.name if isinstance(node, Name) else ""]
    for key in reversed(keys):
        if key is None:
            return tuple(path), False
        path.append(key)
    return tuple(path), True


def _unread(bodies: list[tuple[Step, Body]]) -> Iterator[Finding]:
    read = {
        node.name
        for _, body in bodies
        for tree in expressions_of(body)
        for node in parts(tree)
        if isinstance(node, Name)
    }
    said: set[str] = set()
    for step, body in bodies:
        for name, position in _written(body):
            if name not in read and name not in said and not name.startswith("_"):
                said.add(name)
                message = f"nothing reads '{shown(name)}'"
                yield Finding(rule=UNREAD, message=message, position=position, step=step.name)


def _written(body: Body) -> Iterator[tuple[str, Position]]:
    match body:
        case Assign():
            for item in body.items:
                (root, *_), _ = _path(item.target)
                yield root, item.target.position
        case CallStep(result=str(name), result_position=Position() as position):
            yield name, position
        case _:
            pass
