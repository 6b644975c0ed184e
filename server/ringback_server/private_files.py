"""Files that only their owner should read: keys, passphrases, and the data dir.

The rule is that of ssh for private keys: what belongs to this user must be closed to everybody
else. A file of another owner, such as a secret that an orchestrator mounts, may be open to the
group of this process, because only the owner could close it; it is never open to all.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

from ringback_server.errors import StartError

_log = logging.getLogger(__name__)

#: bytes; keys and passphrases are far smaller
_LARGEST: Final = 64 * 1024


def read_private(path: Path, setting: str) -> bytes:
    """Return the content of a file that `setting` names, such as `--seal-key-file`.

    Raises StartError if it cannot be read, is no regular file, or others may read or write it.
    """
    try:
        with path.open("rb") as file:
            # Of what was opened: the name may lead elsewhere a moment later.
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StartError(f"{setting}: {path} is not a file")
            if too_open(status):
                raise StartError(
                    f"{setting}: others than its owner may use {path} "
                    f"(mode {stat.S_IMODE(status.st_mode):04o}): run chmod 600 {path}"
                )
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise StartError(f"{setting}: {path} cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise StartError(f"{setting}: {path} has more than {_LARGEST} bytes")
    return content


def too_open(status: os.stat_result) -> bool:
    """Tell whether more may use a file than should, by the rule of this module."""
    mine = status.st_uid == os.geteuid()
    return bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO if mine else stat.S_IRWXO))


def others_may_write(directory: Path) -> bool:
    """Tell whether others may put files into a directory, by the rule of this module."""
    status = directory.stat()
    writers = stat.S_IWOTH
    if status.st_uid == os.geteuid():
        writers |= stat.S_IWGRP
    return bool(status.st_mode & writers)


def narrow(path: Path) -> None:
    """Close a file of this user's to everybody else, with a warning; it may be missing.

    Raises OSError if that cannot be done.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not too_open(status):
        return
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid != os.geteuid():
        _log.warning("everybody may use %s (mode %04o), which another user owns", path, mode)
        return
    path.chmod(0o600)
    _log.warning(
        "others could use %s (mode %04o): it is closed to them now; what it holds may be known",
        path,
        mode,
    )
