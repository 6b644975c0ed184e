"""Where a running server tells others of itself: files with its addresses and its pid."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ringback_server.errors import StartError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A server that listens: `grpc` is HOST:PORT, `http` a URL without a final slash."""

    grpc: str
    http: str
    data_dir: Path
    #: what callers trust, if it is this server's own making
    ca: Path | None = None
    #: HOST:PORT of the metadata server, if there is one
    metadata: str | None = None

    def announce(self, ready_file: Path | None, environment: Mapping[str, str]) -> None:
        """Write the user's record, the one in the data dir, and last the ready file.

        The last two are relied on: raises StartError if they cannot be written. The user's is a
        convenience for the command line.
        """
        content: dict[str, object] = {"grpc": self.grpc, "http": self.http, "pid": os.getpid()}
        if self.ca is not None:
            content["ca"] = str(self.ca.resolve())
        if self.metadata is not None:
            content["metadata"] = self.metadata
        self._record_for_user(content, environment)
        try:
            for path in (self.data_dir / "server.json", ready_file):
                if path is not None:
                    _write(path, content)
        except OSError as error:
            raise StartError(f"cannot write {error.filename}: {error.strerror}") from error

    def withdraw(self, environment: Mapping[str, str]) -> None:
        """Remove the record in the data dir, and the one that is this server's alone.

        The user's is recognised by its dead pid.
        """
        (self.data_dir / "server.json").unlink(missing_ok=True)
        with suppress(OSError, RuntimeError):
            _own_record(environment).unlink(missing_ok=True)

    def _record_for_user(
        self, content: Mapping[str, object], environment: Mapping[str, str]
    ) -> None:
        try:
            own = _own_record(environment)
            own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in own.parent.glob("*.json"):
                if left.stem.isdecimal() and not _lives(int(left.stem)):
                    left.unlink(missing_ok=True)
            for record in (own, user_record(environment)):
                _write(record, {**content, "data_dir": str(self.data_dir.resolve())})
        except (OSError, RuntimeError) as error:
            _log.info("the command line will not find this server by itself: %s", error)


def user_record(environment: Mapping[str, str]) -> Path:
    """Return where the server that this user started last is recorded (XDG state directory)."""
    state = environment.get("XDG_STATE_HOME")
    root = Path(state) if state else Path.home() / ".local" / "state"
    return root / "ringback" / "server.json"


def _own_record(environment: Mapping[str, str]) -> Path:
    """Return where this server is recorded for when one that was started later has ended."""
    return user_record(environment).parent / "servers" / f"{os.getpid()}.json"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # it is somebody else's
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _write(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON so that a reader sees all of it or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content) + "\n", encoding="utf-8")
    draft.replace(path)
