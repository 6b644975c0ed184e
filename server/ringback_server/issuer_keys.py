"""The keys of external issuers, fetched in the background and remembered.

Whoever sends tokens must not decide how often an issuer is asked, and nobody waits for it: a
request is answered from what is known, and a thread of its own sees to it that this is up to date.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ringback_server.auth.claims import strict_object
from ringback_server.auth.external_issuers import ExternalIssuer, keys_url
from ringback_server.auth.key_sets import ExternalKey, KeySet, KeySetError, read_key_set
from ringback_server.auth.refusals import TokenError
from ringback_server.background import BackgroundThread
from ringback_server.clock import Clock
from ringback_server.engine.outbound.client import OutboundClient
from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.errors import OverloadedError
from ringback_server.lang.http_exchange import HttpAnswer, HttpFailure, HttpRequest, HttpResponse
from ringback_server.model.origins import origin_of

_log = logging.getLogger(__name__)

#: seconds until one answer must be there, and how many bytes it may have
FETCH_SECONDS = 5.0
MAX_DOCUMENT = 256 * 1024
#: how long keys are used without asking again, whatever `Cache-Control` says
SHORTEST_USE, USUAL_USE, LONGEST_USE = 60.0, 600.0, 3600.0
#: how long they are used beyond that while they cannot be had again
STALE_SECONDS = 6 * 3600.0
#: from one look-up for the sake of an unknown key id to the next it is at least so long
UNKNOWN_SECONDS = 10.0

# Of the use that keys have, the part after which they are asked for again.
_RENEWED_AFTER = 0.8
_RETRY_SECONDS, _LONGEST_RETRY = 1.0, 60.0
_DISCOVERY_SECONDS = 3600.0
_MAX_AGE = re.compile(r"max-age=\"?(\d{1,9})\"?")
_OK = 200


class Client(Protocol):
    """Sends requests without blocking; follows no redirects."""

    def start(self) -> None:
        """Get ready to send."""
        ...

    def close(self) -> None:
        """Give up what is under way."""
        ...

    def submit(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> object:
        """Send a request; tell `answer` once what came of it, on another thread."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """A key set, and until when it may be used at most, in monotonic seconds."""

    keys: KeySet
    until: float


@dataclass(slots=True)
class _Source:
    """What is known of an issuer's keys; times in monotonic seconds."""

    issuer: ExternalIssuer
    held: _Held | None = None
    #: when to ask next
    due: float = 0.0
    under_way: bool = False
    failures: int = 0
    #: not before, for an unknown key id
    look: float = 0.0
    #: where the discovery document says that the keys are, and until when that holds
    discovered: tuple[str, float] | None = None


class FetchedKeys:
    """Satisfies auth's `IssuerKeys`; `start` it first and `close` it last. Threads share it."""

    def __init__(self, issuers: Iterable[ExternalIssuer], client: Client, clock: Clock) -> None:
        """Take the issuers, what sends requests, and the clock."""
        self._client = client
        self._clock = clock
        self._sources = {issuer.name: _Source(issuer) for issuer in issuers}
        # Guards the sources. Nothing is sent while it is held, and nothing else locked. Keys that
        # are held are read without it: they are replaced as a whole.
        self._changed = threading.Condition()
        self._thread = BackgroundThread(self._run, "ringback-issuers", clock, changed=self._changed)

    def start(self) -> None:
        """Begin to ask all issuers, and return at once."""
        self._client.start()
        self._thread.start()

    def close(self) -> None:
        """Give up what is under way; may be called twice."""
        self._thread.close()
        self._client.close()

    def __repr__(self) -> str:
        with self._changed:
            now = self._clock.monotonic()
            known = ", ".join(
                f"{name}: {len(source.held.keys.keys) if source.held else 'no'} keys"
                f"{' (asking)' if source.under_way or now >= source.due else ''}"
                for name, source in self._sources.items()
            )
        return f"<FetchedKeys {known}>"

    def find(self, issuer: str, kid: str, algorithm: str, /) -> ExternalKey | None:
        """Return the issuer's key that a token names, None if it has no such key.

        Raises OverloadedError while that cannot be told.
        """
        source = self._sources[issuer]
        keys = self._current(source)
        return keys.find(kid, algorithm) or self._newer(source, keys).find(kid, algorithm)

    def holds(self, issuer: str, key: ExternalKey, /) -> bool:
        """Tell whether a key is one of the issuer's now; raises OverloadedError."""
        return key in self._current(self._sources[issuer])

    def send(self, request: HttpRequest, answer: Callable[[HttpAnswer], None], /) -> None:
        """Send a request to an issuer, and tell `answer` once on another thread, unless closed."""
        self._client.submit(request, answer)

    def _current(self, source: _Source) -> KeySet:
        held = source.held
        if held is None or self._clock.monotonic() >= held.until:
            raise _unavailable()
        return held.keys

    def _newer(self, source: _Source, keys: KeySet) -> KeySet:
        """Return the keys that took the place of these, or these if they are new enough.

        If they are not, have the issuer asked and raise OverloadedError.
        """
        now = self._clock.monotonic()
        with self._changed:
            held = source.held
            if held is not None and held.keys is not keys:
                return held.keys
            unsure = source.under_way or source.failures or now >= source.due
            if not unsure and now < source.look:
                return keys
            if not unsure:
                source.look, source.due = now + UNKNOWN_SECONDS, now
                self._changed.notify_all()
        raise _unavailable()

    def _run(self) -> None:
        while (due := self._await_due()) is not None:
            for source in due:
                self._ask(source)

    def _await_due(self) -> list[_Source] | None:
        """Wait until it is time to ask some issuers; None once this is closed."""
        with self._changed:
            while not self._thread.closed:
                now = self._clock.monotonic()
                idle = [source for source in self._sources.values() if not source.under_way]
                due = [source for source in idle if now >= source.due]
                if due:
                    for source in due:
                        source.under_way = True
                    return due
                soonest = min((source.due for source in idle), default=None)
                self._clock.wait(self._changed, None if soonest is None else soonest - now)
        return None

    def _ask(self, source: _Source) -> None:
        place, discovered = source.issuer.jwks_uri, source.discovered
        if place is None and discovered and self._clock.monotonic() < discovered[1]:
            place = discovered[0]
        if place is None:
            self._get(source, source.issuer.discovery_url, self._discovered)
        else:
            self._get(source, place, self._fetched)

    def _get(
        self, source: _Source, url: str, then: Callable[[_Source, HttpResponse], None]
    ) -> None:
        request = HttpRequest(
            method="GET",
            url=url,
            headers=(("Accept", "application/json"),),
            timeout=FETCH_SECONDS,
            ca_certificate=source.issuer.authorities,
        )
        self._client.submit(request, partial(self._answered, source, then))

    def _answered(
        self,
        source: _Source,
        then: Callable[[_Source, HttpResponse], None],
        answer: HttpAnswer,
    ) -> None:
        try:
            then(source, _checked(answer))
        except KeySetError as error:
            self._failed(source, str(error))

    def _discovered(self, source: _Source, response: HttpResponse) -> None:
        place = _jwks_uri(source.issuer, response.body)
        with self._changed:
            source.discovered = place, self._clock.monotonic() + _DISCOVERY_SECONDS
        self._get(source, place, self._fetched)

    def _fetched(self, source: _Source, response: HttpResponse) -> None:
        keys = read_key_set(response.body)
        now, use = self._clock.monotonic(), _use(response.headers)
        with self._changed:
            known = source.held
            source.held = _Held(keys, now + use + STALE_SECONDS)
            source.failures, source.under_way, source.due = 0, False, now + use * _RENEWED_AFTER
            self._changed.notify_all()
        if known is None or known.keys != keys:
            _log.info("issuer %s has %d keys of use", source.issuer.name, len(keys.keys))

    def _failed(self, source: _Source, reason: str) -> None:
        with self._changed:
            source.failures += 1
            pause = min(_RETRY_SECONDS * 2.0 ** min(source.failures - 1, 10), _LONGEST_RETRY)
            source.due = self._clock.monotonic() + pause
            source.under_way, source.discovered = False, None
            self._changed.notify_all()
        _log.warning(
            "the keys of issuer %s cannot be had, next attempt in %g s: %s",
            source.issuer.name,
            pause,
            reason,
        )


def fetched_keys(issuers: Sequence[ExternalIssuer], clock: Clock) -> FetchedKeys:
    """Return what fetches the keys of issuers; it is not started yet.

    It reaches public addresses, and others only where an issuer's entry itself leads there; an
    address where clouds keep credentials never. It follows no redirects.
    """
    places = [issuer.jwks_uri or issuer.discovery_url for issuer in issuers]
    places += [issuer.discovery_url for issuer in issuers if issuer.login]
    policy = EgressPolicy.of((), own=[origin_of(url)[1:] for url in places])
    return FetchedKeys(issuers, OutboundClient(policy, in_flight=64, redirects=0), clock)


def _checked(answer: HttpAnswer) -> HttpResponse:
    """Return an answer that may hold a document; raises KeySetError."""
    if isinstance(answer, HttpFailure):
        # What the policy of workflows' requests says next is of no use here.
        reason, private, _ = answer.message.partition(": --egress-allow")
        hint = "; if it is meant, give it as the entry's jwks_uri" if private else ""
        raise KeySetError(f"{reason}{hint}")
    if answer.code != _OK:
        raise KeySetError(f"the answer has the status {answer.code}")
    if len(answer.body) > MAX_DOCUMENT:
        raise KeySetError(f"the answer is larger than {MAX_DOCUMENT} bytes")
    return answer


def _jwks_uri(issuer: ExternalIssuer, content: bytes) -> str:
    """Return where a discovery document says that keys are; raises KeySetError."""
    try:
        document = strict_object(content)
    except TokenError:
        raise KeySetError("the discovery document is not JSON, or has a member twice") from None
    named, place = document.get("issuer"), document.get("jwks_uri")
    if named != issuer.url:
        shown = str(named)[:200]
        raise KeySetError(f"the discovery document is of the issuer {shown!r}, not {issuer.url!r}")
    if not isinstance(place, str):
        raise KeySetError("the discovery document has no jwks_uri")
    try:
        keys_url(place)
    except ValueError as error:
        raise KeySetError(f"the discovery document's jwks_uri will not do: {error}") from None
    if not place.startswith("https:") and issuer.url.startswith("https:"):
        raise KeySetError("the discovery document's jwks_uri is not https")
    return place


def _use(headers: Sequence[tuple[str, str]]) -> float:
    """Return for how long keys may be used that came with these headers, in seconds."""
    said = ", ".join(value for name, value in headers if name == "Cache-Control").lower()
    if "no-store" in said or "no-cache" in said:
        return SHORTEST_USE
    age = _MAX_AGE.search(said)
    return min(max(float(age[1]), SHORTEST_USE), LONGEST_USE) if age else USUAL_USE


def _unavailable() -> OverloadedError:
    return OverloadedError(
        "The keys of the token's issuer cannot be had at present; try again in a moment.",
        reason="ISSUER_UNAVAILABLE",
    )
