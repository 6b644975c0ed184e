"""What plain YAML scalars mean."""

from __future__ import annotations

import pytest

from ringback_server.lang import scalars
from ringback_server.lang.scalars import ScalarError

MEANINGS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("tRue", "tRue"),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("Off", "Off"),
    ("y", "y"),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-12", -12),
    ("0777", 777),
    ("0o17", 15),
    ("0x1F", 31),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("2024-01-31", "2024-01-31"),
    ("1.5", 1.5),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("1.2.3", "1.2.3"),
    ("-", "-"),
    (".", "."),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("${a}", "${a}"),
]


@pytest.mark.parametrize(("text", "expected"), MEANINGS)
def test_plain_scalar_when_read(text: str, expected: object) -> None:
    """A plain scalar means what the core schema of YAML 1.2 says."""
    actual = scalars.plain(text)

    assert (type(expected), expected) == (type(actual), actual)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775808", "the integer does not fit into 64 bits"),
        ("-9223372036854775809", "the integer does not fit into 64 bits"),
        ("0xFFFFFFFFFFFFFFFF", "the integer does not fit into 64 bits"),
        ("9" * 100_000, "the integer does not fit into 64 bits"),
        ("1e400", "the number is too large for a double"),
        (".inf", "a number must be finite"),
        ("-.INF", "a number must be finite"),
        (".nan", "a number must be finite"),
    ],
)
def test_plain_scalar_when_the_language_has_no_such_number(text: str, expected: str) -> None:
    """A number that would not survive is refused, never rounded or wrapped."""
    with pytest.raises(ScalarError) as caught:
        scalars.plain(text)

    assert expected == str(caught.value)
