"""The gate in front of the conformance suite."""

import pytest

from tests.conformance.gate import Later, Outcome, judge


def outcomes(**reasons: str | None) -> dict[str, Outcome]:
    """Return the outcomes of cases, given why each failed."""
    return {
        case: {"file": "suite/x.yaml", "id": case, "certainty": "documented", "reason": reason}
        for case, reason in reasons.items()
    }


def later(*ids: str, ceiling: int | None = None) -> Later:
    """Return a list of cases, complete unless a ceiling says otherwise."""
    return Later(ceiling=len(ids) if ceiling is None else ceiling, ids=ids)


def test_verdict_counts_only_unlisted_cases() -> None:
    """A listed case that fails is neither a pass nor a failure."""
    verdict = judge(outcomes(one=None, two="wrong"), later("two"), [])

    assert (1, (), 1) == (verdict.passed, verdict.failures, verdict.later)


@pytest.mark.parametrize(
    ("reasons", "listed", "earlier", "expected"),
    [
        ({"one": "wrong"}, later(), [], "suite/x.yaml one [documented]: wrong"),
        ({"one": None}, later("one"), [], "passes; take it off later.txt"),
        ({}, later("gone"), [], "gone is no case"),
        ({"one": "wrong"}, later("one", ceiling=0), [], "at most 0 may be"),
        ({"one": "wrong"}, later("one", ceiling=2), [], "lower the first line to `# at most 1`"),
        ({"one": "wrong"}, later("one", "one"), [], "one is listed twice"),
        ({"one": "wrong"}, later("one"), [later("two")], "the list only shrinks"),
        ({"one": "wrong"}, Later.parse("one\n"), [], "the first line must be"),
    ],
)
def test_verdict_fails_when_suite_and_list_disagree(
    reasons: dict[str, str | None], listed: Later, earlier: list[Later], expected: str
) -> None:
    """Every way in which the list can lie fails the run."""
    verdict = judge(outcomes(**reasons), listed, earlier)

    assert [True] == [expected in failure for failure in verdict.failures]


def test_list_may_be_filled_when_no_complete_one_came_before() -> None:
    """The first complete list is what later ones are held against."""
    begun = Later.parse("# at most 518\n# a comment\n")

    assert [] == later("one").complaints([begun])


def test_list_may_shrink() -> None:
    """Taking cases off is what the list is for."""
    assert [] == later("one").complaints([later("one", "two")])
