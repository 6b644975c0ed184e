"""The façade: whatever the text, a definition or a DefinitionError, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ringback_server.lang.definitions import read_definition
from ringback_server.lang.json_reader import read_json
from ringback_server.lang.limits import Limits
from ringback_server.lang.nodes import Node
from ringback_server.lang.problems import DefinitionError, Problem, Problems
from ringback_server.lang.source_text import SourceText
from ringback_server.lang.yaml_reader import read_yaml
from tests.lang.reading import plain, refusal

Reader = Callable[[SourceText, Limits, Problems], Node | None]

SUITE = Path(__file__).parent.parent / "conformance" / "suite"
#: what later issues bring
LATER = ("not supported yet", "not found")


def source_of(case: dict[str, Any]) -> str:
    """Return the definition of a conformance case."""
    source: str = case.get("source") or case.get("source_json") or _wrapped(case)
    missing = int(case.get("pad_source_to", 0)) - len(source.encode())
    return source + ("\n#" + "-" * (missing - 2) if missing > 1 else "")


def _wrapped(case: dict[str, Any]) -> str:
    variables = [{name: value} for name, value in case.get("vars", {}).items()]
    steps: list[Any] = [{"set": {"assign": variables}}] if variables else []
    steps.append({"finish": {"return": "${" + case["expr"] + "}"}})
    return json.dumps({"main": {"steps": steps}})


def cases(*, refused: bool) -> list[Any]:
    """Return the suite's cases that must deploy, or those that must not."""
    found: list[dict[str, Any]] = []
    for path in sorted(SUITE.glob("*.yaml")):
        found.extend(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    return [
        pytest.param(case, id=case["id"])
        for case in found
        if "env" not in case and ("deploy_error" in case) == refused
    ]


@pytest.mark.parametrize("case", cases(refused=True))
def test_conformance_case_when_it_must_not_deploy(case: dict[str, Any]) -> None:
    """What Google's service refuses is refused, in its words where they are known."""
    with pytest.raises(DefinitionError) as caught:
        read_definition(source_of(case))

    text, expected = str(caught.value), case["deploy_error"]
    assert expected is True or expected in text or LATER[0] in text


@pytest.mark.parametrize("case", cases(refused=False))
def test_conformance_case_when_it_must_deploy(case: dict[str, Any]) -> None:
    """What Google's service deploys is refused only for what later issues bring."""
    problems: tuple[Any, ...] = ()
    try:
        read_definition(source_of(case))
    except DefinitionError as error:
        problems = error.problems

    assert [] == [
        str(problem) for problem in problems if not any(words in problem.message for words in LATER)
    ]


def test_definition_when_it_is_right() -> None:
    """A definition comes back whole, checked against the library."""
    definition = read_definition(
        """
main:
  params: [input]
  steps:
    - log:
        call: sys.log
        args: {text: '${"got " + json.encode_to_string(input)}'}
    - done:
        return: ${helper(input)}
helper:
  params: [x]
  steps:
    - done:
        return: ${x}
"""
    )

    assert ["main", "helper"] == list(definition.routines)


def test_error_when_a_definition_is_wrong() -> None:
    """The text says which step, why, and where."""
    with pytest.raises(DefinitionError) as caught:
        read_definition("- step1:\n    assign: [{varA: 1}]\n- step2:\n    return: ${varA + varC}\n")

    assert (
        "failed to build: error in step step2: error evaluating return value: "
        "symbol 'varC' is neither a variable nor a sub-workflow name (line 4, column 22)"
    ) == str(caught.value)


LARGE = {
    "expressions": "- a:\n    assign: [{a: 1}]\n- s:\n    return:\n"
    + ("      - ${" + 'a[1]+a["b"]-' * 32 + "1}\n") * 320,
    "steps": "".join(f"- s{n}:\n    next: s{n // 2}\n" for n in range(5000)),
    "wrong jumps": "".join(f"- stepname{n}: {{next: stepnam{n}}}\n" for n in range(3500)),
    "wrong calls": "".join(f"- a{n}: {{call: text.aaaaaaa{n}}}\n" for n in range(3500)),
    "wrong keys": "".join(f"- a{n}: {{asign: []}}\n" for n in range(5000)),
    "long words": "- a: {" + "assign" * 20_000 + ": 1}",
    "long names": "- " + "a" * 60_000 + ": {next: " + "a" * 60_001 + "}",
    "many items": "- s: {return: [" + "a," * 65_000 + "]}",
    "many maps": "- s: {return: [" + "{}," * 43_000 + "]}",
    "equal keys": "{" + '"a":1,' * 21_000 + '"b":1}',
    "aliased expressions": "- s:\n    return:\n      - &a ${"
    + "1+" * 190
    + "1}\n      - ["
    + "*a," * 300
    + "]\n",
    "aliased steps": "- a: &a {steps: [{b: {return: 1}}]}\n"
    + "".join(f"- a{n}: *a\n" for n in range(3000)),
    "nested steps": "".join(
        "  " * 2 * n + f"- s{n}:\n" + "  " * 2 * n + "    steps:\n" for n in range(24)
    )
    + "  " * 48
    + "- x: {return: 1}\n",
    "nested loops": "- s: "
    + "".join(f"{{for: {{value: v{n}, in: [1], steps: [{{s{n}: " for n in range(24))
    + "{raise: x}"
    + "}]}}" * 24,
    "parallel steps": "".join(
        f"- p{n}: {{parallel: {{branches: [{{a: {{steps: [{{q{n}: {{raise: x}}}}]}}}}, "
        f"{{b: {{steps: [{{r{n}: {{raise: x}}}}]}}}}]}}}}\n"
        for n in range(1000)
    ),
    "nested values": "- s: {return: " + "[" * 97 + "]" * 97 + "}",
    "nested expressions": "- s: {return: "
    + "[" * 97
    + "'${"
    + "(" * 49
    + "1" * 9
    + "+1" * 140
    + ")" * 49
    + "}'"
    + "]" * 97
    + "}",
    "nested tries": "- s: " + "{try: " * 90 + "{return: 1}" + "}" * 90,
    "nested switches": "- s: " + "{switch: [{condition: true, " * 40 + "next: end" + "}]}" * 40,
    "folded expression": "- s:\n    return: >\n      ${" + "\n      1" * 10_000 + "}\n",
    "many digits": "- s: {return: " + "9" * 130_000 + "}",
    "tag directives": "".join(f"%TAG !{n:x}! x\n" for n in range(9000)) + "--- a",
    "anchors": "- s: {return: [" + "".join(f"&a{n} x," for n in range(13_000)) + "]}",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in LARGE.items()])
def test_large_text_when_read(text: str) -> None:
    """As much as a source can hold takes less than a second, whatever it is."""
    assert len(text) <= 128 * 1024
    began = time.process_time()
    problems = _problems(text)
    took = time.process_time() - began

    assert len(problems) <= 50
    assert sum(len(str(problem)) for problem in problems) < 20_000
    # it takes half a second at most; the test leaves room for a busy machine
    assert took < 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a: {return: !!python/object/apply:os.system ['true']}\n", (1, 15)),
        ("- a: {return: 1}\n" * 62_000, (1, 1)),
        ("\udcff\udcfe", (1, 1)),
        ("\0" * 1000, (1, 1)),
        ("- a:\n    return: [1\n", (3, 1)),
        ('[{"a": {"return": 1}]', (1, 21)),
    ],
)
def test_bad_text_when_refused(text: str, expected: tuple[int, int]) -> None:
    """A text that cannot be read gives one problem, with line and column."""
    problem = refusal(text)

    assert expected == (problem.line, problem.column)


WORDS = st.sampled_from(
    [
        *("main", "steps", "params", "assign", "call", "args", "result", "switch", "condition"),
        *("next", "return", "raise", "try", "retry", "except", "as", "for", "parallel", "a", "b"),
        *("predicate", "max_retries", "backoff", "${a}", "${a.b[0]}", "${", "sys.log", "end"),
        *("", "break", "${f(a)}", "a.b", "a[0]", "${retry.always}", "${1 +}", "é\n"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.integers(), inner, max_size=4)
    ),
    max_leaves=40,
)
BODIES = st.dictionaries(WORDS, VALUES, max_size=4)
DEFINITIONS = st.lists(st.dictionaries(WORDS, BODIES, min_size=1, max_size=1), max_size=5)
ROUTINES = st.dictionaries(WORDS, st.fixed_dictionaries({"steps": DEFINITIONS}), max_size=3)
PIECES = st.sampled_from(
    [
        "- ",
        "a",
        ": ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!str ",
        "|",
        ">",
        "'",
        '"',
        "\\",
        "${",
        "# ",
        "?",
        "---",
        "%",
        "\t",
        "\r",
        "\x85",
        "\u2028",
        "\ufeff",
        "1",
        "😀",
    ]
)


def _problems(text: str) -> tuple[Problem, ...]:
    """Read a text; nothing but a DefinitionError may come of it."""
    try:
        read_definition(text)
    except DefinitionError as error:
        return error.problems
    return ()


def _misplaced(text: str) -> list[Problem]:
    """Read a text, and return what is reported outside of it."""
    lines = len(text) + 1
    return [
        problem
        for problem in _problems(text)
        if not (1 <= problem.line <= lines and 1 <= problem.column <= len(text) + 1)
    ]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.lists(PIECES, max_size=40).map("".join))
def test_any_text_when_read(text: str) -> None:
    """Any text is a definition or is refused, at places within it."""
    assert [] == _misplaced(text)


@settings(max_examples=300, deadline=None)
@given(tree=VALUES | DEFINITIONS | ROUTINES, as_json=st.booleans())
def test_any_tree_when_read(tree: object, *, as_json: bool) -> None:
    """Any tree of YAML or JSON is a definition or is refused, at places within it."""
    text = json.dumps(tree) if as_json else yaml.safe_dump(tree, allow_unicode=True)

    assert [] == _misplaced(text)


def _read(reader: Reader, text: str) -> tuple[object, list[str]]:
    """Return what a reader makes of a text, and the messages of what is wrong."""
    problems = Problems()
    try:
        root = reader(SourceText(text), Limits(), problems)
        problems.raise_any()
    except DefinitionError as error:
        return None, [problem.message for problem in error.problems]
    return plain(root), []


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_json_when_read_as_yaml(tree: object) -> None:
    """JSON is YAML: both readers make the same of it."""
    text = json.dumps([tree]).replace("NaN", "0").replace("-Infinity", "1").replace("Infinity", "2")

    assert _read(read_json, text) == _read(read_yaml, text)
