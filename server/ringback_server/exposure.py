"""Whom a server is open to: checked when it starts, and said in its log."""

from __future__ import annotations

import logging
from typing import Final

from ringback_server.background import BackgroundThread
from ringback_server.errors import StartError
from ringback_server.setting_values import Address
from ringback_server.settings import Settings

_log = logging.getLogger(__name__)

_OPEN: Final = "running without authentication: whoever connects is the administrator"
_MINUTE: Final = 60.0


def check_exposure(settings: Settings, *addresses: Address) -> None:
    """Warn of what other machines can reach; raise StartError for what they must not."""
    for address in addresses:
        if address.loopback:
            continue
        if settings.insecure_no_auth and not settings.allow_remote_no_auth:
            raise StartError(
                f"--insecure-no-auth, and other machines can reach {address}: "
                "listen on 127.0.0.1, or add --allow-remote-no-auth"
            )
        if not settings.encrypted:
            _log.warning("%s can be reached from other machines, and is not encrypted", address)


def check_public_url(settings: Settings, http: Address) -> None:
    """Warn when callback URLs lead other machines that reach the HTTP port to themselves."""
    if settings.public_url is None and http.reachable.loopback and not http.loopback:
        _log.warning(
            "%s can be reached from other machines, but callback URLs begin with %s://%s, which is "
            "this machine alone: say by --public-url how callers reach it",
            http,
            settings.scheme,
            http.reachable,
        )


class Reminder:
    """Says in the log, at once and then each minute, that there is no authentication."""

    def __init__(self, seconds: float = _MINUTE) -> None:
        """Take how many seconds lie between two warnings."""
        self._seconds = seconds
        self._thread = BackgroundThread(self._run, "ringback-reminder")

    def start(self) -> None:
        """Begin to warn."""
        self._thread.start()

    def close(self) -> None:
        """Stop warning; returns once the thread has ended."""
        self._thread.close()

    def _run(self) -> None:
        _log.warning(_OPEN)
        while self._thread.rest(self._seconds):
            _log.warning(_OPEN)
