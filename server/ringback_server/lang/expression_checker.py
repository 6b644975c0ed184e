"""What an expression names must exist, and what it calls must be callable there.

Expressions are walked with a list of what is left to do: their trees may be deep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from ringback_server.lang.expressions import (
    Binary,
    Call,
    Expression,
    Index,
    ListOf,
    Literal,
    MapOf,
    Member,
    Name,
    Position,
    Unary,
)
from ringback_server.lang.problems import Problems, nearest, shown
from ringback_server.lang.scopes import Scope
from ringback_server.lang.symbols import Signature, Symbols, path_of

_NO_VARIABLES: Final = Scope("", frozenset())


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks expressions and calls where they stand."""

    symbols: Symbols
    problems: Problems
    #: false when the routine is known to be incomplete, so that a variable may be assigned in
    #: a part of it that could not be parsed
    variables_known: bool = True
    scope: Scope = _NO_VARIABLES
    step: str | None = None
    #: begins each message
    prefix: str = ""

    def inside(self, scope: Scope, step: str | None) -> Checker:
        """Return the checker of another place."""
        return replace(self, scope=scope, step=step, prefix="")

    def problem(self, message: str, position: Position) -> None:
        """Note a problem here."""
        self.problems.add(self.prefix + message, position, self.step)

    def expressions(self, nodes: Iterable[Expression | None], prefix: str = "") -> None:
        """Check some expressions; None is one that was left out."""
        if prefix:
            replace(self, prefix=prefix).expressions(nodes)
            return
        left = [node for node in nodes if node is not None]
        left.reverse()
        while left:
            left.extend(reversed(self._check(left.pop())))

    def written(self, name: str, position: Position) -> None:
        """Check that a variable may be assigned here."""
        if self.variables_known and not self.scope.writable(name):
            message = (
                f"'{name}' is a variable outside of the parallel step; "
                "to write it in a branch, list it in 'shared'"
            )
            self.problem(message, position)

    def shared(self, name: Name) -> None:
        """Check a name that a parallel step lists as shared."""
        if not self.variables_known:
            return
        if self.scope.variable(name.name) is None:
            message = f"'shared' lists '{name.name}', which is no variable outside of this step"
            self.problem(message, name.position)
        elif not self.scope.writable(name.name):
            message = f"'{name.name}' is not shared by the parallel step around this one"
            self.problem(message, name.position)

    def named_call(
        self, name: str, arguments: Sequence[tuple[str, Position]], position: Position
    ) -> None:
        """Check a call step with named arguments; positions are those of the names."""
        signature = self._callee(name, position)
        if signature is None or signature.any_names:
            return
        for argument, place in arguments:
            if argument not in signature.parameters:
                hint = nearest(argument, signature.parameters)
                message = f"'{shown(name)}' has no parameter '{shown(argument)}'{hint}"
                self.problem(message, place)
        self._check_missing(signature, [argument for argument, _ in arguments], position)

    def positional_call(self, name: str, arguments: Sequence[Position], position: Position) -> None:
        """Check a call with positional arguments, of which the positions are given."""
        signature = self._callee(name, position)
        if signature is None:
            return
        names, count = list(signature.parameters), len(arguments)
        if signature.any_names and count:
            self.problem(f"'{shown(name)}' takes named arguments only", arguments[0])
        elif count > len(names):
            message = f"'{shown(name)}' takes at most {len(names)} arguments, not {count}"
            self.problem(message, arguments[len(names)])
        self._check_missing(signature, names[:count], position)

    def _callee(self, name: str, position: Position) -> Signature | None:
        signature = self.symbols.signature(name)
        if signature is None:
            self.problem(self.symbols.not_found(name), position)
        return signature

    def _check_missing(
        self, signature: Signature, given: Sequence[str], position: Position
    ) -> None:
        for name, required in signature.parameters.items():
            if required and name not in given:
                message = f"the call of '{shown(signature.name)}' needs an argument '{name}'"
                self.problem(message, position)

    def _check(self, node: Expression) -> Sequence[Expression]:
        """Check one node, and return the nodes below that are to be checked."""
        below: Sequence[Expression] = ()
        match node:
            case Literal():
                pass
            case Name():
                self._name(node)
            case Member():
                below = self._member(node)
            case Index():
                below = node.target, node.key
            case Call():
                self._call(node)
                below = node.arguments
            case Unary():
                below = (node.operand,)
            case Binary():
                below = node.left, node.right
            case ListOf():
                below = node.items
            case MapOf():
                below = [part for pair in node.pairs for part in pair]
            case _:
                assert_never(node)
        return below

    def _name(self, node: Name) -> None:
        known = self.scope.variable(node.name) is not None or node.name in self.symbols.routines
        if self.variables_known and not known:
            message = f"symbol '{node.name}' is neither a variable nor a sub-workflow name"
            self.problem(message, node.position)

    def _member(self, node: Member) -> Sequence[Expression]:
        found = path_of(node)
        if found is None:
            return (node.target,)
        root, path = found
        if self.scope.variable(root.name) is not None or self.symbols.is_constant(path):
            return ()
        function = self.symbols.uncalled(path)
        if function is None:
            self._name(root)
        elif self.variables_known:
            message = f"'{function}' is a function; write {function}(…) to call it"
            self.problem(message, node.position)
        return ()

    def _call(self, node: Call) -> None:
        signature = self.symbols.signature(node.function)
        if signature is None or not signature.any_names:
            places = [argument.position for argument in node.arguments]
            self.positional_call(node.function, places, node.position)
        if signature is not None and signature.blocking:
            message = (
                f"'{node.function}' is blocking and cannot stand in an expression; "
                "call it in a step of its own"
            )
            self.problem(message, node.position)
