"""Commands that answer callbacks, ready to be pasted into another terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

from ringback.v1.callbacks_pb2 import Callback

_BODY = "-H 'Content-Type: application/json' -d '{}'"
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


def curl_of(callback: Callback, ca_file: Path | None) -> str:
    """Return a command that answers a callback; `ca_file` is what the server's is checked with."""
    words = ["curl", "-I"] if callback.method == "HEAD" else ["curl", "-X", callback.method]
    if ca_file:
        words += ["--cacert", shlex.quote(str(ca_file.resolve()))]
    words.append('-H "Authorization: Bearer $(ringback auth print-access-token)"')
    if callback.method not in _BODILESS:
        words.append(_BODY)
    return " ".join([*words, shlex.quote(callback.url)])
