"""The table of RPCs that docs/rpcs.md has, as tests read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "rpcs.md"
_SERVICE = re.compile(r"^\| RPC of `(\w+)` \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_NO_COMMAND = re.compile(r"none: .+")
_COMMAND = re.compile(r"`ringback ([a-z -]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the page says of an RPC."""

    #: its full name, in our package
    name: str
    permissions: frozenset[str]
    #: the words and flags after `ringback`, empty where the page says why there is no command
    command: tuple[str, ...]


def rows() -> list[Row]:
    """Return the rows of the page, in its order; raise AssertionError for one without a command."""
    return [
        _row(service, *(cell.strip() for cell in line.strip("|").split("|")))
        for service, lines in _SERVICE.findall(PAGE.read_text())
        for line in lines.splitlines()
    ]


def _row(service: str, rpc: str, permission: str, command: str) -> Row:
    words = _COMMAND.fullmatch(command)
    assert words or _NO_COMMAND.fullmatch(command), f"{rpc}: a command, or `none:` and why"
    return Row(
        name=f"ringback.v1.{service}.{rpc.strip('`')}",
        permissions=frozenset(re.findall(r"`([\w.]+)`", permission)),
        command=tuple(words[1].split()) if words else (),
    )
