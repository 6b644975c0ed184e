"""The policy of a retry."""

from __future__ import annotations

import pytest

from ringback_server.lang.expressions import Position
from ringback_server.lang.steps import RetryPolicy, Try
from tests.lang.printing import printed
from tests.lang.reading import body_of, problems_of

TRY = "- s:\n    try: {call: sys.now}\n    retry: "


def policy_of(text: str) -> RetryPolicy:
    """Parse a policy that is a map."""
    body = body_of(f"{TRY}{text}\n")
    assert isinstance(body, Try)
    assert isinstance(body.retry, RetryPolicy)
    return body.retry


def test_policy_when_complete() -> None:
    """Every field may be a number or an expression."""
    policy = policy_of(
        "{predicate: '${p}', max_retries: 3, "
        "backoff: {initial_delay: '${a}', max_delay: 2.5, multiplier: 2}}"
    )

    fields = (
        policy.predicate,
        policy.max_retries,
        policy.initial_delay,
        policy.max_delay,
        policy.multiplier,
    )
    assert ["p", "3", "a", "2.5", "2"] == [field and printed(field) for field in fields]
    assert Position(3, 5, 5) == policy.position


def test_policy_when_fields_are_left_out() -> None:
    """A field that is left out is None."""
    policy = policy_of("{max_retries: 3}")

    assert (None, None, None, None) == (
        policy.predicate,
        policy.initial_delay,
        policy.max_delay,
        policy.multiplier,
    )


def test_policy_when_the_backoff_is_an_expression() -> None:
    """A whole back-off such as the library's may stand for the map."""
    policy = policy_of("{backoff: '${retry.default_backoff}'}")

    fields = (policy.initial_delay, policy.max_delay, policy.multiplier)
    assert [
        "retry.default_backoff.initial_delay",
        "retry.default_backoff.max_delay",
        "retry.default_backoff.multiplier",
    ] == [field and printed(field) for field in fields]


def test_policy_when_it_is_an_expression() -> None:
    """A whole policy such as the library's may stand for the map."""
    body = body_of(f"{TRY}${{http.default_retry}}\n")

    assert isinstance(body, Try)
    assert body.retry is not None
    assert not isinstance(body.retry, RetryPolicy)
    assert "http.default_retry" == printed(body.retry)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("5", 12, "'retry' must be a map or an expression, not '5'"),
        ("", 11, "'retry' must be a map or an expression, not nothing"),
        ("[]", 12, "'retry' must be a map, not a list"),
        (
            "{max_retry: 5}",
            13,
            "unknown key 'max_retry' in 'retry'; did you mean 'max_retries'?",
        ),
        (
            "{predicate: p}",
            24,
            "'predicate' must be an expression such as ${p}, not 'p'",
        ),
        ("{backoff: 5}", 22, "'backoff' must be a map, not '5'"),
        (
            "{backoff: {max: 5}}",
            23,
            "unknown key 'max' in 'backoff'",
        ),
    ],
)
def test_policy_when_it_is_wrong(text: str, column: int, message: str) -> None:
    """What is wrong with a policy is said where it is."""
    assert [(3, column, message)] == [
        (problem.line, problem.column, problem.message) for problem in problems_of(f"{TRY}{text}\n")
    ]
