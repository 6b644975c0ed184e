"""What is sent and received as JSON."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from ringback_client.errors import InvalidInputError

#: what JSON can say: None, bool, int, float, str, and lists and dicts (with str keys) of these
JsonValue: TypeAlias = Any


def read_json(text: str) -> JsonValue:
    """Return the value of a JSON text, None for an empty one; raise ValueError."""
    return json.loads(text) if text else None


def write_json(value: JsonValue, what: str, next_step: str) -> str:
    """Return a value as JSON text, or raise InvalidInputError, which calls it `what`."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{what} cannot be written as JSON: {error}.", next_step=next_step
        ) from error
