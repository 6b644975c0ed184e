"""Values as JSON text, with the errors that a workflow sees."""

from __future__ import annotations

from ringback_server.lang.errors import tagged, value_error
from ringback_server.lang.values import Value, to_json


def encoded(value: Value, indent: str | None = None) -> str:
    """Write a value as JSON; raises a WorkflowError for what JSON cannot hold."""
    try:
        return to_json(value, indent=indent)
    except TypeError as error:
        # The documentation says ValueError where the kind of error is inferred to be TypeError.
        raise tagged(f"TypeError: {error}", "TypeError", "ValueError") from None
    except ValueError:
        raise value_error("infinite numbers and NaN cannot be encoded as JSON") from None
