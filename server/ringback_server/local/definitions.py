"""Definitions from files, compiled, and where their steps stand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, Self

from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.entry import beginning_with
from ringback_server.lang.expressions import Call
from ringback_server.lang.problems import DefinitionError
from ringback_server.lang.program import Op, Program
from ringback_server.lang.steps import CallStep, Definition
from ringback_server.lang.traversal import bodies_below, expressions_of, parts
from ringback_server.local.documents import BadFileError, FieldError, read_text
from ringback_server.local.matching import is_map
from ringback_server.local.services import connector_findings
from ringback_server.model.resources import StepPlace

_NO_ID: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """A definition that can be run."""

    #: what the workflow is called
    workflow: str
    program: Program
    #: the file's name
    file: str
    #: functions that it calls -> steps that call them
    callers: Mapping[str, Collection[str]]

    def beginning_with(self, subworkflow: str, argument: object) -> Self:
        """Return what runs a subworkflow with a map of arguments, by the names of its parameters.

        Raises FieldError if there is no such subworkflow, or it does not take these.
        """
        key = "argument" if subworkflow in self.program.routines else "subworkflow"
        if key == "argument" and not is_map(argument):
            problem = f"the argument must be a map: arguments of {subworkflow!r} by name"
            raise FieldError("argument", problem)
        try:
            given = argument.keys() if is_map(argument) else ()
            program = beginning_with(self.program, subworkflow, given)
        except ValueError as error:
            raise FieldError(key, str(error)) from None
        return replace(self, program=program)

    def steps_calling(self, is_meant: Callable[[str], bool]) -> set[str]:
        """Return the steps that call a function, or one of several."""
        return {step for name, steps in self.callers.items() if is_meant(name) for step in steps}

    def line_of(self, place: StepPlace) -> int:
        """Return the line of a step's call, or of what else it does."""
        routine = self.program.routines[place.routine]
        own = [pc for pc, step in enumerate(routine.steps) if step == place.step]
        calls = (pc for pc in own if routine.code[pc][0] == Op.INVOKE)
        first = next(calls, own[0] if own else 0)
        return routine.positions[first].line


def read_runnable(path: Path) -> Runnable:
    """Read a definition; raises BadFileError, with all that is wrong with it."""
    return runnable_of(read_text(path), str(path))


def runnable_of(text: str, file: str) -> Runnable:
    """Compile a definition; raises BadFileError, with the file's name and all that is wrong."""
    try:
        definition = read_definition(text)
    except DefinitionError as error:
        raise BadFileError.of_definition(file, error) from None
    if findings := connector_findings(definition):
        raise BadFileError.joined(
            BadFileError(file, finding.position, finding.message) for finding in findings
        )
    stem = _NO_ID.sub("-", Path(file).name.partition(".")[0]).strip("-_")
    workflow = stem if stem[:1].isalpha() else f"w-{stem}".rstrip("-")
    return Runnable(
        workflow=workflow[:60].rstrip("-_"),
        program=compile_definition(definition),
        file=Path(file).name,
        callers=_callers(definition),
    )


def _callers(definition: Definition) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for routine in definition.routines.values():
        for step, body in bodies_below(routine.steps):
            if isinstance(body, CallStep):
                found[body.function].add(step.name)
            for node in chain.from_iterable(map(parts, expressions_of(body))):
                if isinstance(node, Call):
                    found[node.function].add(step.name)
    return dict(found)
