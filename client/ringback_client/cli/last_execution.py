"""The execution that was started last here, for the commands that mean it without naming it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ringback_client.connection import state_file
from ringback_client.errors import InvalidInputError


def remember(environ: Mapping[str, str], name: str) -> None:
    """Keep an execution's name in this user's state directory; a convenience that may fail."""
    with suppress(OSError):
        path = _file(environ)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(f"{name}\n", encoding="utf-8")


def recall(environ: Mapping[str, str]) -> str:
    """Return the name that was kept last, or raise InvalidInputError."""
    try:
        return _file(environ).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            "No execution was started here yet.",
            next_step="Start one with: ringback execute WORKFLOW",
        ) from error


def _file(environ: Mapping[str, str]) -> Path:
    return state_file(environ).with_name("last-execution")
