"""Which stub answers a call, and what to say when none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import urlsplit

import yaml
from msgspec import UNSET

from ringback_server.local.differences import compact
from ringback_server.local.matching import glob_matches, includes, url_matches
from ringback_server.local.results import Call
from ringback_server.local.scripts import Placed
from ringback_server.local.stubs import Answer, Stub

_MOST_SHOWN: Final = 3
#: how alike names of functions are that somebody may have mistaken for one another
_ALIKE: Final = 0.8
#: of values in messages, in characters
_LONGEST: Final = 120
#: how near a stub is to a call: by its address, or the name of a connector; or in any key
_SAME, _SAME_HOST, _LIKE, _OTHER = range(4)

#: a key in which a stub is for other calls, and what it has there
_Difference = tuple[str, str]


class Stubs:
    """The stubs of one run, the first that matches a call answering it."""

    def __init__(self, stubs: Sequence[Placed[Stub]]) -> None:
        """Take the stubs in order of preference."""
        self._stubs = stubs
        self._answered = Counter[int]()

    def answer(self, call: Call) -> Answer | None:
        """Return the next answer for a call; None if no stub has one."""
        for number, placed in enumerate(self._stubs):
            stub, done = placed.record, self._answered[number]
            if not any(_differences(stub, call)) and not (stub.times and done >= stub.times):
                self._answered[number] += 1
                return stub.answers[min(done, len(stub.answers) - 1)]
        return None

    def complaint(self, call: Call) -> str:
        """Return what to tell whoever wrote the stubs of a call that has none."""
        where = f"step {call.step!r} (routine {call.routine!r}, line {call.line})"
        lines = [f"no stub answers {call.call} in {where}"]
        if call.url is not None:
            lines.append(f"  {call.method} {call.url}")
        lines += self._nearest(call) if self._stubs else ["there are no stubs"]
        return "\n".join([*lines, "add to the stubs:", *_indented(stanza(call))])

    def _nearest(self, call: Call) -> list[str]:
        """Return what keeps the stubs from answering that are for almost such a call."""
        found: list[tuple[tuple[int, int], str]] = []
        for placed in self._stubs:
            stub, differences = placed.record, list(_differences(placed.record, call))
            distance = _distance(stub, call, [key for key, _ in differences])
            if not differences:
                line = f"{placed.place} is for it, but its times ({stub.times}) are over"
            else:
                line = f"{placed.place} is for {', and '.join(map(_told, differences))}"
            if distance < _OTHER:
                found.append(((distance if differences else -1, len(differences)), line))
        lines = [line for _, line in sorted(found, key=lambda one: one[0])]
        return lines[:_MOST_SHOWN] or ["no stub is for such a call"]


def stanza(call: Call) -> str:
    """Return a stub for a call, as YAML to be filled in."""
    stub: dict[str, object] = {"call": call.call, "step": call.step}
    if call.url is None:
        stub["answer"] = {"return": {}}
    else:
        stub |= {"method": call.method, "url": call.url.partition("?")[0]}
        stub["answer"] = {"status": 200, "body": {}}
    return yaml.safe_dump([stub], sort_keys=False, allow_unicode=True, width=1_000)


def _differences(stub: Stub, call: Call) -> Iterator[_Difference]:
    """Yield the keys in which a stub is for other calls."""
    if stub.step is not None and stub.step != call.step:
        yield "step", stub.step
    if stub.call is not None and not glob_matches(stub.call, call.call):
        yield "call", stub.call
    if stub.url is not None and (call.url is None or not url_matches(stub.url, call.url)):
        address, _, query = stub.url.partition("?")
        same = call.url is not None and url_matches(address, call.url)
        yield ("query", query) if same else ("url", stub.url)
    if stub.method is not None and stub.method.upper() != call.method:
        yield "method", stub.method.upper()
    if stub.args is not None and not includes(call.args, stub.args):
        yield "args", compact(stub.args)
    if stub.body is not UNSET and not includes(call.body, stub.body):
        yield "body", compact(stub.body)


def _distance(stub: Stub, call: Call, differences: Collection[str]) -> int:
    """Return how near what a stub looks at is to a call."""
    if stub.url is not None and call.url is not None:
        if "url" not in differences:
            return _SAME
        if urlsplit(stub.url).netloc == urlsplit(call.url).netloc:
            return _SAME_HOST
    if stub.call is not None and call.url is None and "call" not in differences:
        return _SAME
    is_like = stub.call is not None and _ratio(stub.call, call.call) >= _ALIKE
    return _LIKE if is_like or set(stub.looked_at) - set(differences) else _OTHER


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _told(difference: _Difference) -> str:
    key, value = difference
    return f"another {key}: {value if len(value) <= _LONGEST else f'{value[: _LONGEST - 1]}…'}"


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
