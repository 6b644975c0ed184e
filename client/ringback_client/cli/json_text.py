"""Reading JSON text that a person wrote."""

import json
from typing import NoReturn, cast


def parse_json(text: str) -> object:
    """Return the value of JSON text; raise ValueError that says in a few words what is wrong."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("not UTF-8") from error
    try:
        return cast("object", json.loads(text, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("JSON that nests too deeply") from error
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def _refuse(word: str) -> NoReturn:
    """Refuse NaN and the like, which Python takes for JSON and a server does not."""
    raise ValueError(f"there is no {word}")
