"""How often and when a call that found no server is made again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

# The system's, so that processes that were forked do not all pause alike.
_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Pauses that grow exponentially, each a random part of itself.

    Only calls that can be repeated safely are, only when the server was UNAVAILABLE, and never
    beyond the deadline of the call.
    """

    #: the longest the first pause can be, in seconds
    first: float = 0.1
    #: by what each pause is longer than the one before
    factor: float = 2.0
    #: the longest that any pause can be, in seconds
    most: float = 5.0
    #: how often a call is repeated at most; None for as often as its deadline allows
    times: int | None = None

    def pauses(self) -> Iterator[float]:
        """Yield the pauses before each repetition, in seconds."""
        return islice(self._endless(), self.times)

    def _endless(self) -> Iterator[float]:
        longest = self.first
        while True:
            # At least half of it, so that a pause is one; the rest keeps many clients apart.
            yield _CHANCE.uniform(longest / 2, longest)
            longest = min(longest * self.factor, self.most)
