"""Strict JSON, and claims that are what they say: every read checks presence and form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, cast

from ringback_server.auth.refusals import Refusal, TokenError

#: how far the clocks of a caller and of this server may be apart, in seconds
LEEWAY = 30
#: the scope that Google's clients ask for, and the one that opens this service
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

# 9999-12-31: later times are mistakes or attempts at overflow.
_LAST_SECOND = 253_402_300_799


def strict_object(data: bytes) -> Mapping[str, object]:
    """Read a JSON object in UTF-8 without repeated members, NaN or Infinity.

    Raises TokenError(MALFORMED).
    """
    try:
        value: object = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise TokenError(Refusal.MALFORMED) from None
    if not isinstance(value, dict):
        raise TokenError(Refusal.MALFORMED)
    return cast("Mapping[str, object]", value)


class Claims:
    """The claims of a token whose signature was verified."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def at(self, path: Sequence[str]) -> object:
        """Return what is at a path of names, from the outermost claim; None if nothing is."""
        value: object = self._members
        for name in path:
            value = _object(value).get(name)
        return value

    def blank(self, name: str) -> bool:
        """Tell whether a claim is absent or empty text."""
        return self._members.get(name, "") == ""

    def text(self, name: str) -> str:
        """Return a claim that is printable ASCII text and not empty; TokenError(CLAIM)."""
        value = self._members.get(name)
        if not isinstance(value, str) or not printable(value):
            raise TokenError(Refusal.CLAIM, name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return the same of a claim that may be absent, None then; TokenError(CLAIM)."""
        return self.text(name) if name in self else None

    def texts(self, name: str) -> frozenset[str] | None:
        """Return a claim that is a list of text, None if it is absent; TokenError(CLAIM)."""
        if name not in self:
            return None
        value = self._members[name]
        if not isinstance(value, list):
            raise TokenError(Refusal.CLAIM, name)
        items = [item for item in cast("list[object]", value) if isinstance(item, str)]
        if len(items) != len(cast("list[object]", value)):
            raise TokenError(Refusal.CLAIM, name)
        return frozenset(items)

    def one_or_more(self, name: str) -> frozenset[str]:
        """Return a claim that is text or a list of text, `aud` for one; TokenError(CLAIM)."""
        if isinstance(self._members.get(name), list):
            return self.texts(name) or frozenset()
        return frozenset({self.text(name)})

    def text_at(self, path: Sequence[str], longest: int) -> str:
        """Return what `text` does, of a path and of so many characters; TokenError(CLAIM)."""
        value = self.at(path)
        if not isinstance(value, str) or not printable(value) or len(value) > longest:
            raise TokenError(Refusal.CLAIM, "/".join(path))
        return value

    def second(self, name: str) -> int:
        """Return a claim that is a whole Unix second of the years 1970 to 9999.

        Raises TokenError(CLAIM), also for a fraction: no client that we know sends one.
        """
        value = self._members.get(name)
        if type(value) is not int or not 0 <= value <= _LAST_SECOND:
            raise TokenError(Refusal.CLAIM, name)
        return value

    def expiry(self, now: float) -> int:
        """Return `exp` after checking `exp`, `iat` and `nbf` against `now`, in Unix seconds.

        Raises TokenError: EXPIRED, NOT_YET_VALID, CLAIM.
        """
        expire, issue = self.second("exp"), self.second("iat")
        if expire <= issue:
            raise TokenError(Refusal.CLAIM, "exp")
        begin = self.second("nbf") if "nbf" in self else issue
        if max(issue, begin) > now + LEEWAY:
            raise TokenError(Refusal.NOT_YET_VALID)
        if now >= expire + LEEWAY:
            raise TokenError(Refusal.EXPIRED)
        return expire


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def printable(text: str) -> bool:
    """Tell whether text is printable ASCII and not empty: safe in a log, a header and a row."""
    return bool(text) and text.isascii() and text.isprintable()


def opens_service(scope: str | None) -> bool:
    """Tell whether a space-separated list of scopes holds the one of this service."""
    return scope is not None and CLOUD_PLATFORM in scope.split(" ")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
