"""Which variables loops and parallel steps see, make and may write."""

from __future__ import annotations

import pytest

from ringback_server.lang.scopes import Scope
from ringback_server.lang.steps import For, Parallel
from tests.lang.reading import parsed, problems_of

NEITHER = "is neither a variable nor a sub-workflow name"
UNSHARED = (
    "is a variable outside of the parallel step; to write it in a branch, list it in 'shared'"
)
OTHER = "{two: {steps: [{z: {raise: x}}]}}"


def branch(steps: str, shared: str = "") -> str:
    """Return a parallel step, in line 2, whose first branch does something."""
    branches = f"branches: [{{one: {{steps: [{steps}]}}}}, {OTHER}]"
    return (
        "- set: {assign: [{n: 0}, {m: {}}]}\n"
        f"- s: {{parallel: {{shared: [{shared}], {branches}}}}}\n"
    )


def looped(steps: str, shared: str = "") -> str:
    """Return a parallel loop, in line 2, that does something."""
    loop = f"for: {{value: v, index: i, in: [1], steps: [{steps}]}}"
    return (
        "- set: {assign: [{n: 0}, {m: {}}]}\n"
        f"- s: {{parallel: {{shared: [{shared}], {loop}}}}}\n"
    )


ALLOWED = [
    pytest.param(
        "- s: {for: {value: v, index: i, in: [1], steps: [{t: {assign: [{x: '${v + i}'}, "
        "{y: '${x}'}]}}]}}\n",
        id="a loop's own variables",
    ),
    pytest.param(
        "- s: {for: {value: v, in: [1], steps: [{t: {assign: [{x: '${v}'}]}}]}}\n"
        "- u: {for: {value: v, in: [1], steps: [{w: {assign: [{x: '${v}'}]}}]}}\n",
        id="the same names in two loops",
    ),
    pytest.param(
        "- s: {for: {value: v, in: [1], steps: [{t: {assign: [{x: '${v}'}]}}]}}\n"
        "- u: {assign: [{x: 1}]}\n- w: {return: '${x}'}\n",
        id="a variable that is assigned behind the loop too",
    ),
    pytest.param(branch("{t: {assign: [{n: '${n + 1}'}, {m.a: 1}]}}", "n, m"), id="shared"),
    pytest.param(branch("{t: {assign: [{own: '${n}'}, {own: 2}]}}"), id="a branch's own"),
    pytest.param(branch("{t: {call: sys.now, result: own}}"), id="a branch's own result"),
    pytest.param(looped("{t: {assign: [{n: '${v + i}'}]}}", "n"), id="shared by iterations"),
    pytest.param(looped("{t: {assign: [{v: 1}]}}"), id="the value of a parallel loop"),
    pytest.param(
        branch("{t: {for: {value: n, in: [1], steps: [{u: {assign: [{x: '${n}'}]}}]}}}"),
        id="a loop's value that hides a variable",
    ),
    pytest.param(
        branch("{t: {try: {raise: x}, except: {as: n, steps: [{u: {assign: [{n: 1}]}}]}}}"),
        id="an error's name that hides a variable",
    ),
    pytest.param(
        branch(
            "{t: {parallel: {shared: [n], for: {value: v, in: [1], steps: "
            "[{u: {assign: [{n: 1}]}}]}}}}",
            "n",
        ),
        id="shared by both",
    ),
    pytest.param(
        branch(
            "{t: {assign: [{own: 1}]}}, {u: {parallel: {shared: [own], for: {value: v, in: [1], "
            "steps: [{w: {assign: [{own: '${n}'}]}}]}}}}"
        ),
        id="a branch's own, shared inside",
    ),
    pytest.param(
        "- s: {for: {value: v, in: [1], steps: [{t: {parallel: {shared: [v], for: "
        "{value: w, in: [1], steps: [{u: {assign: [{v: '${w}'}]}}]}}}}]}}\n",
        id="a loop's value, shared",
    ),
    pytest.param(
        "- s: {parallel: {concurrency_limit: '${n}', for: {value: v, range: ['${n}', '${n}'], "
        "steps: [{t: {raise: '${v}'}}]}}}\n- u: {assign: [{n: 1}]}\n",
        id="expressions of the step",
    ),
]


@pytest.mark.parametrize("text", ALLOWED)
def test_variable_when_it_may_be_used(text: str) -> None:
    """Loops and branches read what is outside, and write what is theirs or shared."""
    assert () == problems_of(text)


REFUSED = [
    ("- s: {for: {value: v, in: [1], steps: [{t: {raise: x}}]}}\n- u: {raise: '${v}'}\n", "v"),
    (
        (
            "- s: {for: {value: w, index: v, in: [1], steps: [{t: {raise: x}}]}}\n"
            "- u: {raise: '${v}'}\n"
        ),
        "v",
    ),
    (
        "- s: {for: {value: w, in: [1], steps: [{t: {assign: [{v: 1}]}}]}}\n- u: {raise: '${v}'}\n",
        "v",
    ),
    (branch("{t: {assign: [{own: 1}]}}") + "- u: {raise: '${own}'}\n", "own"),
    (looped("{t: {call: sys.now, result: own}}") + "- u: {raise: '${own}'}\n", "own"),
    (looped("{t: {raise: x}}") + "- u: {raise: '${i}'}\n", "i"),
    ("- s: {for: {value: v, in: '${v}', steps: [{t: {raise: x}}]}}\n", "v"),
    ("- s: {for: {value: v, range: [1, '${v}'], steps: [{t: {raise: x}}]}}\n", "v"),
    ("- s: {for: {value: v, range: '${v}', steps: [{t: {raise: x}}]}}\n", "v"),
    (
        (
            "- s: {parallel: {concurrency_limit: '${v}', for: {value: v, in: [], steps: "
            "[{t: {raise: x}}]}}}\n"
        ),
        "v",
    ),
]


@pytest.mark.parametrize(("text", "name"), REFUSED)
def test_variable_when_named_outside_of_its_scope(text: str, name: str) -> None:
    """What a loop or a branch makes does not exist outside of it."""
    (problem,) = problems_of(text)

    assert f"symbol '{name}' {NEITHER}" == problem.message
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith(name)


def test_variable_of_a_branch_when_another_names_it() -> None:
    """Branches do not see one another's variables."""
    text = branch("{t: {assign: [{own: 1}]}}").replace("raise: x", "raise: '${own}'")

    assert [f"symbol 'own' {NEITHER}"] == [problem.message for problem in problems_of(text)]


UNSHARED_WRITES = [
    branch("{t: {assign: [{n: 1}]}}"),
    branch("{t: {assign: [{x: 1}, {'m[x].y': 1}]}}", "n"),
    branch("{t: {call: sys.now, result: n}}", "m"),
    branch("{t: {switch: [{condition: true, assign: [{n: 1}]}]}}"),
    branch("{t: {try: {call: sys.now, result: n}}}"),
    branch("{t: {try: {raise: x}, except: {as: e, steps: [{u: {assign: [{n: 1}]}}]}}}"),
    branch("{t: {for: {value: v, in: [1], steps: [{u: {assign: [{n: 1}]}}]}}}"),
    looped("{t: {steps: [{u: {assign: [{n: '${v}'}]}}]}}"),
    branch("{t: {parallel: {for: {value: v, in: [], steps: [{u: {assign: [{n: 1}]}}]}}}}", "n"),
    (
        "- l: {for: {value: n, in: [1], steps: [\n"
        "  {s: {parallel: {for: {value: v, in: [1], steps: [{t: {assign: [{n: 1}]}}]}}}}]}}\n"
    ),
]


@pytest.mark.parametrize("text", UNSHARED_WRITES)
def test_variable_when_a_branch_writes_it_unshared(text: str) -> None:
    """A branch writes no variable of outside that is not shared, however it does."""
    (problem,) = problems_of(text)

    assert (2, UNSHARED) == (problem.line, problem.message.partition(" ")[2])
    written = text.splitlines()[1][problem.column - 1 :]
    assert written.startswith(("n", "m"))
    assert problem.message.startswith(f"'{written[0]}'")


def test_shared_when_there_is_no_such_variable() -> None:
    """Only what exists outside can be shared."""
    text = branch("{t: {assign: [{own: 1}]}}", "n, own")

    assert [(2, 30, "'shared' lists 'own', which is no variable outside of this step")] == [
        (problem.line, problem.column, problem.message) for problem in problems_of(text)
    ]


def test_shared_when_the_step_around_does_not_share() -> None:
    """A parallel step within a branch can share only what its branch may write."""
    text = branch(
        "{t: {parallel: {shared: [n], for: {value: v, in: [1], steps: [{u: {raise: '${v}'}}]}}}}"
    )

    assert ["'n' is not shared by the parallel step around this one"] == [
        problem.message for problem in problems_of(text)
    ]


def test_unique_names_when_scopes_are_nested() -> None:
    """A variable's unique name is made of its scope's label, and its own name."""
    routine = parsed(
        branch("{u: {assign: [{x: 1}]}}")
        + "- l: {for: {value: v, in: [1], steps: [{t: {assign: [{n: 1}, {x: 1}]}}]}}\n"
    ).routines["main"]
    scope = Scope.of(routine)
    parallel, loop = routine.steps[1].body, routine.steps[2].body
    assert isinstance(loop, For)
    assert isinstance(parallel, Parallel)

    inside = scope.inside(loop, "l/for.0")
    one = scope.inside(parallel.branches[0], "p/branch.0", frozenset())

    assert ["n", "v@l/for.0", "x@l/for.0"] == [inside.variable(name) for name in "nvx"]
    assert ["n", None, "x@p/branch.0"] == [one.variable(name) for name in "nvx"]
