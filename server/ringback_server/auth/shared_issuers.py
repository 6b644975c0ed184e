"""Issuers that give tokens to everybody: a rule for one must say whose tokens it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ringback_server.auth.claim_rules import Condition

_PLAIN: Final = r"[^*]+"
# GitHub's owners are parted from their repositories by a slash. Who owns a repository says too
# little: each of an owner's repositories has tokens, and everybody who can push to one gets them.
_GITHUB: Final = {
    "repository": r"[^/*]+/[^/*]+",
    "repository_id": _PLAIN,
    "sub": r"repo:[^/*]+/[^/:*]+:.+",
    "workflow_ref": r"[^/*]+/[^/*]+/.+",
}
_GITLAB: Final = {
    "project_path": r"[^*]+/[^*]+",
    "project_id": _PLAIN,
    "sub": r"project_path:[^:*]+/[^:*]+:.+",
}

#: by issuer: which claims say whose a token is, and what they must be like in a rule
_SHARED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "https://token.actions.githubusercontent.com": _GITHUB,
        "https://gitlab.com": _GITLAB,
        "https://accounts.google.com": {"sub": _PLAIN, "email": _PLAIN},
    }
)


def names_somebody(url: str, conditions: Iterable[Condition]) -> bool:
    """Tell whether conditions say whose tokens they mean, of an issuer that everybody has."""
    claims = _SHARED.get(url.rstrip("/"))
    return claims is None or any(_names(condition, claims) for condition in conditions)


def telling_claims(url: str) -> str:
    """Return the claims that say whose a token of an issuer is, in words."""
    return ", ".join(_SHARED.get(url.rstrip("/"), {}))


def _names(condition: Condition, claims: Mapping[str, str]) -> bool:
    form = claims.get(str(condition.path))
    return form is not None and all(
        isinstance(pattern.wanted, str) and re.fullmatch(form, pattern.wanted) is not None
        for pattern in condition.patterns
    )
