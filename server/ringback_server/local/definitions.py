"""Definitions from files, compiled, and where their steps stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.entry import beginning_with
from ringback_server.lang.expressions import Position
from ringback_server.lang.problems import DefinitionError
from ringback_server.lang.program import Op, Program
from ringback_server.local.documents import BadFileError, read_text
from ringback_server.local.matching import is_map
from ringback_server.model.resources import StepPlace

_NO_ID: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """A definition that can be run."""

    #: what the workflow is called
    workflow: str
    program: Program

    def beginning_with(self, subworkflow: str, argument: object) -> Self:
        """Return what runs a subworkflow with a map of arguments, by the names of its parameters.

        Raises ValueError if there is no such subworkflow, or it does not take these.
        """
        if not is_map(argument):
            raise ValueError(f"the argument must be a map: arguments of {subworkflow!r} by name")
        program = beginning_with(self.program, subworkflow, argument.keys())
        return replace(self, program=program)

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
        program = compile_definition(read_definition(text))
    except DefinitionError as error:
        first, *others = error.problems
        place = Position(first.line, first.column, first.length)
        lines = [first.message, *(f"{file}:{o.line}:{o.column}: {o.message}" for o in others)]
        raise BadFileError(file, place, "\n".join(lines)) from None
    stem = _NO_ID.sub("-", Path(file).name.partition(".")[0]).strip("-_")
    workflow = stem if stem[:1].isalpha() else f"w-{stem}".rstrip("-")
    return Runnable(workflow=workflow[:60].rstrip("-_"), program=program)
