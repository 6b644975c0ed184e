"""Definitions: their roots, routines and parameters."""

from __future__ import annotations

import pytest

from ringback_server.lang.limits import Limits
from tests.lang.printing import printed
from tests.lang.reading import complaints, parsed, problems_of

STEPS = "steps: [{s: {return: 1}}]"


def test_definition_when_its_root_is_a_list() -> None:
    """A list of steps is the body of `main`."""
    definition = parsed("- a: {next: end}\n- b: {return: 1}\n")

    main = definition.routines["main"]
    assert ["main"] == list(definition.routines)
    assert ((), ["a", "b"]) == (main.parameters, [step.name for step in main.steps])


def test_definition_when_its_root_is_a_map() -> None:
    """Routines keep the order of the source, wherever `main` is."""
    definition = parsed(f"helper: {{{STEPS}}}\nmain: {{{STEPS}}}\n")

    assert ["helper", "main"] == list(definition.routines)


def test_parameters_when_read() -> None:
    """A parameter may have a default, which may be null or an expression."""
    definition = parsed(
        f"""
main: {{{STEPS}}}
sub:
  params: [a, b: "x", c: null, d: {{k: [1]}}, e: '${{1 + 1}}']
  {STEPS}
"""
    )

    assert [
        ("a", None),
        ("b", '"x"'),
        ("c", "null"),
        ("d", '{"k": [1]}'),
        ("e", "(1 + 1)"),
    ] == [
        (parameter.name, parameter.default and printed(parameter.default))
        for parameter in definition.routines["sub"].parameters
    ]


@pytest.mark.parametrize("params", ["[]", "null", ""])
def test_parameters_when_there_are_none(params: str) -> None:
    """An empty list of parameters is none."""
    definition = parsed(f"main:\n  params: {params}\n  {STEPS}\n")

    assert () == definition.routines["main"].parameters


WRONG = [
    ("", 1, 1, "the definition is empty"),
    ("# nothing\n", 1, 1, "the definition is empty"),
    ("null\n", 1, 1, "the definition is empty"),
    ("text\n", 1, 1, "a definition is a list of steps, or a map with 'main', not 'text'"),
    ("[]", 1, 1, "'steps' needs at least one step"),
    (f"\nhelper: {{{STEPS}}}\n", 2, 1, "the definition has no 'main'"),
    ("main:\n", 1, 6, "'main' must be a map, not nothing"),
    ("main: [{s: {return: 1}}]\n", 1, 7, "'main' must be a map, not a list"),
    ("main: {params: [a]}\n", 1, 7, "'main' needs 'steps'"),
    ("main: {steps: []}\n", 1, 15, "'steps' needs at least one step"),
    (
        f"main: {{{STEPS}, param: [a]}}\n",
        1,
        35,
        "unknown key 'param' in 'main'; did you mean 'params'?",
    ),
    (f"main: {{params: [a, b], {STEPS}}}\n", 1, 16, "'params' takes at most 1, not 2"),
    (f"main: {{params: a, {STEPS}}}\n", 1, 16, "'params' must be a list, not 'a'"),
    (
        f"main: {{{STEPS}}}\ns: {{params: [a,b,c,d,e,f,g,h,i,j,k], {STEPS}}}\n",
        2,
        13,
        "'params' takes at most 10, not 11",
    ),
    (f"main: {{{STEPS}}}\ns: {{params: [a, a], {STEPS}}}\n", 2, 17, "duplicate parameter 'a'"),
    (f"main: {{{STEPS}}}\n'': {{{STEPS}}}\n", 2, 1, "the name of a subworkflow must not be empty"),
    (f"main: {{{STEPS}}}\nmain: {{{STEPS}}}\n", 2, 1, "duplicate key 'main'"),
    (
        f"main: {{params: [1a], {STEPS}}}\n",
        1,
        17,
        (
            "a parameter '1a' is not a variable name: "
            "letters, digits and '_' may stand in it, and no digit first"
        ),
    ),
    (f"main: {{params: [5], {STEPS}}}\n", 1, 17, "a parameter must be a name, not '5'"),
    (
        f"main: {{params: [{{a: 1, b: 2}}], {STEPS}}}\n",
        1,
        17,
        "a parameter is a map with one key, its name; found 2",
    ),
    (
        f"main: {{params: [[a]], {STEPS}}}\n",
        1,
        17,
        "a parameter with a default must be a map, not a list",
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), WRONG)
def test_definition_when_it_is_wrong(text: str, line: int, column: int, message: str) -> None:
    """What is wrong with a routine is said where it is, and without a step."""
    assert [(line, column, message, None)] == [
        (problem.line, problem.column, problem.message, problem.step)
        for problem in problems_of(text)
    ]


def test_limits_when_given() -> None:
    """Limits are parameters."""
    text = f"main: {{params: [a], {STEPS}}}\nsub: {{params: [a, b], {STEPS}}}\n"

    assert ["'params' takes at most 0, not 1", "'params' takes at most 1, not 2"] == complaints(
        text, Limits(main_parameters=0, parameters=1)
    )
