"""Library functions: a Python function's signature is the specification of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

from ringback_server.lang.connectors import ConnectorCall
from ringback_server.lang.effects import Children
from ringback_server.lang.errors import memory_limit_error, type_error, value_error
from ringback_server.lang.host import Host
from ringback_server.lang.http_exchange import HttpRequest
from ringback_server.lang.memory import check_depth, check_string, share
from ringback_server.lang.values import List, Map, Reference, Value, size_of, type_name, wrap

#: the annotation of a boolean argument (workflows pass arguments by position as they like)
Boolean = bool


class Omitted(Enum):
    """The default of a parameter for which null is an argument like any other."""

    OMITTED = "omitted"


@dataclass(frozen=True, slots=True)
class Continuation:
    """How a function goes on when its wait has ended: a name in `continuations`, and what to know.

    Both are part of packed states: a name keeps its meaning, and data the forms it once had.
    """

    name: str
    data: Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a function returns to block its strand: until a callback, a deadline, or either.

    Or until `request` is answered, or `children` are created or have ended, or a `connector` is
    answered for. `expiry` is the message of the TimeoutError raised at the deadline. Any other end
    of the wait is given to the `continuation`; without one it is the function's result, null at
    the deadline. `deadline` is in Unix seconds.
    """

    endpoint: int | None = None
    deadline: float | None = None
    expiry: str | None = None
    request: HttpRequest | None = None
    children: Children | None = None
    connector: ConnectorCall | None = None
    continuation: Continuation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a library function, by the name that `args` uses."""

    name: str
    required: bool
    default: object
    #: the classes of acceptable values; None accepts all
    accepts: frozenset[type] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A library function."""

    name: str
    parameters: tuple[Parameter, ...]
    #: must be a `call` step, never part of an expression (SPEC 2.7)
    blocking: bool
    #: an argument, or something inside it, may live on in the result
    keeps_argument: bool
    #: takes the same time however large its arguments are
    instant: bool
    takes_host: bool
    implementation: Callable[..., object]

    def value(self, host: Host, arguments: Sequence[object]) -> Value:
        """Call a function that cannot block; raises a WorkflowError."""
        result = self.invoke(host, arguments)
        if isinstance(result, Block):
            raise TypeError(self.name)
        return result

    def invoke(self, host: Host, arguments: Sequence[object]) -> Value | Block:
        """Call the function with arguments in order, OMITTED where there is none."""
        checked = [
            self._checked(parameter, argument)
            for parameter, argument in zip(self.parameters, arguments, strict=False)
        ]
        checked += [parameter.default for parameter in self.parameters[len(checked) :]]
        work = sum(_work(argument) for argument in checked)
        if work > _BYTES_PER_STEP and not self.instant:
            host.charge(work // _BYTES_PER_STEP)
            if work > host.limits.memory_bytes:
                _check_sizes(host, checked)
        if self.keeps_argument:
            for argument in checked:
                if isinstance(argument, (Map, List)):
                    share(host, argument)
        if self.takes_host:
            result = self.implementation(host, *checked)
        else:
            result = self.implementation(*checked)
        return result if isinstance(result, Block) else self._result(host, result)

    def _checked(self, parameter: Parameter, argument: object) -> object:
        if argument is Omitted.OMITTED:
            if parameter.required:
                raise type_error(f"{self.name}(): argument '{parameter.name}' is missing")
            return parameter.default
        if parameter.accepts is not None and type(argument) not in parameter.accepts:
            wanted = " or ".join(sorted({_NAMES[kind] for kind in parameter.accepts}))
            got = _NAMES[type(argument)]
            raise type_error(f"{self.name}(): '{parameter.name}' must be {wanted}, not {got}")
        return argument

    def _result(self, host: Host, result: object) -> Value:
        try:
            value = wrap(result)
        except ValueError as error:
            raise value_error(f"{self.name}(): {error}") from None
        if isinstance(value, str):
            check_string(host, value)
        elif isinstance(value, (bytes, Map, List)):
            _check_sizes(host, (value,))
            if not isinstance(value, bytes):
                check_depth(value)
        return value


#: accounted bytes of arguments that count like one step
_BYTES_PER_STEP = 256
#: how much more the bytes of containers count, whose items are looked at one by one
_ITEM_WEIGHT = 4

_NAMES: dict[type, str] = {
    NoneType: "null",
    Reference: "function",
    **{kind: type_name(kind()) for kind in (bool, int, float, str, bytes, Map, List)},
}

_FUNCTIONS: dict[str, Function] = {}

F = TypeVar("F", bound=Callable[..., object])


def function(
    name: str, *, blocking: bool = False, keeps: bool = True, instant: bool = False
) -> Callable[[F], F]:
    """Register a Python function under a name of the language.

    Its annotations are what it accepts: str, int, float (any number), bool, bytes, Map, List,
    unions of them, or Value. A first parameter called `host` is passed the machine. `keeps` is
    False if neither an argument nor a part of one can live on in the result, `instant` True if
    the size of arguments does not matter to the time it takes.
    """

    def register(implementation: F) -> F:
        hints = get_type_hints(implementation)
        names = list(inspect.signature(implementation).parameters.values())
        takes_host = bool(names) and names[0].name == "host"
        parameters = tuple(
            Parameter(
                name=parameter.name.rstrip("_"),
                required=parameter.default is inspect.Parameter.empty,
                default=parameter.default,
                accepts=_accepted(hints[parameter.name]),
            )
            for parameter in names[takes_host:]
        )
        _FUNCTIONS[name] = Function(
            name=name,
            parameters=parameters,
            blocking=blocking,
            keeps_argument=keeps,
            instant=instant,
            takes_host=takes_host,
            implementation=implementation,
        )
        return implementation

    return register


def registered() -> Mapping[str, Function]:
    """Return all functions whose modules were imported, by name."""
    return _FUNCTIONS


def _accepted(hint: object) -> frozenset[type] | None:
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    found = {kind for kind in kinds if isinstance(kind, type) and kind is not Omitted}
    if found >= {Map, List, str, NoneType}:
        return None
    return frozenset(found | {int} if float in found else found)


def _size(argument: object) -> int:
    return size_of(argument) if isinstance(argument, (str, bytes, Map, List)) else 0


def _work(argument: object) -> int:
    weight = _ITEM_WEIGHT if isinstance(argument, (Map, List)) else 1
    return weight * _size(argument)


def _check_sizes(host: Host, values: Sequence[object]) -> None:
    """Raise a ResourceLimitError for what no variable could hold: containers that share parts.

    So the work of a function is bounded, and the size of what it builds.
    """
    if max(_size(value) for value in values) > host.limits.memory_bytes:
        raise memory_limit_error()
