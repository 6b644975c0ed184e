"""The tokens that requests carry: this server's own at once, Google's when they are there."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from ringback_server.auth.google_tokens import GoogleToken
from ringback_server.auth.recent import Recent
from ringback_server.clock import Clock
from ringback_server.errors import RingbackError
from ringback_server.lang.http_exchange import HttpAuth

_log = logging.getLogger(__name__)

#: seconds before its end from which on a token is not used any more; Google's library has 225
_MARGIN = 300.0
_THREADS = 4
_REMEMBERED = 1_024

#: told a token, or why there is none: at once or later, on any thread; it must be quick
Told = Callable[[str | RingbackError], None]


class OwnTokens(Protocol):
    """What issues this server's tokens; raises RingbackError if there is none."""

    def is_foreign(self, account: str, url: str) -> bool:
        """Tell whether a URL leads away from this server; raise unless the account may be used."""
        ...

    def id_token(self, account: str, audience: str) -> str:
        """Return an ID token that tells an audience who an account is."""
        ...

    def access_token(self, account: str, url: str, scopes: tuple[str, ...]) -> str:
        """Return an access token of an account for what is at a URL."""
        ...


class ForeignTokens(Protocol):
    """What gets tokens from others, which takes its time; raises RingbackError."""

    def check(self, url: str) -> None:
        """Raise unless what is at a URL may have an access token."""
        ...

    def access_token(self, scopes: Iterable[str]) -> GoogleToken:
        """Get an access token."""
        ...

    def id_token(self, audience: str) -> GoogleToken:
        """Get an ID token."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a token is for: an audience, else scopes."""

    audience: str | None
    scopes: tuple[str, ...]


class Bearers:
    """Gives requests their tokens, and keeps Google's until shortly before they expire."""

    def __init__(self, own: OwnTokens, clock: Clock, google: ForeignTokens | None = None) -> None:
        """Take what issues our tokens, and what gets Google's for all other servers, if any."""
        self._own = own
        self._google = google
        self._clock = clock
        # Guards the fields below; nothing is fetched or told while it is held.
        self._lock = threading.Lock()
        self._known: Recent[_Wanted, GoogleToken] = Recent(_REMEMBERED)
        # Who waits for what is being fetched, or is still queued for a thread.
        self._asked: dict[_Wanted, list[Told]] = {}
        self._queue: deque[_Wanted] = deque()
        self._threads = 0

    def obtain(self, account: str, url: str, auth: HttpAuth, told: Told) -> None:
        """Tell the token for a request of an account, or why there is none; does not wait."""
        try:
            found = self._at_hand(account, url, auth)
        except RingbackError as error:
            told(error)
            return
        if isinstance(found, _Wanted):
            self._fetch_for(found, told)
        else:
            told(found)

    def _at_hand(self, account: str, url: str, auth: HttpAuth) -> str | _Wanted:
        audience = (auth.audience or url) if auth.type == "OIDC" else None
        if self._google is not None and self._own.is_foreign(account, url):
            if audience is None:
                self._google.check(url)
            return _Wanted(audience, () if audience else auth.scopes)
        if audience is not None:
            return self._own.id_token(account, audience)
        return self._own.access_token(account, url, auth.scopes)

    def _fetch_for(self, wanted: _Wanted, told: Told) -> None:
        starting = False
        with self._lock:
            known = self._known.get(wanted)
            if known is not None and self._clock.now() >= known.expire_time - _MARGIN:
                known = None
            if known is None:
                self._asked.setdefault(wanted, []).append(told)
                starting = self._queued(wanted)
        if known is not None:
            told(known.token)
        elif starting:
            # Not a pool: its threads would delay the end of the process.
            threading.Thread(target=self._work, name="ringback-tokens", daemon=True).start()

    def _queued(self, wanted: _Wanted) -> bool:
        """Queue what somebody is the first to ask for; tell whether that takes a new thread."""
        if len(self._asked[wanted]) > 1:
            return False
        self._queue.append(wanted)
        starting = self._threads < _THREADS
        self._threads += starting
        return starting

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            outcome = self._fetched(wanted)
            with self._lock:
                waiting = self._asked.pop(wanted)
                if isinstance(outcome, GoogleToken):
                    self._known.put(wanted, outcome)
            for told in waiting:
                told(outcome.token if isinstance(outcome, GoogleToken) else outcome)

    def _next(self) -> _Wanted | None:
        with self._lock:
            if self._queue:
                return self._queue.popleft()
            self._threads -= 1
            return None

    def _fetched(self, wanted: _Wanted) -> GoogleToken | RingbackError:
        if self._google is None:
            raise RuntimeError("there is nothing to fetch tokens with")
        try:
            if wanted.audience is not None:
                return self._google.id_token(wanted.audience)
            return self._google.access_token(wanted.scopes)
        except RingbackError as error:
            _log.warning("%s", error.message)
            return error
        except Exception as error:  # noqa: BLE001 - nobody may wait for a token for ever
            # Without its traceback and its words, which may have secrets.
            name = type(error).__name__
            _log.error("a token could not be got: %s", name)
            return RingbackError(f"no token of Google: internal error: {name}")
