"""Service-account key files in Google's form, which Google's libraries read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

_MODE: Final = 0o600
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class KeyFileError(Exception):
    """A file is not a service account's key; the message says why, and holds none of it."""


def key_file_content(
    *, project: str, kid: str, private_key: str, email: str, client_id: str, token_uri: str
) -> dict[str, object]:
    """Return the members of a key file; `private_key` in PEM.

    There is no `universe_domain`: with it, Google's libraries would not use `token_uri`.
    """
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": kid,
        "private_key": private_key,
        "client_email": email,
        "client_id": client_id,
        "token_uri": token_uri,
    }


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write a key file: whole or not at all, on disk, and readable by its owner alone.

    Raises OSError.
    """
    # One name, so that nothing piles up; the data dir is this process's alone.
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, _NEW_FILE, _MODE), "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _sync_directory(path.parent)


def rewrite(path: Path, token_uri: str) -> None:
    """Give a key file another `token_uri`, and mode 0600; raises OSError, KeyFileError."""
    content = _read(path)
    narrow = path.stat().st_mode & 0o777 == _MODE
    if content.get("token_uri") != token_uri or not narrow:
        write(path, {**content, "token_uri": token_uri})


def _read(path: Path) -> Mapping[str, object]:
    try:
        content: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        # Without the cause: it quotes the file.
        raise KeyFileError("it is not JSON") from None
    if not isinstance(content, dict):
        raise KeyFileError("it is not a JSON object")
    members = cast("Mapping[str, object]", content)
    if members.get("type") != "service_account":
        raise KeyFileError("it is not a service account's key")
    return members


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
