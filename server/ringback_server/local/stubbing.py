"""Which stub answers a call, and what to say when none does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import yaml
from msgspec import UNSET

from ringback_server.local.matching import glob_matches, includes, url_matches
from ringback_server.local.results import Call
from ringback_server.local.stubs import Answer, Stub

_MOST_SHOWN: Final = 3


class Stubs:
    """The stubs of one run, the first that matches a call answering it."""

    def __init__(self, stubs: Sequence[Stub]) -> None:
        """Take the stubs in order of preference."""
        self._stubs = stubs
        self._answered = Counter[int]()

    def answer(self, call: Call) -> Answer | None:
        """Return the next answer for a call; None if no stub has one."""
        for number, stub in enumerate(self._stubs):
            done = self._answered[number]
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
        lines += islice(self._nearest(call), _MOST_SHOWN) if self._stubs else ["there are no stubs"]
        return "\n".join([*lines, "add to the stubs:", *_indented(stanza(call))])

    def _nearest(self, call: Call) -> Iterator[str]:
        """Yield what keeps the stubs from answering that are for almost such a call."""
        for number, stub in enumerate(self._stubs):
            differences = list(_differences(stub, call))
            if not differences:
                yield f"stub {number + 1} is for it, but its times ({stub.times}) are over"
            elif len(differences) == 1 and (stub.step or stub.url or stub.call):
                yield f"stub {number + 1} is for another {differences[0]}"


def stanza(call: Call) -> str:
    """Return a stub for a call, as YAML to be filled in."""
    stub: dict[str, object] = {"call": call.call, "step": call.step}
    if call.url is None:
        stub["answer"] = {"return": {}}
    else:
        stub |= {"method": call.method, "url": call.url.partition("?")[0]}
        stub["answer"] = {"status": 200, "body": {}}
    return yaml.safe_dump([stub], sort_keys=False, allow_unicode=True, width=1_000)


def _differences(stub: Stub, call: Call) -> Iterator[str]:
    """Yield the keys in which a stub is for other calls."""
    if stub.step is not None and stub.step != call.step:
        yield "step"
    if stub.call is not None and not glob_matches(stub.call, call.call):
        yield "call"
    if stub.url is not None and (call.url is None or not url_matches(stub.url, call.url)):
        yield "url"
    if stub.method is not None and stub.method.upper() != call.method:
        yield "method"
    if stub.args is not None and not includes(call.args, stub.args):
        yield "args"
    if stub.body is not UNSET and not includes(call.body, stub.body):
        yield "body"


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
