"""Conditions on the claims of an external issuer's tokens, and the roles that they give."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, Self, cast

import re2

from ringback_server.auth.claims import Claims
from ringback_server.model.principals import Grant

#: what a condition compares with; text may have stars in it
Wanted = str | int | bool

_STARS: Final = re.compile(r"\*+")
# `/` and `:` separate the fields of composite claims, such as `repo:octo/orders:ref:refs/heads/x`.
_WITHIN_A_FIELD: Final = "[^/:]*"


class _Expression(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """Where in the claims a value is: the names of members, from the outermost."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path; it depends on its text alone how it is taken apart.

        With `://` in it, it is the name of one claim. With a `/`, slashes part the names, so that
        they may have dots; else dots do. Raises ValueError.
        """
        if "://" in text:
            return cls((text,))
        names = text.removeprefix("/").split("/") if "/" in text else text.split(".")
        if not all(names):
            raise ValueError(
                "expected the name of a claim, or names such as realm_access.roles or "
                "kubernetes.io/namespace"
            )
        return cls(tuple(names))

    def values(self, claims: Claims) -> tuple[object, ...]:
        """Return what is there: the items of a list, else the one value; nothing if it is not."""
        value = claims.at(self.names)
        if isinstance(value, list):
            return tuple(cast("list[object]", value))
        return () if value is None else (value,)

    def __str__(self) -> str:
        return "/".join(self.names)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One value that a condition accepts."""

    wanted: Wanted
    # RE2: what a user writes into a claim cannot keep it busy.
    _expression: _Expression | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, wanted: Wanted) -> Self:
        """Take a value; in text `*` stands for anything without `/` and `:`, `**` for anything.

        Raises ValueError for text that says nothing, or nothing but stars.
        """
        if not isinstance(wanted, str):
            return cls(wanted)
        if not _STARS.sub("", wanted):
            raise ValueError(f"{wanted!r} would accept anything: write what the claim must be")
        if "*" not in wanted:
            return cls(wanted)
        return cls(wanted, _glob(wanted))

    def accepts(self, value: object) -> bool:
        """Tell whether a value of a claim is this one, of the same type."""
        if self._expression is not None:
            plain = isinstance(value, str) and value.isprintable()
            return plain and self._expression.fullmatch(str(value)) is not None
        return type(value) is type(self.wanted) and value == self.wanted


@dataclass(frozen=True, slots=True)
class Condition:
    """A claim that must have one of some values; of a list of values, one item must."""

    path: ClaimPath
    patterns: tuple[Pattern, ...]

    def holds(self, claims: Claims) -> bool:
        """Tell whether the claims of a token satisfy this."""
        values = self.path.values(claims)
        return any(pattern.accepts(value) for pattern in self.patterns for value in values)


@dataclass(frozen=True, slots=True)
class Rule:
    """A role for whoever's token satisfies all of some conditions, of which there is one."""

    conditions: tuple[Condition, ...]
    grant: Grant

    def matches(self, claims: Claims) -> bool:
        """Tell whether the claims of a token satisfy all conditions."""
        return all(condition.holds(claims) for condition in self.conditions)


def _glob(text: str) -> _Expression:
    """Compile text with stars."""
    pieces: list[str] = []
    place = 0
    for stars in _STARS.finditer(text):
        pieces.append(re2.escape(text[place : stars.start()]))
        pieces.append(_WITHIN_A_FIELD if len(stars.group()) == 1 else ".*")
        place = stars.end()
    pieces.append(re2.escape(text[place:]))
    return re2.compile("".join(pieces))
