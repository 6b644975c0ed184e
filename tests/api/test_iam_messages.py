"""Policies and keys as messages, and back."""

from __future__ import annotations

import pytest

from ringback.v1 import iam_pb2, iam_policy_pb2
from ringback_server.api import iam_messages
from ringback_server.auth.account_keys import new_key
from ringback_server.control.account_keys import KINDS
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.policies import Policy
from ringback_server.model.resources import Binding

ONE = "serviceAccount:one@local.iam.gserviceaccount.com"
ROLE = "roles/workflows.invoker"
UNTIL = 'request.time < timestamp("2027-01-01T00:00:00Z")'
SECOND = 1_798_761_600.0


def sent(*members: str, expression: str | None = None, version: int = 3) -> iam_policy_pb2.Policy:
    """Return a policy with one binding."""
    binding = iam_policy_pb2.Binding(role=ROLE, members=members)
    if expression is not None:
        binding.condition.expression = expression
    return iam_policy_pb2.Policy(version=version, bindings=[binding])


@pytest.mark.parametrize(
    ("expression", "moment"),
    [
        (UNTIL, SECOND),
        ("request.time<timestamp('2027-01-01T00:00:00Z')", SECOND),
        (' request.time  <  timestamp( "2027-01-01T01:30:00+01:30" ) ', SECOND),
        ('request.time < timestamp("2027-01-01t00:00:00.25z")', SECOND + 0.25),
    ],
)
def test_condition_when_it_is_an_end(expression: str, moment: float) -> None:
    """It is read in any way to write it, and shown in one."""
    (read,) = iam_messages.bindings(sent(ONE, expression=expression))
    shown = iam_messages.policy(Policy(resource="*", bindings=(read,)))

    assert moment == read.expire_time
    assert 3 == shown.version
    (again,) = iam_messages.bindings(shown)
    assert again == read
    if moment == SECOND:
        assert UNTIL == shown.bindings[0].condition.expression


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "true",
        "request.time > timestamp('2027-01-01T00:00:00Z')",
        "request.time < timestamp('2027-01-01')",
        "request.time < timestamp('2027-01-01T00:00:00')",
        "request.time < timestamp('2027-13-01T00:00:00Z')",
        "request.time < timestamp(\"2027-01-01T00:00:00Z')",
        f"{UNTIL} || true",
        f"resource.name == 'x' && {UNTIL}",
        "request.time < timestamp('0001-01-01T00:00:00+23:59')",
        "request.time < timestamp('9999-12-31T23:59:59-23:59')",
    ],
)
def test_condition_when_it_is_something_else(expression: str) -> None:
    """It is refused, with the one form that there is."""
    with pytest.raises(InvalidArgumentError, match="the one condition there is"):
        list(iam_messages.bindings(sent(ONE, expression=expression)))


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        ("user:ann@example.com", "kind user"),
        ("group:all@example.com", "kind group"),
        ("domain:example.com", "kind domain"),
        ("allUsers", "kind allUsers"),
        ("allAuthenticatedUsers", "kind allAuthenticatedUsers"),
        ("principalSet://x/y", "kind principalSet"),
        ("serviceAccount:", "a member must be"),
        ("serviceAccount:one", "a member must be"),
        ("serviceAccount:one@two three", "a member must be"),
        ("one@local.iam.gserviceaccount.com", "a member must be"),
        ("principal://issuer", "a member must be"),
        ("principal://issuer/subject/", "a member must be"),
        ("principal://a b/subject/x", "a member must be"),
        ("deleted:serviceAccount:one@two?uid=1", "a member must be"),
        ("", "a member must be"),
    ],
)
def test_member_when_there_are_none_of_its_kind(member: str, complaint: str) -> None:
    """It is refused, with the kinds that there are."""
    with pytest.raises(InvalidArgumentError, match=complaint):
        list(iam_messages.bindings(sent(member)))


def test_members_when_they_share_a_binding() -> None:
    """They are shown together, and apart from those with another end."""
    person = "principal://idp/subject/auth0|ann"
    read = [
        *iam_messages.bindings(sent(person, ONE, version=0)),
        *iam_messages.bindings(sent(ONE.replace("one", "two"), expression=UNTIL)),
    ]
    shown = iam_messages.policy(Policy(resource="*", bindings=tuple(read)))

    assert [[ONE.replace("one", "two")], [person, ONE]] == [
        list(binding.members) for binding in shown.bindings
    ]
    assert person == read[0].email
    assert 1 == iam_messages.policy(Policy(resource="*", bindings=tuple(read[:2]))).version


@pytest.mark.parametrize(("version", "expression"), [(1, UNTIL), (0, UNTIL), (2, None), (4, None)])
def test_version_when_it_is_wrong(version: int, expression: str | None) -> None:
    """Conditions need version 3, and there are no others than 1 and 3."""
    with pytest.raises(InvalidArgumentError, match="version"):
        list(iam_messages.bindings(sent(ONE, expression=expression, version=version)))


def test_etags_when_policies_differ() -> None:
    """Each change gives another etag, and the order of bindings makes no difference."""
    one, two = (
        Binding(email=email, role=ROLE, resource="*", expire_time=5.0) for email in ("a@b", "b@b")
    )
    policies = (
        Policy(resource="*", bindings=()),
        Policy(resource="projects/p", bindings=()),
        Policy(resource="*", bindings=(one,)),
        Policy(resource="*", bindings=(one, two)),
    )

    assert 4 == len({policy.etag for policy in policies})
    assert policies[3].etag == Policy(resource="*", bindings=(two, one)).etag


@pytest.mark.parametrize("kind", KINDS)
def test_key_when_it_is_of_each_kind(kind: str) -> None:
    """Its kind is told, and nothing of either half."""
    found, _ = new_key(
        "a@local.iam.gserviceaccount.com",
        "1",
        algorithm=KINDS[kind].algorithm,
        bits=KINDS[kind].bits,
        now=1.0,
    )
    shown = iam_messages.key(found)

    assert kind == iam_pb2.ServiceAccountKeyAlgorithm.Name(shown.key_algorithm)
    assert (b"", b"") == (shown.private_key_data, shown.public_key_data)
    assert f"projects/local/serviceAccounts/{found.email}/keys/{found.kid}" == shown.name
    assert "9999-12-31T23:59:59Z" == shown.valid_before_time.ToJsonString()
