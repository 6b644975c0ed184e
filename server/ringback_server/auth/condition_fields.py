"""Conditions on claims, as the file of external issuers has them."""

from __future__ import annotations

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern
from ringback_server.auth.yaml_fields import FieldError, Value


def conditions(value: Value) -> tuple[Condition, ...]:
    """Return the conditions of a map from claims to what they must be; raises FieldError."""
    found: list[Condition] = []
    for name, wanted in value.members().items():
        try:
            path = ClaimPath.parse(name)
        except ValueError as error:
            raise wanted.wrong(str(error)) from None
        items = wanted.items() if wanted.is_list else [wanted]
        found.append(Condition(path, tuple(map(_pattern, items))))
    if not found:
        raise value.wrong("expected at least one claim: without any, every token would do")
    return tuple(found)


def _pattern(value: Value) -> Pattern:
    try:
        return Pattern.of(value.scalar())
    except FieldError:
        raise
    except ValueError as error:
        raise value.wrong(str(error)) from None
