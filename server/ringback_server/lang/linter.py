"""Text in, findings out: what keeps a definition from being deployed, and what may surprise."""

from __future__ import annotations

from collections.abc import Iterator

from ringback_server.lang.assignment_warnings import assignment_warnings
from ringback_server.lang.connector_warnings import connector_warnings
from ringback_server.lang.connectors import Connectors, Undescribed
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.expressions import Position
from ringback_server.lang.findings import INVALID, Finding
from ringback_server.lang.limits import Limits
from ringback_server.lang.node_warnings import node_warnings
from ringback_server.lang.problems import DefinitionError, Problems
from ringback_server.lang.source import read_source
from ringback_server.lang.step_warnings import step_warnings

_GOOGLES_LIMITS = Limits()
_UNDESCRIBED = Undescribed()


def lint(
    text: str, limits: Limits = _GOOGLES_LIMITS, connectors: Connectors = _UNDESCRIBED
) -> tuple[Finding, ...]:
    """Return what there is to say of a definition, in the order of the source."""
    found = [*_in_definition(text, limits, connectors), *_in_source(text, limits)]
    return tuple(sorted(found, key=_place))


def _in_definition(text: str, limits: Limits, connectors: Connectors) -> Iterator[Finding]:
    try:
        definition = read_definition(text, limits)
    except DefinitionError as error:
        for problem in error.problems:
            position = Position(problem.line, problem.column, problem.length)
            yield Finding(
                rule=INVALID, message=problem.message, position=position, step=problem.step
            )
        return
    for routine in definition.routines.values():
        yield from step_warnings(routine)
        yield from assignment_warnings(routine)
        yield from connector_warnings(routine, connectors)


def _in_source(text: str, limits: Limits) -> Iterator[Finding]:
    try:
        source, root = read_source(text, limits, Problems())
    except DefinitionError:
        # it has been said already
        return
    if root is not None:
        yield from node_warnings(source, root)


def _place(finding: Finding) -> tuple[int, int]:
    return finding.position.line, finding.position.column
