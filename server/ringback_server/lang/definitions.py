"""The front of the language: text in, a checked definition out."""

from __future__ import annotations

from ringback_server.lang.checker import check
from ringback_server.lang.limits import Limits
from ringback_server.lang.parser import parse
from ringback_server.lang.problems import Problems
from ringback_server.lang.source import read_source
from ringback_server.lang.stdlib import CONSTANTS, FUNCTIONS
from ringback_server.lang.steps import Definition
from ringback_server.lang.symbols import Library

_GOOGLES_LIMITS = Limits()
_LIBRARY = Library(FUNCTIONS, CONSTANTS)


def read_definition(text: str, limits: Limits = _GOOGLES_LIMITS) -> Definition:
    """Return the definition that a text holds, in YAML or JSON.

    Raises DefinitionError, with everything that is wrong in it, and nothing else.
    """
    problems = Problems()
    source, root = read_source(text, limits, problems)
    definition = parse(source, root, limits, problems)
    check(definition, _LIBRARY, problems)
    problems.raise_any()
    return definition
