"""How many requests each project may send: a bucket of tokens per project.

A bucket gets `rate` tokens a second and holds `burst` at most. A request takes one, and is refused
when there is none. A batch takes one for each of its parts, and may leave a debt: so a large one is
not refused for ever, and what comes after it waits until that is paid.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

from ringback_server.clock import Clock
from ringback_server.errors import RateLimitExceededError
from ringback_server.settings import Settings

#: buckets at most. Only names that a caller has permissions on get one, and those idle longest go:
#: one that has been idle is full, as a new one is
_MOST: Final = 10_000


class RateObserver(Protocol):
    """Hears of requests that were refused."""

    def rate_limited(self) -> None:
        """Hear of one."""
        ...


@dataclass(slots=True)
class _Bucket:
    tokens: float
    #: monotonic seconds
    filled: float


class RateLimits:
    """The buckets of all projects."""

    def __init__(
        self,
        clock: Clock,
        observer: RateObserver,
        *,
        rate: float,
        burst: float,
        rates: Mapping[str, float],
    ) -> None:
        """Let each project send `rate` requests a second, 0 for any number, or as `rates` has it.

        `burst` of them may come at once, 0 for those of a second.
        """
        self._clock = clock
        self._observer = observer
        self._rate = rate
        self._burst = burst
        self._rates = dict(rates)
        self._bounded = bool(rate or self._rates)
        # Guards the buckets, in the order of their last use; held for a few dictionary operations.
        self._changed = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    @classmethod
    def of(cls, settings: Settings, clock: Clock, observer: RateObserver) -> Self:
        """Make the buckets that the settings ask for."""
        return cls(
            clock,
            observer,
            rate=settings.project_rate,
            burst=settings.project_burst,
            rates=dict(settings.project_rates),
        )

    def __repr__(self) -> str:
        return f"<RateLimits {self._rate:g}/s, {len(self._buckets)} buckets>"

    @property
    def bounded(self) -> bool:
        """Whether any project has a rate."""
        return self._bounded

    def take(self, project: str) -> None:
        """Count a request of a project; raise RateLimitExceededError if it has sent too many."""
        rate = self._rates.get(project, self._rate)
        if rate <= 0 or not project:
            return
        with self._changed:
            bucket = self._bucket(project, rate)
            missing = 1.0 - bucket.tokens
            if missing <= 0:
                bucket.tokens -= 1.0
                return
        self._observer.rate_limited()
        raise RateLimitExceededError(
            f"The project {project} may send {rate:g} requests per second, and has sent more.",
            retry_after=missing / rate,
            facts={"project": project, "requestsPerSecond": f"{rate:g}"},
        )

    def owe(self, project: str, requests: int) -> None:
        """Count what a request that was let in does beyond one."""
        rate = self._rates.get(project, self._rate)
        if rate > 0 and project:
            with self._changed:
                self._bucket(project, rate).tokens -= requests

    def _bucket(self, project: str, rate: float) -> _Bucket:
        """Return a project's bucket, filled up to now."""
        now, most = self._clock.monotonic(), self._burst or max(rate, 1.0)
        bucket = self._buckets.pop(project, None)
        if bucket is None:
            if len(self._buckets) >= _MOST:
                del self._buckets[next(iter(self._buckets))]
            bucket = _Bucket(most, now)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.filled) * rate)
        bucket.filled = now
        self._buckets[project] = bucket
        return bucket
