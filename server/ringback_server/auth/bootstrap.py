"""What a first start makes: the signing key, three accounts, and the administrator's key file.

The signing key is stored last and marks the instance as set up, so a start that was cut short
is done again, and nothing that an operator took away later comes back. The key file is written
before its key counts: a crash between leaves a file that opens nothing, and the next start
replaces it.

A set-up instance whose key file is gone gets a new key and a warning, unless the administrator's
account is gone or disabled: whoever can write the data dir holds the signing key in any case, and
a lost file must not lock its owner out. Keys handed out before stay registered. To keep no key on
this disk, leave an empty file in its place.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ringback_server.auth.key_file import KeyFileError, key_file_content, rewrite, write
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.keys import new_account_key
from ringback_server.auth.permissions import OWNER, ROLES
from ringback_server.auth.stores import CredentialStore
from ringback_server.errors import StartError
from ringback_server.model.account_emails import account_email
from ringback_server.model.resources import Binding, ServiceAccount

_LOG = logging.getLogger(__name__)

_ADMIN: Final = "admin"
#: above every resource
_EVERYTHING: Final = "*"
_ACCOUNTS: Final = {
    _ADMIN: ("Administrator", (OWNER,)),
    "invoker": ("Invoker", ("roles/workflows.invoker",)),
    "viewer": ("Viewer", ("roles/workflows.viewer",)),
}


def first_start(
    credentials: CredentialStore,
    keys: KeyRing,
    key_file: Path,
    *,
    project: str,
    token_uri: str,
    now: float,
) -> None:
    """Set up an instance that is not, and see to its key file; `now` in Unix seconds.

    Every start calls it, before the first request is served. `key_file` is `DIR/admin.json`.
    Raises OSError when the file cannot be written.
    """
    if not keys.empty:
        _see_to_key_file(credentials, key_file, project=project, token_uri=token_uri, now=now)
        return
    for account, (display_name, roles) in _ACCOUNTS.items():
        _add_account(credentials, account_email(account, project), display_name, roles, now=now)
    _add_admin_key(credentials, key_file, project=project, token_uri=token_uri, now=now)
    keys.add_first()


def make_accounts(
    credentials: CredentialStore, wanted: Iterable[tuple[str, str]], *, now: float
) -> None:
    """Make accounts that are missing, and grant each its role on everything.

    `wanted` are pairs of address and role; `now` in Unix seconds. Nothing is
    taken from an account that is there. Raises StartError for an unknown role.
    """
    for email, role in wanted:
        if role not in ROLES:
            raise StartError(f"--service-accounts: {role} is none of {', '.join(sorted(ROLES))}")
        _add_account(credentials, email, email.partition("@")[0], (role,), now=now)


def rewrite_token_uri(key_file: Path, token_uri: str) -> None:
    """Point a key file at this server's token endpoint, and keep everything else.

    Also narrows its mode to 0600. A file that is not a service account's key is left alone.
    Raises OSError when the file cannot be read or written.
    """
    try:
        rewrite(key_file, token_uri)
    except KeyFileError as error:
        _LOG.warning("%s was left as it is: %s", key_file, error)


def new_account(
    email: str, now: float, *, display_name: str = "", description: str = ""
) -> ServiceAccount:
    """Return an account with an id of its own; `now` in Unix seconds."""
    return ServiceAccount(
        email=email,
        # 21 digits, like the ids of Google's accounts
        unique_id=str(10**20 + secrets.randbelow(10**20)),
        display_name=display_name,
        description=description,
        create_time=now,
    )


def _see_to_key_file(
    credentials: CredentialStore, key_file: Path, *, project: str, token_uri: str, now: float
) -> None:
    if key_file.exists():
        rewrite_token_uri(key_file, token_uri)
        return
    admin = credentials.account(account_email(_ADMIN, project))
    if admin is None or admin.disabled:
        _LOG.warning("%s is missing, and so is an enabled administrator", key_file)
        return
    _add_admin_key(credentials, key_file, project=project, token_uri=token_uri, now=now)
    _LOG.warning(
        "%s was missing: it holds a new key of %s now; keys made before still count",
        key_file,
        admin.email,
    )


def _add_account(
    credentials: CredentialStore,
    email: str,
    display_name: str,
    roles: Iterable[str],
    *,
    now: float,
) -> None:
    """Add an account with its roles, or what is missing of that."""
    present = {
        binding.role for binding in credentials.roles(email) if binding.resource == _EVERYTHING
    }
    for role in roles:
        if role not in present:
            credentials.add_binding(Binding(email=email, role=role, resource=_EVERYTHING))
    if credentials.account(email) is None:
        credentials.add_account(new_account(email, now, display_name=display_name))


def _add_admin_key(
    credentials: CredentialStore, key_file: Path, *, project: str, token_uri: str, now: float
) -> None:
    email = account_email(_ADMIN, project)
    account = credentials.account(email)
    key, private_key = new_account_key(email, now)
    content = key_file_content(
        project=project,
        kid=key.kid,
        private_key=private_key,
        email=email,
        client_id=account.unique_id if account else "",
        token_uri=token_uri,
    )
    write(key_file, content)
    credentials.add_account_key(key)
