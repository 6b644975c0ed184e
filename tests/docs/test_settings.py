"""The settings against the page that lists them."""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, cast

from ringback_server.settings import Settings, flag, variable

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def row(option: Field[Any]) -> str:
    """Return how the page tells of a setting."""
    named = f"{flag(option)} {option.metadata['metavar']}".strip()
    default = "" if option.default in {None, False, (), MISSING} else f"`{_shown(option.default)}`"
    cells = (f"`{named}`", f"`{variable(option)}`", default, option.metadata["help"])
    return " ".join(("|", " | ".join(cell.replace("|", r"\|") for cell in cells), "|"))


def _shown(default: object) -> str:
    """Return a default as it would be given."""
    if isinstance(default, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", default)))
    return str(default)


def test_settings_when_documented() -> None:
    """docs/operations.md has each setting, its flag, variable, default and help, and no other."""
    shown = re.findall(r"^\| `--.*`RINGBACK_.*$", PAGE.read_text(), re.MULTILINE)

    assert sorted(row(option) for option in fields(Settings)) == sorted(shown)
