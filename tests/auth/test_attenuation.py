"""What a token may be bound to, and that one made of another is never good for more."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.auth.access import under
from ringback_server.auth.attenuation import SEND, Bounds, inherited, narrowed
from ringback_server.errors import InvalidArgumentError, PermissionDeniedError
from ringback_server.model.principals import Principal
from tests.auth.instances import JTI
from tests.replacing import replace

NOW = 1_800_000_000.0
DAY = 86_400.0
PROJECT = "projects/local"
WORKFLOW = f"{PROJECT}/locations/us-central1/workflows/w"
EXECUTION = f"{WORKFLOW}/executions/00000000-0000-4000-8000-000000000000"
CALLBACK = f"{EXECUTION}/callbacks/c"
LIST = "workflows.callbacks.list"
GRANTED = frozenset({SEND, LIST})
WHOLE = Principal(
    email="a@local.iam.gserviceaccount.com",
    permissions=GRANTED,
    token_id=JTI,
    expire_time=NOW + 3600,
)
LINK = Bounds(permissions=frozenset({SEND}), resource=CALLBACK, method="POST")


def made(asked: Bounds, calling: Principal) -> Bounds:
    """Return the bounds of a token made of another."""
    return narrowed(asked, calling, granted=GRANTED, now=NOW)


def refused(asked: Bounds, calling: Principal) -> str:
    """Return which field asks for more than the calling token is good for."""
    with pytest.raises(PermissionDeniedError) as caught:
        made(asked, calling)
    assert "TOKEN_TOO_NARROW" == caught.value.reason
    return caught.value.facts["field"]


@pytest.mark.parametrize(
    ("bounds", "longest"),
    [
        (Bounds(), 3600.0),
        (Bounds(permissions=frozenset({SEND})), 3600.0),
        (Bounds(resource=PROJECT), DAY),
        (Bounds(resource=EXECUTION, permissions=frozenset({SEND})), DAY),
        (Bounds(resource=CALLBACK), DAY),
        (Bounds(resource=CALLBACK, permissions=GRANTED), DAY),
        (Bounds(resource=CALLBACK, permissions=frozenset[str]()), DAY),
        (Bounds(resource=CALLBACK, permissions=frozenset({SEND})), 90 * DAY),
        (LINK, 90 * DAY),
    ],
)
def test_lifetime_by_what_a_token_is_good_for(bounds: Bounds, longest: float) -> None:
    """Nothing bound: an hour; a resource: a day; sending to one callback alone: 90 days."""
    replace(bounds, lifetime=1.0).check()
    replace(bounds, lifetime=longest).check()
    for lifetime in (0.0, 0.5, -1.0, longest + 0.5, float("inf"), float("nan")):
        with pytest.raises(InvalidArgumentError, match="7776000") as caught:
            replace(bounds, lifetime=lifetime).check()
        assert ["lifetime"] == [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(method="POST"),
        Bounds(method="POST", permissions=GRANTED),
        *(replace(LINK, method=method) for method in ("post", "TRACE", "CONNECT", "", "POST, GET")),
    ],
)
def test_method_when_no_callback_could_be_sent_with_it(bounds: Bounds) -> None:
    """A method is one that endpoints take, and bounds the one permission that it means."""
    with pytest.raises(InvalidArgumentError) as caught:
        bounds.check()

    assert ["method"] == [violation.field for violation in caught.value.violations]


def test_narrowed_when_nothing_is_asked() -> None:
    """All that bounds the calling token bounds the new one."""
    calling = replace(
        WHOLE, permissions=frozenset({SEND, "gone"}), resource=CALLBACK, method="POST"
    )

    assert replace(LINK, lifetime=3600) == made(Bounds(), calling)
    assert Bounds(lifetime=3600) == made(Bounds(), replace(WHOLE, permissions=None))


@pytest.mark.parametrize(
    ("asked", "calling", "field"),
    [
        (Bounds(permissions=frozenset({SEND, "x"})), WHOLE, "permissions"),
        (
            Bounds(permissions=frozenset({LIST})),
            replace(WHOLE, permissions=frozenset({SEND})),
            "permissions",
        ),
        (Bounds(resource=PROJECT), replace(WHOLE, resource=WORKFLOW), "resource"),
        (Bounds(resource=f"{WORKFLOW}2"), replace(WHOLE, resource=WORKFLOW), "resource"),
        (Bounds(resource=f"{CALLBACK}2"), replace(WHOLE, resource=CALLBACK), "resource"),
        (Bounds(method="GET"), replace(WHOLE, method="POST"), "method"),
        (Bounds(lifetime=3601.0), WHOLE, "lifetime"),
        (Bounds(resource=PROJECT, lifetime=3601.0), WHOLE, "lifetime"),
        (Bounds(lifetime=11.0), replace(WHOLE, expire_time=NOW + 10), "lifetime"),
        (Bounds(), replace(WHOLE, expire_time=NOW - 10), "lifetime"),
        (replace(LINK, lifetime=60.0), replace(WHOLE, expire_time=NOW - 10), "lifetime"),
        (
            replace(LINK, lifetime=3601.0),
            replace(WHOLE, permissions=frozenset({SEND})),
            "lifetime",
        ),
        (replace(LINK, lifetime=3601.0), replace(WHOLE, resource=PROJECT), "lifetime"),
        (replace(LINK, lifetime=3601.0), replace(WHOLE, method="POST"), "lifetime"),
    ],
)
def test_narrowed_when_it_would_be_wider(asked: Bounds, calling: Principal, field: str) -> None:
    """Each bound by itself is refused to grow, even in the leeway after the expiry."""
    assert field == refused(asked, calling)


@pytest.mark.parametrize("permissions", [None, GRANTED, GRANTED | {"gone"}])
def test_narrowed_when_a_link_outlives_the_token(permissions: frozenset[str] | None) -> None:
    """Whoever may do all that the account may hands out links that live longer."""
    asked = replace(LINK, lifetime=90 * DAY)

    assert asked == made(asked, replace(WHOLE, permissions=permissions))


RESOURCES = st.sampled_from([None, PROJECT, WORKFLOW, EXECUTION, CALLBACK, f"{CALLBACK}2"])
PERMISSIONS = st.none() | st.frozensets(st.sampled_from([SEND, LIST, "other"]))
METHODS = st.sampled_from([None, "POST", "GET"])


@given(
    st.builds(
        Bounds,
        permissions=PERMISSIONS,
        resource=RESOURCES,
        method=METHODS,
        lifetime=st.none() | st.floats(1, 8e6),
    ),
    st.builds(
        Principal,
        email=st.just("a"),
        token_id=st.just(JTI),
        expire_time=st.floats(NOW - 30, NOW + 1e7),
        permissions=PERMISSIONS,
        resource=RESOURCES,
        method=METHODS,
    ),
)
def test_narrowed_for_any_two(asked: Bounds, calling: Principal) -> None:
    """Whatever is asked of whatever token, what is made is within both."""
    try:
        bounds = made(asked, calling)
    except PermissionDeniedError:
        return
    if asked.permissions is not None:
        assert bounds.permissions == asked.permissions
    if calling.permissions is not None:
        assert bounds.permissions is not None
        assert bounds.permissions <= calling.permissions
    for root in (asked.resource, calling.resource):
        assert root is None or under(bounds.resource or "", root)
    assert {bounds.method} >= {asked.method, calling.method} - {None}
    assert calling.resource is None or bounds.longest > 3600
    if not bounds.of_one_callback:
        assert NOW + (bounds.lifetime or 3600) <= calling.expire_time


def test_inherited_for_a_token_creator() -> None:
    """Who may make any token of an account still cannot leave the resource of the call's token."""
    calling = replace(WHOLE, resource=WORKFLOW, expire_time=NOW + 1)

    for asked, permissions in itertools.product((None, CALLBACK), (None, frozenset({"x"}))):
        bounds = Bounds(resource=asked, permissions=permissions, lifetime=600.0)
        assert replace(bounds, resource=asked or WORKFLOW) == inherited(bounds, calling)
    with pytest.raises(PermissionDeniedError):
        inherited(Bounds(resource=PROJECT), calling)
