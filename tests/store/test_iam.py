"""Accounts, keys, policies and custom roles as they are administered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ringback_server.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    NotFoundError,
    StaleEtagError,
)
from ringback_server.model.names import AccountKeyName, ProjectName, RoleName, ServiceAccountName
from ringback_server.model.resources import AccountKey, Binding, ManagedKey, ServiceAccount
from ringback_server.model.roles import Role, RoleStage
from ringback_server.store import Store
from tests.replacing import replace

A = "a-account@p.iam.gserviceaccount.com"
B = "b-account@p.iam.gserviceaccount.com"
ELSEWHERE = "c-account@other.iam.gserviceaccount.com"
OWNER = "roles/owner"


def account(email: str) -> ServiceAccount:
    """Return an account."""
    return ServiceAccount(
        email=email, unique_id=email, display_name="x", description="y", create_time=5.0
    )


def key(kid: str, email: str = A, create_time: float = 1.0) -> AccountKey:
    """Return a key."""
    return AccountKey(
        kid=kid,
        email=email,
        public_key="PEM",
        create_time=create_time,
        expire_time=9.0,
        certificate="CERTIFICATE",
        uploaded=True,
    )


def bound(email: str, resource: str, role: str = OWNER, until: float | None = None) -> Binding:
    """Return a binding."""
    return Binding(email=email, role=role, resource=resource, expire_time=until, title="t")


@pytest.fixture
def filled(store: Store) -> Store:
    """Return a store with two accounts of one project and one of another."""
    for email in (B, A, ELSEWHERE):
        store.credentials.add_account(account(email))
    return store


def test_accounts_when_listed_by_project(filled: Store) -> None:
    """A project's accounts come by address, from a place on."""
    credentials = filled.credentials

    assert [account(A), account(B)] == credentials.accounts("p")
    assert [account(B)] == credentials.accounts("p", after=A)
    assert [account(A)] == credentials.accounts("p", limit=1)
    assert [A, B, ELSEWHERE] == [found.email for found in credentials.accounts()]


def test_account_when_described(filled: Store) -> None:
    """What is None stays as it was."""
    described = filled.credentials.describe_account(A, display_name=None, description="new")

    assert replace(account(A), description="new") == described
    assert described == filled.credentials.account(A)
    with pytest.raises(NotFoundError):
        filled.credentials.describe_account("d@p", display_name="", description="")


def test_bindings_when_looked_up_from_below(filled: Store) -> None:
    """Those on a resource and above it count, at any depth; those beside and below do not."""
    credentials = filled.credentials
    workflow = "projects/p/locations/l/workflows/w"
    callback = f"{workflow}/executions/e/callbacks/c"
    names = ["*", "projects/p", workflow, callback, f"{callback}0", f"{workflow}0", "projects/q"]
    for name in names:
        credentials.add_binding(bound(A, name))

    def above(name: str) -> list[str]:
        return sorted(binding.resource for binding in credentials.roles_above(A, name))

    assert ["*"] == above("*")
    assert ["*"] == above("signingKeys")
    assert ["*", "projects/p"] == above("projects/p/serviceAccounts/x/keys/k")
    assert ["*", "projects/p", workflow] == above(f"{workflow}/executions/e/callbacks/d")
    assert ["*", "projects/p", workflow, callback] == above(callback)
    assert [] == credentials.roles_above(B, callback)


def test_roles_when_what_they_touch_is_asked_for(filled: Store) -> None:
    """They are those in force on a resource, above it and below it, each once."""
    credentials = filled.credentials
    for binding in (
        bound(A, "projects/p", "roles/a"),
        bound(A, "projects/p/locations/l/workflows/w", "roles/a"),
        bound(A, "projects/p/locations/l/workflows/w", "roles/b"),
        bound(A, "projects/p/locations/l/workflows/v", "roles/c"),
        bound(A, "projects/q", "roles/d", until=9.0),
    ):
        credentials.add_binding(binding)

    def held(touching: str | None, now: float = 1.0) -> list[str]:
        return sorted(credentials.roles_held(A, now=now, touching=touching))

    assert ["roles/a", "roles/b", "roles/c", "roles/d"] == held(None)
    assert held(None) == held("*")
    assert ["roles/a", "roles/b", "roles/c"] == held(None, now=9.0)
    assert ["roles/a", "roles/b"] == held("projects/p/locations/l/workflows/w/executions/e")
    assert ["roles/a", "roles/b", "roles/c"] == held("projects/p/locations/l")
    assert ["roles/d"] == held("projects/q")
    assert [] == held("projects/q", now=9.0)


def test_account_when_deleted(filled: Store) -> None:
    """Its keys, its roles, and the policies on it go with it, and nothing else."""
    credentials = filled.credentials
    name = str(ServiceAccountName.of(A))
    credentials.add_account_key(key("k1"))
    credentials.add_account_key(key("k2", B))
    for binding in (
        bound(A, "projects/p"),
        bound(B, name),
        bound(B, f"{name}/keys/k1"),
        bound(B, f"{name}0"),
    ):
        credentials.add_binding(binding)
    before = credentials.standing(A, "t")

    credentials.delete_account(A, guard_projects=False)

    assert (account(A), False) == before
    assert (None, False) == credentials.standing(A, "t")
    assert None is credentials.account_key("k1")
    assert key("k2", B) == credentials.account_key("k2")
    assert [] == credentials.roles(A)
    assert [f"{name}0"] == [binding.resource for binding in credentials.roles(B)]
    with pytest.raises(NotFoundError):
        credentials.delete_account(A, guard_projects=False)


@pytest.mark.parametrize("resource", ["*", "projects/p"])
def test_last_owner_when_about_to_go(filled: Store, resource: str) -> None:
    """It is neither deleted nor disabled, nor does its binding go, until there is another."""
    credentials = filled.credentials
    credentials.add_account(replace(account("d@p"), disabled=True))
    for binding in (bound(A, resource), bound(B, resource, until=9.0), bound("d@p", resource)):
        credentials.add_binding(binding)

    attempts: tuple[Callable[[], object], ...] = (
        lambda: credentials.delete_account(A, guard_projects=True),
        lambda: credentials.set_disabled(A, disabled=True, guard_projects=True),
        lambda: credentials.set_policy(resource, [], guard_projects=True),
        lambda: credentials.set_policy(
            resource, [bound(A, resource, until=99.0)], guard_projects=True
        ),
    )
    for attempt in attempts:
        with pytest.raises(FailedPreconditionError, match="without an owner"):
            attempt()
    assert (account(A), 1) == (credentials.account(A), len(credentials.roles(A)))

    credentials.set_policy(resource, [bound(A, resource), bound(B, resource)], guard_projects=True)
    credentials.delete_account(A, guard_projects=True)
    assert None is credentials.account(A)


def test_last_owner_when_only_a_project_loses_it(filled: Store) -> None:
    """Whoever is above the project may take its last owner away; a person may be its last."""
    credentials = filled.credentials
    person = bound("principal://idp/subject/ann", "projects/p")
    credentials.add_binding(bound(A, "projects/p"))

    credentials.set_policy("projects/p", [person], guard_projects=True)
    with pytest.raises(FailedPreconditionError):
        credentials.set_policy("projects/p", [], guard_projects=True)
    credentials.set_policy("projects/p", [], guard_projects=False)

    assert () == credentials.policy("projects/p").bindings


def test_last_owner_when_it_is_a_person(filled: Store) -> None:
    """An owner of everything that only an issuer knows is not the last one to keep."""
    credentials = filled.credentials
    credentials.add_binding(bound(A, "*"))

    with pytest.raises(FailedPreconditionError):
        credentials.set_policy(
            "*", [bound("principal://idp/subject/ann", "*")], guard_projects=False
        )


def test_key_when_the_server_keeps_it_for_another_account(filled: Store) -> None:
    """It is that account's, whoever has registered it as well, and nobody can."""
    credentials = filled.credentials
    kept = ManagedKey(
        kid="k1",
        email=B,
        unique_id=account(B).unique_id,
        certificate="",
        public_key="",
        sealed_key=None,
        create_time=1.0,
    )
    credentials.add_account_key(key("k1"))
    filled.managed_keys.add_managed_key(kept, forget=0.0)

    found = credentials.account_key("k1")
    assert found is not None
    assert B == found.email
    credentials.delete_account_key(AccountKeyName("p", A, "k1"))
    with pytest.raises(AlreadyExistsError):
        credentials.add_key_of_account(key("k1"), most=2)


def test_policy_when_what_it_names_has_just_gone(filled: Store) -> None:
    """Nothing is bound that was deleted since it was looked at, and may be made again."""
    credentials = filled.credentials
    gone = "gone-account@p.iam.gserviceaccount.com"
    workflow = "projects/p/locations/l/workflows/w"
    for resource, binding in (
        ("projects/p", bound(gone, "projects/p")),
        ("*", bound(gone, "*")),
        ("projects/p", bound(A, "projects/p", "projects/p/roles/gone")),
        (str(ServiceAccountName.of(gone)), bound(A, str(ServiceAccountName.of(gone)))),
        (workflow, bound(A, workflow)),
    ):
        with pytest.raises((StaleEtagError, NotFoundError)):
            credentials.set_policy(resource, [binding], guard_projects=False)
        assert () == credentials.policy(resource).bindings
    elsewhere = bound("gone@q.iam.gserviceaccount.com", "projects/p")
    assert credentials.set_policy("projects/p", [elsewhere], guard_projects=False).bindings


def test_keys_when_administered(filled: Store) -> None:
    """Keys are listed by age, disabled and deleted by their account's name only."""
    credentials = filled.credentials
    credentials.add_key_of_account(key("new", create_time=2.0), most=2)
    credentials.add_key_of_account(key("old"), most=2)
    name, wrong = AccountKeyName("p", A, "old"), AccountKeyName("p", B, "old")

    assert ["old", "new"] == [found.kid for found in credentials.account_keys(A)]
    refusals: tuple[Callable[[], object], ...] = (
        lambda: credentials.set_key_disabled(wrong, disabled=True),
        lambda: credentials.delete_account_key(wrong),
        lambda: credentials.add_key_of_account(key("x", "d@p"), most=2),
    )
    for refused in refusals:
        with pytest.raises(NotFoundError):
            refused()
    with pytest.raises(FailedPreconditionError, match="delete one"):
        credentials.add_key_of_account(key("third"), most=2)
    with pytest.raises(AlreadyExistsError):
        credentials.add_key_of_account(key("old"), most=3)

    credentials.set_key_disabled(name, disabled=True)
    assert replace(key("old"), disabled=True) == credentials.account_key("old")
    credentials.delete_account_key(name)
    assert None is credentials.account_key("old")


def test_policy_when_replaced(filled: Store) -> None:
    """It is what was given, counts at once, and is only replaced if it is the one that was read."""
    credentials = filled.credentials
    credentials.add_binding(bound(B, "projects/p/x", "roles/workflows.viewer"))
    read = credentials.policy("projects/p/x")
    before = credentials.roles(A)

    written = credentials.set_policy(
        "projects/p/x", [bound(A, "projects/p/x", until=3.0)], etag=read.etag, guard_projects=True
    )

    assert [] == before
    assert [bound(A, "projects/p/x", until=3.0)] == credentials.roles(A)
    assert [] == credentials.roles(B)
    assert credentials.policy("projects/p/x") == written
    assert len({read.etag, written.etag, credentials.policy("projects/q").etag}) == 3
    with pytest.raises(StaleEtagError):
        credentials.set_policy("projects/p/x", [], etag=read.etag, guard_projects=True)
    assert written == credentials.policy("projects/p/x")


def test_custom_roles_when_administered(store: Store) -> None:
    """A role is remembered, changed at once and only as it was read; deleted, nobody has it."""
    credentials = store.credentials
    name = RoleName("p", "sender")
    role = Role(name=str(name), title="T", permissions=frozenset({"b", "a"}))
    credentials.add_custom_role(role)
    credentials.add_binding(bound(A, "projects/p", str(name)))

    assert role == credentials.custom_role("projects/p/roles/sender")
    assert None is credentials.custom_role("projects/q/roles/sender")
    assert None is credentials.custom_role("roles/owner")
    assert [role] == credentials.custom_roles(ProjectName("p"))
    assert [] == credentials.custom_roles(ProjectName("p"), after="sender")
    with pytest.raises(AlreadyExistsError):
        credentials.add_custom_role(role)

    changed = credentials.change_custom_role(
        name, lambda found: replace(found, stage=RoleStage.DISABLED), etag=role.etag
    )
    assert (changed, frozenset()) == (credentials.custom_role(str(name)), changed.granted)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: credentials.change_custom_role(name, lambda found: found, etag=role.etag),
        lambda: credentials.delete_custom_role(name, etag=role.etag),
    )
    for attempt in attempts:
        with pytest.raises(StaleEtagError):
            attempt()
    assert changed == credentials.delete_custom_role(name)
    assert (None, []) == (credentials.custom_role(str(name)), credentials.roles(A))
    with pytest.raises(NotFoundError):
        credentials.delete_custom_role(name)
