"""Reads sources for tests, and collects what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from ringback_server.lang.checker import check
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.expressions import Expression
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Mapping, Node, Scalar, Sequence
from ringback_server.lang.parser import parse
from ringback_server.lang.problems import DefinitionError, Problem, Problems
from ringback_server.lang.source import read_source
from ringback_server.lang.steps import Body, Definition, Return, Step
from ringback_server.lang.symbols import Library

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a library function."""

    name: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Function:
    """A library function that does nothing."""

    parameters: tuple[Parameter, ...] = ()
    blocking: bool = False


#: enough of a library to check against
LIBRARY = Library(
    functions={
        "len": Function((Parameter("value"),)),
        "sys.now": Function(),
        "sys.sleep": Function((Parameter("seconds"),), blocking=True),
        "sys.log": Function(
            (Parameter("data", required=False), Parameter("severity", required=False)),
            blocking=True,
        ),
        "text.to_upper": Function((Parameter("source"),)),
        "retry.always": Function((Parameter("exception"),)),
    },
    constants={"retry.always", "http.default_retry", "retry.default_backoff"},
)


def read_nodes(text: str, limits: Limits | None = None) -> Node | None:
    """Read a text that has no problems."""
    problems = Problems()
    _, root = read_source(text, limits or Limits(), problems)
    problems.raise_any()
    return root


def plain(node: Node | None) -> Plain:
    """Return what a node holds, without its places."""
    match node:
        case None:
            return None
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {entry.key: plain(entry.value) for entry in node.entries}


def parsed(text: str, limits: Limits | None = None) -> Definition:
    """Parse a text without checking it."""
    problems = Problems()
    limits = limits or Limits()
    source, root = read_source(text, limits, problems)
    definition = parse(source, root, limits, problems)
    problems.raise_any()
    return definition


def problems_of(text: str, limits: Limits | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with a definition, checked against the small library."""
    problems = Problems()
    limits = limits or Limits()
    try:
        source, root = read_source(text, limits, problems)
        definition = parse(source, root, limits, problems)
        check(definition, LIBRARY, problems)
        problems.raise_any()
    except DefinitionError as error:
        return error.problems
    return ()


def complaints(text: str, limits: Limits | None = None) -> list[str]:
    """Return the messages of what is wrong with a definition."""
    return [problem.message for problem in problems_of(text, limits)]


def refusal(text: str, limits: Limits | None = None) -> Problem:
    """Return the one problem of a text that the façade refuses."""
    try:
        read_definition(text, limits or Limits())
    except DefinitionError as error:
        (problem,) = error.problems
        return problem
    raise AssertionError(text)


def steps_of(text: str) -> tuple[Step, ...]:
    """Parse a definition and return the steps of `main`."""
    return parsed(text).routines["main"].steps


def body_of(text: str) -> Body:
    """Parse a definition and return what its first step does."""
    body = steps_of(text)[0].body
    assert body is not None
    return body


def returned(text: str) -> Expression:
    """Parse a definition whose first step returns, and return the value's tree."""
    body = body_of(text)
    assert isinstance(body, Return)
    return body.value
