"""Whether a run came out as a case expects, and what is different if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from ringback_server.local.cases import Expectations, Trial
from ringback_server.local.definitions import Runnable
from ringback_server.local.differences import difference, projected, written
from ringback_server.local.happenings import (
    all_complaints,
    call_fields,
    entry_fields,
    expected_fields,
    some_complaints,
)
from ringback_server.local.matching import glob_matches, includes, is_list, same
from ringback_server.local.results import Error, Result, StuckError
from ringback_server.local.simulation import simulate

#: in seconds
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a case: what is not as expected, each with its first line telling what."""

    complaints: tuple[str, ...]
    result: Result

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.complaints


def judge(runnable: Runnable, case: Trial) -> Verdict:
    """Run a case and say what of it is not as expected; raises ValueError if it cannot begin."""
    try:
        result = simulate(runnable, case.argument, case.script, case.subworkflow)
    except StuckError as stuck:
        return Verdict(complaints=(stuck.message,), result=stuck.so_far)
    return Verdict(complaints=tuple(complaints(result, case.expect)), result=result)


def complaints(result: Result, expect: Expectations) -> list[str]:
    """Return what of a run is not as expected."""
    found = _end_complaints(result, expect)
    calls, logs = [*map(call_fields, result.calls)], [*map(entry_fields, result.logs)]
    if expect.calls is not None:
        found += all_complaints("calls", calls, [*map(expected_fields, expect.calls)])
    found += some_complaints("calls", calls, [*map(expected_fields, expect.calls_include or ())])
    if expect.logs is not None:
        found += all_complaints("logs", logs, [*map(expected_fields, expect.logs)])
    found += some_complaints("logs", logs, [*map(expected_fields, expect.logs_include or ())])
    if expect.duration is not None and abs(result.duration - expect.duration) > _TOLERANCE:
        found.append(f"duration: expected {expect.duration:g} s, it took {result.duration:g} s")
    return found


def _end_complaints(result: Result, expect: Expectations) -> list[str]:
    if result.error is not None:
        if expect.error is None:
            return [f"it failed: {result.error.context}"]
        return _error_complaints(result.error, expect.error)
    if expect.error is not None:
        return [f"it should have failed, but succeeded with {written(result.result)}"]
    return _result_complaints(result, expect)


def _result_complaints(result: Result, expect: Expectations) -> list[str]:
    if expect.result is not UNSET and not same(result.result, expect.result):
        lines = difference(expect.result, result.result)
        return ["\n".join(["result: not as expected", *lines])]
    wanted = expect.result_includes
    if wanted is not UNSET and not includes(result.result, wanted):
        lines = difference(wanted, projected(result.result, wanted))
        return ["\n".join(["result: not as expected", *lines])]
    return []


def _error_complaints(error: Error, expected: str | dict[str, object]) -> list[str]:
    if isinstance(expected, str):
        seen: object = expected if glob_matches(expected, error.message) else error.message
    elif isinstance(error.value, str):
        seen = error.value
    else:
        seen = {key: _seen(error, key, wanted) for key, wanted in expected.items()}
    if same(seen, expected):
        return []
    return ["\n".join(["error: not as expected", *difference(expected, seen)])]


def _seen(error: Error, key: str, wanted: object) -> object:
    """Return what an error has at a key, as it was expected if it fits."""
    if key == "message" and isinstance(wanted, str) and glob_matches(wanted, error.message):
        return wanted
    if key == "tags" and is_list(wanted) and all(tag in error.tags for tag in wanted):
        return wanted
    return projected(error.field(key), wanted)
