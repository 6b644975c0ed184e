"""Parts of Ringback that are installed only if somebody asks for them."""

from __future__ import annotations


def installing(extra: str) -> str:
    """Return the command that installs an extra, as docs/connectors.md has it."""
    return f"pip install 'ringback[{extra}]', or '.[{extra}]' in a clone"
