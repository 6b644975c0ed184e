"""`python -m ringback_server.probe /healthz`: whether the server of a data dir is well.

For containers: exit status 0 when GET of the path answers 200, else 1. Imports nothing of the
server's, so that it costs little however often it is asked.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

_SECONDS = 3.0
_OK = 200


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ask the server whose data dir RINGBACK_DATA_DIR names; returns the exit status."""
    path = arguments[0] if arguments else "/healthz"
    data_dir = Path(environment.get("RINGBACK_DATA_DIR") or "ringback-data")
    try:
        status = _ask(json.loads((data_dir / "server.json").read_bytes())["http"], path)
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        sys.stderr.write(f"not healthy: {error}\n")
        return 1
    return 0 if status == _OK else 1


def _ask(url: str, path: str) -> int:
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=_SECONDS, context=_any_certificate())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _any_certificate() -> ssl.SSLContext:
    """Trust whoever answers: it is told nothing, and its certificate need not name this host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
