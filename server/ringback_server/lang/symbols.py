"""What names outside of variables stand for: subworkflows, and the library as the checker sees it.

The library is a parameter of the checker, so that its tests bring a small one of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.connector_params import ARGUMENT
from ringback_server.lang.connectors import is_connector, is_connector_module
from ringback_server.lang.expressions import Member, Name
from ringback_server.lang.problems import nearest, shown
from ringback_server.lang.steps import Routine

#: names of the library have no more parts
_MOST_PARTS: Final = 12


class Parameter(Protocol):
    """A parameter of a library function."""

    @property
    def name(self) -> str:
        """What a call step's `args` call it."""
        ...

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        ...


class Function(Protocol):
    """A library function."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """In positional order."""
        ...

    @property
    def blocking(self) -> bool:
        """Whether it may not stand in an expression."""
        ...


@dataclass(frozen=True, slots=True)
class Library:
    """Functions by plain or dotted name, and the dotted names that stand for values."""

    functions: Mapping[str, Function]
    constants: Collection[str]

    def has_module(self, name: str) -> bool:
        """Tell whether something of the library stands in a module of this name."""
        prefix = f"{name}."
        return any(known.startswith(prefix) for known in (*self.functions, *self.constants))


@dataclass(frozen=True, slots=True)
class Signature:
    """What can be called: parameters by name, each with whether it is required.

    `any_names` takes any named arguments, and none by position.
    """

    name: str
    parameters: dict[str, bool]
    blocking: bool = False
    any_names: bool = False


@dataclass(frozen=True, slots=True)
class Symbols:
    """The routines of a definition, and the library."""

    routines: Mapping[str, Routine]
    library: Library

    def signature(self, name: str) -> Signature | None:
        """Return what a call of this name calls, None if there is no such thing."""
        if name in self.routines:
            taken = self.routines[name].parameters
            return Signature(name, {one.name: one.default is None for one in taken})
        function = self.library.functions.get(name)
        if function is None and name in HELPERS:
            return Signature(name, {**HELPERS[name].arguments, ARGUMENT: False})
        if function is None:
            connector = is_connector(name)
            return Signature(name, {}, blocking=True, any_names=True) if connector else None
        named = {one.name: one.required for one in function.parameters}
        return Signature(name, named, function.blocking)

    def not_found(self, name: str) -> str:
        """Return what to say of a call of an unknown name."""
        module = name.partition(".")[0]
        if is_connector_module(module):
            return f"symbol '{shown(name)}' not found; connectors have longer names"
        known = [*self.routines, *self.library.functions]
        if module != name:
            known = [other for other in known if other.startswith(f"{module}.")]
        if module == name or self.library.has_module(module):
            return f"symbol '{shown(name)}' not found{nearest(name, known)}"
        return f"symbol '{shown(module)}' not found"

    def is_constant(self, path: Sequence[str]) -> bool:
        """Tell whether a path of names begins with a value of the library."""
        return any(name in self.library.constants for name in _dotted(path))

    def uncalled(self, path: Sequence[str]) -> str | None:
        """Return the function that a path of names names without calling it, if any."""
        return next((name for name in _dotted(path) if name in self.library.functions), None)


def _dotted(path: Sequence[str]) -> Iterator[str]:
    """Yield the dotted names that begin a path."""
    for count in range(2, min(len(path), _MOST_PARTS) + 1):
        yield ".".join(path[:count])


def path_of(member: Member) -> tuple[Name, tuple[str, ...]] | None:
    """Return the root of a chain of members, and all of its names; None if the root is no name."""
    keys: list[str] = [member.key]
    node = member.target
    while isinstance(node, Member):
        keys.append(node.key)
        node = node.target
    return (node, (node.name, *reversed(keys))) if isinstance(node, Name) else None
