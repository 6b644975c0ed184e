"""docs/language.md: each example deploys, and returns what the page says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringback_server.lang.checker import check
from ringback_server.lang.limits import Limits
from ringback_server.lang.linter import lint
from ringback_server.lang.problems import Problems
from ringback_server.lang.stdlib import CONSTANTS, FUNCTIONS
from ringback_server.lang.steps import Definition
from ringback_server.lang.symbols import Library
from tests.lang.playing import play
from tests.lang.reading import parsed

PAGE = Path(__file__).parent.parent.parent / "docs" / "language.md"
FENCE = re.compile(r'^```(?:yaml|json) title="([^"\n]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
RESULT = re.compile(r"^# result: (.*)\n\Z", re.MULTILINE)

#: everything that may stand in a definition
CONSTRUCTS = [
    *("main", "params", "steps", "assign", "call", "args", "result", "switch", "condition"),
    *("next", "return", "raise", "try", "retry", "predicate", "max_retries", "backoff"),
    *("initial_delay", "max_delay", "multiplier", "except", "as", "for", "value", "index", "in"),
    *("range", "parallel", "shared", "concurrency_limit", "exception_policy", "branches"),
]


@dataclass(frozen=True, slots=True)
class Example:
    """An example of the page."""

    title: str
    source: str

    @property
    def result(self) -> object:
        """What the page says that it returns; without a word, any result will do."""
        found = RESULT.search(self.source)
        return json.loads(found[1]) if found else ...

    def read(self) -> Definition:
        """Parse the example, and check it against the library."""
        definition, problems = parsed(self.source), Problems()
        check(definition, Library(FUNCTIONS, CONSTANTS), problems)
        problems.raise_any()
        return definition


EXAMPLES = [Example(title, source) for title, source in FENCE.findall(PAGE.read_text("utf-8"))]
EACH = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)


@EACH
def test_example_when_deployed(example: Example) -> None:
    """Each example is right as it stands, and there is nothing to say against it."""
    example.read()

    assert () == lint(example.source, Limits())


@EACH
def test_example_when_run(example: Example) -> None:
    """Each example returns what the page says."""
    outcome = play(example.source).outcome

    assert outcome.failure is None
    assert example.result in (..., json.loads(outcome.result or ""))


def test_page_when_constructs_are_counted() -> None:
    """Every construct of the language stands in an example."""
    sources = "".join(example.source for example in EXAMPLES)

    assert [] == [name for name in CONSTRUCTS if not re.search(rf"\b{name}:", sources)]


def test_examples_when_collected() -> None:
    """Each example has a title of its own, and no fence of the page is overlooked."""
    fences = re.findall(r"^```\w", PAGE.read_text("utf-8"), re.MULTILINE)

    assert len(fences) == len({example.title for example in EXAMPLES})
