"""What authentication and authorization remember, as one object."""

from __future__ import annotations

from ringback_server.store.account_keys import AccountKeyRows
from ringback_server.store.accounts import AccountRows
from ringback_server.store.bindings import BindingRows
from ringback_server.store.custom_roles import CustomRoleRows
from ringback_server.store.revocations import RevocationRows


class Credentials(AccountRows, AccountKeyRows, BindingRows, CustomRoleRows, RevocationRows):
    """Accounts with their keys and roles, and revoked tokens."""
