"""Routine calls inside expressions: same value as without them, left to right, also when packed."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lang.playing import Played, play

numbers = st.integers(0, 3).map(str)
integers = st.recursive(
    numbers | st.sampled_from(["n", "m.k", "l[1]"]),
    lambda inner: st.one_of(
        inner.map(lambda text: f"f({text})"),
        inner.map(lambda text: f"-{text}" if text[0] != "-" else text),
        inner.map(lambda text: f"[{text}][0]"),
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(inner, inner).map(lambda parts: f"l[f({parts[0]}) * 0] + {parts[1]}"),
    ),
    max_leaves=8,
)
booleans = st.recursive(
    st.tuples(integers, st.sampled_from(["<", "==", ">="]), integers).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not f({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
    ),
    max_leaves=4,
)
#: an expression may have 400 characters
expressions = st.one_of(integers, booleans).filter(lambda text: len(text) <= 400)


def run(expression: str, *, repack: bool = False) -> Played:
    """Evaluate an expression in which f() logs its argument and returns it."""
    steps = [
        {"init": {"assign": [{"n": 7}, {"m": {"k": 5}}, {"l": [2, 3]}]}},
        {"finish": {"return": ["${n}", f"${{{expression}}}", {"k": f"${{{expression}}}"}]}},
    ]
    note = {"call": "sys.log", "args": {"data": "${x}"}}
    routine = {"params": ["x"], "steps": [{"note": note}, {"finish": {"return": "${x}"}}]}
    source = json.dumps({"main": {"steps": steps}, "f": routine})
    return play(source, budget=1 if repack else 4_000, repack=repack)


@settings(deadline=None)
@given(expressions)
def test_expression_when_routines_are_called_inside(expression: str) -> None:
    """Calls of a routine that returns its argument change nothing about the value."""
    called = run(expression)
    plain = run(expression.replace("f(", "("))

    assert called.outcome.failure is None
    assert plain.outcome.result == called.outcome.result


@settings(deadline=None)
@given(expressions)
def test_expression_when_packed_at_every_call(expression: str) -> None:
    """A machine that is packed in the middle of an expression goes on as if it had not been."""
    whole, packed = run(expression), run(expression, repack=True)

    assert whole.outcome.result == packed.outcome.result
    assert whole.logs == packed.logs
