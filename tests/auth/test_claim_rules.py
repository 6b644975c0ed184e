"""Conditions on claims: where a value is, and what it may be."""

from __future__ import annotations

import time

import pytest

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern, Wanted
from ringback_server.auth.claims import Claims

CLAIMS = Claims(
    {
        "sub": "repo:octo/orders:ref:refs/heads/main",
        "repository": "octo/orders",
        "realm_access": {"roles": ["user", "admin"], "deep": {"er": "x"}},
        "realm_access.roles": "literal",
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "orders"}},
        "https://example.org/roles": ["one"],
        "kubernetes": {"io": {"namespace": "wrong"}},
        "level": 2,
        "yes": True,
        "no": False,
        "none": None,
        "nested": [["admin"], {"admin": "admin"}, None, 7],
        "text": "a\nb",
        "empty": "",
        "surrogate": "a\ud800b",
    }
)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("repository", ("octo/orders",)),
        ("realm_access.roles", ("user", "admin")),
        ("realm_access/roles", ("user", "admin")),
        ("realm_access.deep.er", ("x",)),
        ("/realm_access.roles", ("literal",)),
        ("kubernetes.io/namespace", ("shop",)),
        ("kubernetes.io/serviceaccount/name", ("orders",)),
        ("https://example.org/roles", ("one",)),
        ("none", ()),
        ("missing", ()),
        ("repository.name", ()),
        ("nested.0", ()),
    ],
)
def test_path_leads_to_one_place_when_it_is_read(path: str, values: tuple[object, ...]) -> None:
    """Which place a path means depends on its text alone, never on the token."""
    assert values == ClaimPath.parse(path).values(CLAIMS)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "/", "//a", "a//b", "a/"])
def test_path_is_refused_when_a_name_is_empty(path: str) -> None:
    """Such a path is a slip."""
    with pytest.raises(ValueError, match="the name of a claim"):
        ClaimPath.parse(path)


HOLDING: list[tuple[str, Wanted]] = [
    ("repository", "octo/orders"),
    ("repository", "octo/*"),
    ("repository", "octo/orders*"),
    ("repository", "*/orders"),
    ("repository", "octo**"),
    ("sub", "repo:octo/orders:ref:refs/heads/main"),
    ("sub", "repo:octo/*:ref:refs/heads/*"),
    ("sub", "repo:octo/orders:**"),
    ("realm_access.roles", "admin"),
    ("realm_access.roles", "adm*"),
    ("nested", 7),
    ("level", 2),
    ("yes", True),
    ("no", False),
]
FAILING: list[tuple[str, Wanted]] = [
    ("repository", "octo/Orders"),
    ("repository", "octo/order"),
    ("repository", "oct*"),
    ("repository", "octo?orders"),
    ("repository", "octo.orders"),
    ("repository", "[o]cto/*"),
    ("sub", "repo:octo/*"),
    ("sub", "repo:octo/orders:*"),
    ("sub", "repo:octo/order:**"),
    ("realm_access.roles", "user,admin"),
    ("realm_access", "admin"),
    ("nested", "admin"),
    ("level", "2"),
    ("level", True),
    ("yes", "true"),
    ("yes", 1),
    ("no", True),
    ("missing", False),
    ("none", "None"),
    ("empty", "x*"),
    ("text", "a**"),
    ("surrogate", "a**"),
]


def _condition(path: str, wanted: Wanted) -> Condition:
    return Condition(ClaimPath.parse(path), (Pattern.of("other"), Pattern.of(wanted)))


@pytest.mark.parametrize(("path", "wanted"), HOLDING, ids=repr)
def test_condition_holds_when_a_value_is_the_same(path: str, wanted: Wanted) -> None:
    """Text is compared to the letter, and stars stand for what is said of them."""
    assert _condition(path, wanted).holds(CLAIMS)


@pytest.mark.parametrize(("path", "wanted"), FAILING, ids=repr)
def test_condition_fails_when_a_value_is_another_or_of_another_type(
    path: str, wanted: Wanted
) -> None:
    """A number is not its text, true is not 1, and what is not there is nothing."""
    assert not _condition(path, wanted).holds(CLAIMS)


@pytest.mark.parametrize("wanted", ["", "*", "**", "***"])
def test_pattern_is_refused_when_it_says_nothing(wanted: str) -> None:
    """A condition that everybody meets is none."""
    with pytest.raises(ValueError, match="would accept anything"):
        Pattern.of(wanted)


def test_pattern_is_quick_when_a_claim_is_made_to_keep_it_busy() -> None:
    """The time is linear in the claim, however many stars there are."""
    pattern = Pattern.of("**a" * 20 + "b")
    began = time.perf_counter()

    assert not pattern.accepts("a" * 8_000)

    assert time.perf_counter() - began < 1.0
