"""OAuth scopes: what a token may be used for before its permissions are looked at.

Google's cloud-platform opens everything that bindings allow. Google's iam opens what is about
accounts alone: google-auth asks for it to make tokens of another account. Scopes that this server
does not know are left out of what it grants (RFC 6749, 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ringback_server.auth.claims import CLOUD_PLATFORM, printable

#: for the permissions on accounts, and no others
IAM: Final = "https://www.googleapis.com/auth/iam"

_OPENS: Final = (CLOUD_PLATFORM, IAM)
_IAM_PERMISSIONS: Final = "iam."


def granted_scope(asked: str) -> str:
    """Return the part of a space-separated list that opens something here, "" if none does."""
    words = set(asked.split(" ")) if printable(asked) else set[str]()
    return " ".join(scope for scope in _OPENS if scope in words)


def opens_anything(scope: str) -> bool:
    """Tell whether a token with a space-separated list of scopes is good for anything here."""
    return bool(granted_scope(scope))


def within_scope(permissions: Iterable[str], scope: str) -> frozenset[str]:
    """Return those of some permissions that a space-separated list of scopes lets through."""
    if CLOUD_PLATFORM in scope.split(" "):
        return frozenset(permissions)
    if IAM in scope.split(" "):
        return frozenset(one for one in permissions if one.startswith(_IAM_PERMISSIONS))
    return frozenset()
