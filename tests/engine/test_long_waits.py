"""Waits of up to a year: neither a thread nor anything in memory is kept for them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringback_server.engine.run import Run
from ringback_server.lang.machine import Machine
from tests.clocks import FakeClock
from tests.engine.bench import Bench, opened
from tests.others import Others
from tests.waiting import until

YEAR = 31_536_000
BEGIN = 1_800_000_000

#: each waits for a year and returns how long it took
WAITS = {
    "sleep": "- wait: {call: sys.sleep, args: {seconds: 31536000}}",
    # The clock of tests begins on 15 January 2027 at 08:00.
    "sleep-until": '- wait: {call: sys.sleep_until, args: {time: "2028-01-15T08:00:00Z"}}',
    "backoff": """
- again:
    try:
      steps:
        - count: {assign: [{tries: "${tries + 1}"}]}
        - check: {switch: [{condition: "${tries == 1}", raise: once}]}
    retry:
      predicate: ${retry.always}
      max_retries: 1
      backoff: {initial_delay: 31536000, max_delay: 31536000, multiplier: 1}
""",
}
SOURCE = '- begin: {{assign: [{{start: "${{sys.now()}}"}}, {{tries: 0}}]}}\n{}\n{}'
FINISH = '- finish: {return: "${int(sys.now() - start)}"}'


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Set aside what there is in memory, so that neither it is counted, nor gone through."""
    gc.freeze()
    yield
    gc.unfreeze()


def machines() -> int:
    """Count what is in memory of executions since the test began."""
    gc.collect()
    return sum(isinstance(found, (Machine, Run)) for found in gc.get_objects())


def rest(bench: Bench, before: int) -> None:
    """Let a wait become a long one; return once neither thread nor memory is kept for it."""
    bench.await_state("1 blocked")
    bench.clock.advance(5)
    bench.await_state("0 in hand")
    bench.await_state("1 idle")
    until(lambda: machines() == before)


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_wait_when_it_takes_a_year(tmp_path: Path, wait: str) -> None:
    """A wait of a year is a row in the store, over restarts, and ends in its second."""
    clock, before = FakeClock(BEGIN), machines()
    with opened(tmp_path, clock, threads=1) as bench:
        execution = bench.start(bench.deploy(SOURCE.format(wait, FINISH)))
        rest(bench, before)
    clock.advance(YEAR / 2)
    with opened(tmp_path, clock, threads=1) as bench:
        bench.await_state(f"next {BEGIN + YEAR}")
        clock.advance(YEAR / 2 - 6)
        bench.await_state(f"next {BEGIN + YEAR}")
        assert before == machines()
        assert not bench.store.executions.get(execution.name).state.ended
        clock.advance(1)

        assert str(YEAR) == bench.ended(execution).result


def test_request_when_it_takes_half_an_hour(tmp_path: Path) -> None:
    """A request waits without a thread, and without the machine that asked for it."""
    others, before = Others(), machines()
    source = """
- send: {call: http.get, args: {url: "http://a.test/", timeout: 1800}, result: r}
- finish: {return: "${r.body}"}
"""
    with opened(tmp_path, network=others.network, threads=1) as bench:
        execution = bench.start(bench.deploy(source))
        rest(bench, before)
        bench.clock.advance(1_790)
        others.calls[0].respond("late")

        assert '"late"' == bench.ended(execution).result
    assert 1_800 == others.calls[0].request.timeout
