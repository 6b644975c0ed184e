"""As deep as a definition may be, nothing overflows: neither reading, compiling nor running."""

from __future__ import annotations

import pytest

from tests.lang.playing import Played, play

SUB = "\nsub:\n  steps:\n    - done: {return: 1}\n"
SUM = "+1" * 190
#: what may already be on the stack when a server compiles a definition
FRAMES = 150


def main(*steps: str) -> str:
    """Return a definition with steps in `main`, and a subworkflow."""
    return "main:\n  steps:\n" + "".join(f"    - {step}\n" for step in steps) + SUB


def below(frames: int, text: str) -> Played:
    """Run a definition with more frames on the stack."""
    return play(text) if frames == 0 else below(frames - 1, text)


DEEP = [
    pytest.param(main(f"s: {{return: '${{1{SUM}}}'}}"), "191", id="sum"),
    pytest.param(main(f"s: {{return: '${{sub(){SUM}}}'}}"), "191", id="sum with a call"),
    pytest.param(main("s: {return: '${sub()" + "+sub()" * 65 + "}'}"), "66", id="sum of calls"),
    pytest.param(
        main("s: {return: " + "[" * 90 + f"'${{sub(){SUM}}}'" + "]" * 90 + "}"),
        "[" * 90 + "191" + "]" * 90,
        id="sum with a call in lists",
    ),
    pytest.param(
        main("s: {return: " + "{a: " * 90 + f"'${{1{SUM}}}'" + "}" * 90 + "}"),
        '{"a":' * 90 + "191" + "}" * 90,
        id="sum in maps",
    ),
    pytest.param(
        main("s: " + "{try: " * 60 + f"{{return: '${{sub(){SUM}}}'}}" + "}" * 60),
        "191",
        id="sum with a call in tries",
    ),
    pytest.param(
        main("a: {assign: [{m: 1}]}", "s: {return: '${m" + ".b" * 190 + "}'}"),
        None,
        id="members",
    ),
    pytest.param(
        main("a: {assign: [{m: 1}]}", "s: {assign: [{'m" + ".b" * 190 + "': 2}]}"),
        None,
        id="members of a target",
    ),
]


@pytest.mark.parametrize(("text", "expected"), DEEP)
def test_deep_tree_when_run(text: str, expected: str | None) -> None:
    """An expression of 400 characters runs wherever it may stand, or fails as others do."""
    outcome = below(FRAMES, text).outcome

    assert expected == outcome.result
    assert (expected is None) == (outcome.failure is not None)
