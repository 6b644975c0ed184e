"""What a plain YAML scalar means: the core schema of YAML 1.2.

So `yes`, `on`, dates and `1:30` are strings, and `0777` is a decimal number.
"""

from __future__ import annotations

import math
import re
from typing import Final

from ringback_server.lang import expressions
from ringback_server.lang.values import INT64_MAX, INT64_MIN

_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_BASED: Final = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
#: no number of more digits fits; Python takes quadratic time for long ones
_MOST_DIGITS: Final = 19


class ScalarError(ValueError):
    """The scalar is a number that the language does not have."""


def plain(text: str) -> expressions.Scalar:
    """Return what a plain scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.match(text):
        return integer(text)
    if _BASED.match(text):
        return _fitting(int(text, 0))
    if _FLOAT.match(text):
        return double(text)
    if _NOT_FINITE.match(text):
        raise ScalarError("a number must be finite")
    return text


def integer(text: str) -> int:
    """Return the int64 that decimal digits, perhaps with a sign, stand for."""
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        raise ScalarError("the integer does not fit into 64 bits")
    return _fitting(int(digits or "0") * (-1 if text.startswith("-") else 1))


def double(text: str) -> float:
    """Return the finite double that a decimal notation stands for."""
    number = float(text)
    if not math.isfinite(number):
        raise ScalarError("the number is too large for a double")
    return number


def _fitting(number: int) -> int:
    if not INT64_MIN <= number <= INT64_MAX:
        raise ScalarError("the integer does not fit into 64 bits")
    return number
