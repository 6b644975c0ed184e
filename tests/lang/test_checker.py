"""What a definition names must exist, and what it calls must fit."""

from __future__ import annotations

import pytest

from tests.lang.reading import problems_of

SUBS = """
pair: {params: [a, b: 1], steps: [{s: {return: '${a + b}'}}]}
test: {params: [e], steps: [{s: {return: true}}]}
"""
NEITHER = "is neither a variable nor a sub-workflow name"


def routine(*steps: str) -> str:
    """Return a definition with some steps in `main`, from line 3 on, and two subworkflows."""
    lines = [line for step in steps for line in step.splitlines()]
    return "main:\n  steps:\n" + "".join(f"    {line}\n" for line in lines) + SUBS


ALLOWED = [
    pytest.param("- s: {assign: [{a: 1}, {b: '${a}'}]}", id="a variable"),
    pytest.param("- s: {assign: [{b: '${a}'}, {a: 1}]}", id="a variable assigned later"),
    pytest.param("- s: {assign: [{m.x: 1}, {b: '${m}'}]}", id="a variable assigned inside"),
    pytest.param(
        "- s: {try: {call: sys.now, result: a}, except: {as: e, steps: [{t: {next: end}}]}}\n"
        "- u: {return: '${a}'}",
        id="a result",
    ),
    pytest.param("- s: {return: '${test}'}", id="a subworkflow as a value"),
    pytest.param("- s: {return: '${http.default_retry.max_retries}'}", id="inside a constant"),
    pytest.param("- s: {return: '${retry.always}'}", id="a predicate"),
    pytest.param(
        "- s:\n    try: {raise: x}\n    except:\n      as: e\n      steps:\n"
        "        - t: {assign: [{own: '${e}'}]}\n        - u: {return: '${own}'}",
        id="variables of an except block",
    ),
    pytest.param("- s: {call: pair, args: {a: 1}}", id="a default left out"),
    pytest.param("- s: {call: pair, args: {b: 2, a: 1}}", id="named arguments"),
    pytest.param("- s: {call: pair, args: [1]}", id="positional arguments"),
    pytest.param("- s: {return: '${pair(1, 2)}'}", id="a call in an expression"),
    pytest.param("- s: {call: sys.log, args: {data: x, severity: INFO}}", id="a blocking step"),
    pytest.param("- s: {call: sys.now}", id="no arguments"),
    pytest.param(
        "- s: {assign: [{sys: 1}, {a: '${sys + sys.now()}'}]}", id="a variable called as a module"
    ),
    pytest.param(
        "- s: {try: {raise: x}, retry: {predicate: '${test}', max_retries: 1}}", id="a predicate"
    ),
    pytest.param(
        "- s: {try: {raise: x}, retry: {predicate: '${retry.always}', "
        "backoff: '${retry.default_backoff}'}}",
        id="a policy from the library",
    ),
]


@pytest.mark.parametrize("step", ALLOWED)
def test_step_when_all_it_names_exists(step: str) -> None:
    """What exists and fits is accepted."""
    assert () == problems_of(routine(step))


REFUSED = [
    ("- s:\n    return: ${a + 1}", 4, 19, f"error evaluating return value: symbol 'a' {NEITHER}"),
    ("- s: {raise: '${a}'}", 3, 21, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{x: '${a.b[0]}'}]}", 3, 27, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{m: {}}, {'m[a]': 1}]}", 3, 33, f"symbol 'a' {NEITHER}"),
    ("- s: {call: sys.log, args: ['${a}']}", 3, 36, f"symbol 'a' {NEITHER}"),
    ("- s: {switch: [{condition: '${a}', next: end}]}", 3, 35, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{x: {'${a}': 1}}]}", 3, 28, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{x: '${[not a]}'}]}", 3, 32, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{x: '${pair(1).y[a]}'}]}", 3, 37, f"symbol 'a' {NEITHER}"),
    ("- s: {try: {raise: x}, retry: {max_retries: '${a}'}}", 3, 52, f"symbol 'a' {NEITHER}"),
    ("- s: {try: {raise: x}, retry: '${a}'}", 3, 38, f"symbol 'a' {NEITHER}"),
    ("- s: {assign: [{x: '${http.nothing}'}]}", 3, 27, f"symbol 'http' {NEITHER}"),
    ("- s: {assign: [{x: '${len}'}]}", 3, 27, f"symbol 'len' {NEITHER}"),
    (
        "- s: {assign: [{x: '${sys.now}'}]}",
        3,
        27,
        "'sys.now' is a function; write sys.now(…) to call it",
    ),
    (
        (
            "- s:\n    try: {raise: x}\n    except: {as: e, steps: [{t: {raise: '${e}'}}]}\n"
            "- u: {raise: '${e}'}"
        ),
        6,
        21,
        f"symbol 'e' {NEITHER}",
    ),
    ("- s: {call: telephone.ring}", 3, 17, "symbol 'telephone' not found"),
    ("- s: {call: sys.nwo}", 3, 17, "symbol 'sys.nwo' not found; did you mean 'sys.now'?"),
    ("- s: {call: sys.telephone}", 3, 17, "symbol 'sys.telephone' not found"),
    ("- s: {call: tset}", 3, 17, "symbol 'tset' not found; did you mean 'test'?"),
    ("- s: {assign: [{x: '${nothing(1)}'}]}", 3, 27, "symbol 'nothing' not found"),
    (
        "- s: {call: googleapis.storage.v1}",
        3,
        17,
        "symbol 'googleapis.storage.v1' not found; connectors have longer names",
    ),
    (
        "- s: {call: googleapis.storage.v1.objects.get, args: [1]}",
        3,
        59,
        "'googleapis.storage.v1.objects.get' takes named arguments only",
    ),
    (
        "- s: {assign: [{x: '${gke.get_job(1)}'}]}",
        3,
        27,
        "'gke.get_job' is blocking and cannot stand in an expression; call it in a step of its own",
    ),
    (
        "- s: {assign: [{x: '${1 + sys.sleep(1)}'}]}",
        3,
        31,
        "'sys.sleep' is blocking and cannot stand in an expression; call it in a step of its own",
    ),
    ("- s: {call: pair}", 3, 17, "the call of 'pair' needs an argument 'a'"),
    ("- s: {call: pair, args: {b: 1}}", 3, 17, "the call of 'pair' needs an argument 'a'"),
    ("- s: {call: pair, args: {a: 1, c: 2}}", 3, 36, "'pair' has no parameter 'c'"),
    (
        "- s: {call: sys.log, args: {data: 1, severty: 2}}",
        3,
        42,
        "'sys.log' has no parameter 'severty'; did you mean 'severity'?",
    ),
    ("- s: {call: pair, args: [1, 2, 3]}", 3, 36, "'pair' takes at most 2 arguments, not 3"),
    ("- s: {assign: [{x: '${pair()}'}]}", 3, 27, "the call of 'pair' needs an argument 'a'"),
    ("- s: {assign: [{x: '${len(1, 2)}'}]}", 3, 34, "'len' takes at most 1 arguments, not 2"),
    (
        "- s: {try: {raise: x}, retry: {predicate: '${pair}'}}",
        3,
        50,
        "a predicate takes one parameter, the error; 'pair' takes 2",
    ),
]


@pytest.mark.parametrize(("step", "line", "column", "message"), REFUSED)
def test_step_when_something_does_not_exist(
    step: str, line: int, column: int, message: str
) -> None:
    """What does not exist or fit is said in Google's words where they are known."""
    assert [(line, column, message)] == [
        (problem.line, problem.column, problem.message) for problem in problems_of(routine(step))
    ]


def test_subworkflow_when_it_has_the_name_of_a_function() -> None:
    """A name calls one thing."""
    text = "main: {steps: [{s: {return: 1}}]}\nlen: {steps: [{s: {return: 1}}]}\n"

    assert [(2, "'len' is the name of a library function", None)] == [
        (problem.line, problem.message, problem.step) for problem in problems_of(text)
    ]


def test_default_when_it_names_a_variable() -> None:
    """A default is evaluated before there are variables."""
    text = (
        "main: {steps: [{s: {return: 1}}]}\n"
        "sub: {params: [a, b: '${a}'], steps: [{s: {return: 1}}]}\n"
    )

    assert [(2, f"symbol 'a' {NEITHER}")] == [
        (problem.line, problem.message) for problem in problems_of(text)
    ]


def test_variable_of_another_routine_when_named() -> None:
    """A routine sees no other's variables."""
    text = (
        "main: {steps: [{s: {assign: [{secret: 1}]}}]}\nsub: {steps: [{s: {raise: '${secret}'}}]}\n"
    )

    assert [(2, "s", f"symbol 'secret' {NEITHER}")] == [
        (problem.line, problem.step, problem.message) for problem in problems_of(text)
    ]


def test_default_when_it_calls_a_subworkflow() -> None:
    """A default calls functions of the library, but no subworkflow."""
    text = (
        "main: {steps: [{s: {return: 1}}]}\n"
        "test: {params: [x: '${len([1])}'], steps: [{s: {return: 1}}]}\n"
        "sub: {params: [x: '${1 + test()}'], steps: [{s: {return: 1}}]}\n"
    )

    assert [(3, "a default cannot call a subworkflow, as 'test' is; call it in a step")] == [
        (problem.line, problem.message) for problem in problems_of(text)
    ]
