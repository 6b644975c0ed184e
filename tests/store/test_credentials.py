"""Accounts, keys, roles, revocations; and the instance's own notes."""

from __future__ import annotations

import pytest

from ringback_server.errors import AlreadyExistsError
from ringback_server.model.resources import AccountKey, Binding, ServiceAccount
from ringback_server.store import Store
from tests.replacing import replace

_ACCOUNT = ServiceAccount(email="a@local", unique_id="1", display_name="A")
_KEY = AccountKey(kid="k1", email="a@local", public_key="PEM", create_time=1.5)
_BINDING = Binding(email="a@local", role="roles/workflows.admin", resource="*")


def test_account_when_added(store: Store) -> None:
    """An account is found by its address, and each address is taken once."""
    other = replace(_ACCOUNT, email="b@local", disabled=True)
    store.credentials.add_account(other)
    store.credentials.add_account(_ACCOUNT)

    assert _ACCOUNT == store.credentials.account("a@local")
    assert None is store.credentials.account("c@local")
    assert [_ACCOUNT, other] == store.credentials.accounts()
    with pytest.raises(AlreadyExistsError):
        store.credentials.add_account(replace(_ACCOUNT, display_name="again"))
    assert _ACCOUNT == store.credentials.account("a@local")


def test_account_key_when_added(store: Store) -> None:
    """A key is found by its id, and each id is taken once."""
    disabled = replace(_KEY, kid="k2", disabled=True)
    store.credentials.add_account_key(_KEY)
    store.credentials.add_account_key(disabled)

    assert _KEY == store.credentials.account_key("k1")
    assert disabled == store.credentials.account_key("k2")
    assert None is store.credentials.account_key("k3")
    with pytest.raises(AlreadyExistsError):
        store.credentials.add_account_key(_KEY)


def test_roles_when_granted(store: Store) -> None:
    """An account has what was granted to it; granting again sets the expiry."""
    project = replace(_BINDING, resource="projects/local", expire_time=9.0)
    for binding in (_BINDING, project, replace(_BINDING, email="b@local")):
        store.credentials.add_binding(binding)

    assert [_BINDING, project] == store.credentials.roles("a@local")
    store.credentials.add_binding(replace(project, expire_time=None))
    assert [None, None] == [b.expire_time for b in store.credentials.roles("a@local")]
    assert [] == store.credentials.roles("c@local")


def test_revoked_when_revoked(store: Store) -> None:
    """A revoked token is, and stays, revoked."""
    assert not store.credentials.revoked("t1")
    store.credentials.revoke("t1", 5.0)
    store.credentials.revoke("t1", 6.0)

    assert store.credentials.revoked("t1")
    assert not store.credentials.revoked("t2")


def test_standing_when_asked_in_one_read(store: Store) -> None:
    """Account and revocation are told together, as they are told one by one."""
    store.credentials.add_account(_ACCOUNT)
    store.credentials.revoke("t1", 100.0)

    assert (_ACCOUNT, True) == store.credentials.standing("a@local", "t1")
    assert (_ACCOUNT, False) == store.credentials.standing("a@local", "t2")
    assert (None, False) == store.credentials.standing("b@local", "t1")


def test_instance_when_set(store: Store) -> None:
    """The latest text under a key is remembered."""
    assert None is store.instance.get("id")
    store.instance.set("id", "one")
    store.instance.set("id", "two")

    assert "two" == store.instance.get("id")


def test_roles_and_standing_when_written_after_they_were_read(store: Store) -> None:
    """What is remembered never outlives a write."""
    credentials = store.credentials
    credentials.add_account(_ACCOUNT)
    before = (credentials.roles("a@local"), credentials.standing("a@local", "t"))

    credentials.add_binding(_BINDING)
    credentials.revoke("t", 50.0)

    assert ([], (_ACCOUNT, False)) == before
    assert [_BINDING] == credentials.roles("a@local")
    assert (_ACCOUNT, True) == credentials.standing("a@local", "t")


def test_standing_when_more_is_asked_than_is_remembered(store: Store) -> None:
    """Memory is bounded, and answers do not change with it."""
    credentials = store.credentials
    credentials.add_account(_ACCOUNT)
    credentials.revoke("t1", 50.0)

    found = {number: credentials.standing("a@local", f"t{number}")[1] for number in range(5_000)}

    assert [1] == [number for number, revoked in found.items() if revoked]
    assert (_ACCOUNT, True) == credentials.standing("a@local", "t1")
