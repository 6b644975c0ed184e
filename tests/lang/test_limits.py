"""Limits of executions: Google's values, and whatever grows ends at one in bounded memory."""

from __future__ import annotations

import tracemalloc

import pytest

from ringback_server.lang.effects import Event, Log, Status
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from tests.lang.playing import BEGIN, context, inputs, next_events, play, program_of

#: bytes that a machine may take at most, far above the limit of its variables
PEAK = 30 * 1024 * 1024

MEMORY = "ResourceLimitError: Memory usage limit exceeded"
STRING = "ResourceLimitError: String size limit exceeded"
STEPS = "ResourceLimitError: Step limit exceeded"
DEPTH = "ResourceLimitError: Values nest deeper than 128 levels"

#: what one step does over and over again, and how that ends
GROWING = [
    ("string", '[{s: "${s + s}"}]', STRING),
    ("string-unstored", '[{n: "${len(s + s)}"}, {s: "${s + s}"}]', STRING),
    ("list-literal", '[{l: ["${l}", "${l}"]}]', MEMORY),
    ("list-of-strings", '[{l: "${list.concat(l, s)}"}, {s: "${s + \\"0123456789\\"}"}]', MEMORY),
    ("nested-list", '[{l: ["${l}"]}]', DEPTH),
    ("nested-map", '[{m: {m: "${m}"}}]', DEPTH),
    ("map-of-maps", '[{"m[\\"k\\" + i]": "${m}"}]', MEMORY),
    ("json-decoded", '[{s: \'${"[" + s + "," + s + "]"}\'}, {l: "${json.decode(s)}"}]', MEMORY),
    ("json-encoded", '[{s: "${json.encode_to_string([s, s])}"}]', STRING),
    ("json-bytes", '[{l: "${json.encode([s, s, s, s])}"}, {s: "${s + s}"}]', MEMORY),
    ("replaced", '[{s: "${text.replace_all(s, \\"1\\", s)}"}]', STRING),
    ("numbers", '[{n: "${n + 1}"}]', STEPS),
]


@pytest.mark.parametrize(
    ("what", "context_line"),
    [row[1:] for row in GROWING],
    ids=[row[0] for row in GROWING],
)
def test_loop_when_it_grows_something(what: str, context_line: str) -> None:
    """Whatever a loop of a hundred thousand steps makes ends at a limit that cannot be caught."""
    source = f"""
- begin: {{assign: [{{s: "11"}}, {{l: [1]}}, {{m: {{}}}}, {{n: 0}}]}}
- attempt:
    try:
      steps:
        - loop: {{for: {{value: i, range: [1, 1000000], steps: [{{s: {{assign: {what}}}}}]}}}}
    except: {{as: e, steps: [{{caught: {{return: caught}}}}]}}
"""
    tracemalloc.start()
    failure = play(source).outcome.failure
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert failure is not None
    assert context_line == failure.context.splitlines()[0]
    assert peak < PEAK


def test_limits_when_left_alone() -> None:
    """The defaults are Google's (SPEC 7)."""
    limits = RunLimits()

    assert (100_000, 20) == (limits.steps, limits.call_depth)
    assert (512 * 1024, 256 * 1024) == (limits.memory_bytes, limits.string_bytes)
    assert (2 * 1024 * 1024, 32 * 1024) == (limits.result_bytes, limits.argument_bytes)
    assert (2, 20, 100) == (limits.parallel_depth, limits.branches, limits.branch_errors)


def test_result_when_too_large() -> None:
    """A result of more than the limit, as JSON text, fails the execution."""
    source = '- finish: {return: ["0123456789", "0123456789"]}'
    failure = play(source, limits=RunLimits(result_bytes=20)).outcome.failure

    assert failure is not None
    assert failure.context.startswith("ResourceLimitError: Result size limit exceeded")


@pytest.mark.parametrize(("limit", "depth"), [(1, 2), (2, 3)])
def test_nesting_when_beyond_the_limit(limit: int, depth: int) -> None:
    """One parallel step more than allowed within one another is refused, one less is fine."""
    source = "{assign: [{x: 1}]}"
    for level in range(depth):
        source = (
            f"{{parallel: {{for: {{value: v{level}, in: [1], steps: [{{s{level}: {source}}}]}}}}}}"
        )
    allowed = play(f"- s: {source}", limits=RunLimits(parallel_depth=limit + 1))
    refused = play(f"- s: {source}", limits=RunLimits(parallel_depth=limit))

    assert allowed.outcome.failure is None
    assert refused.outcome.failure is not None
    assert f"more than {limit} parallel steps" in refused.outcome.failure.payload


@pytest.mark.parametrize(("limit", "own", "expected"), [(3, 9, 3), (20, 4, 4), (20, 50, 20)])
def test_branches_when_more_than_run_at_once(limit: int, own: int, expected: int) -> None:
    """No more iterations wait at once than the step and the execution allow."""
    source = f"""
- each:
    parallel:
      concurrency_limit: {own}
      for:
        value: v
        range: [1, 60]
        steps: [{{rest: {{call: sys.sleep, args: {{seconds: "${{v}}"}}}}}}]
"""
    machine = Machine.start(program_of(source), None, context(), RunLimits(branches=limit))
    events, now, counts = list[Event](), BEGIN, list[int]()
    while (outcome := machine.advance(inputs(events, now=now))).status is not Status.SUCCEEDED:
        if outcome.status is Status.WAITING:
            counts.append(len(machine.waits))
            events, now = next_events(machine, [], now)
        else:
            events = []

    assert expected == max(counts)
    assert 61 > len(counts) >= 60 - expected


def test_steps_when_the_last_one_ends_a_branch() -> None:
    """The step limit ends an execution at whatever step it is reached."""
    source = (
        "- each: {parallel: {for: {value: v, range: [1, 99], steps: [{s: {assign: [{x: 1}]}}]}}}"
    )
    for steps in range(3, 60):
        failure = play(source, limits=RunLimits(steps=steps)).outcome.failure

        assert failure is not None
        assert failure.context.startswith(STEPS)


def test_branches_when_they_compute_side_by_side() -> None:
    """Branches that never wait take turns within a slice."""
    source = """
- begin: {assign: [{order: []}]}
- both:
    parallel:
      shared: [order]
      branches:
        - long:
            steps:
              - a: {for: {value: i, range: [1, 400], steps: [{nothing: {assign: [{x: 1}]}}]}}
              - b: {assign: [{order: "${list.concat(order, 400)}"}]}
        - short:
            steps:
              - c: {for: {value: i, range: [1, 200], steps: [{less: {assign: [{x: 1}]}}]}}
              - d: {assign: [{order: "${list.concat(order, 200)}"}]}
- finish: {return: "${order}"}
"""
    assert "[200,400]" == play(source, budget=100_000).outcome.result


LOGS = """
- attempt:
    try:
      steps:
        - loop:
            for:
              value: i
              range: [1, 100]
              steps:
                - say: {call: sys.log, args: {data: "0123456789"}}
                - rest: {call: sys.sleep, args: {seconds: 1}}
    except: {as: e, steps: [{caught: {return: caught}}]}
"""


@pytest.mark.parametrize("repack", [False, True])
@pytest.mark.parametrize(("limit", "entries"), [(18 * 5, 5), (18 * 6 - 1, 5), (18 * 100, 100)])
def test_log_when_it_grows_beyond_the_limit(limit: int, entries: int, *, repack: bool) -> None:
    """An execution that logs too much fails, also when it was packed in between."""
    played = play(LOGS, limits=RunLimits(log_bytes=limit), repack=repack)
    failure = played.outcome.failure

    assert entries == sum(isinstance(effect, Log) for effect in played.effects)
    assert (entries == 100) == (failure is None)
    if failure is not None:
        assert failure.context.startswith("ResourceLimitError: Log size limit exceeded")


def test_log_when_one_entry_is_too_large() -> None:
    """What a map becomes as JSON counts, and the entry that is too much is not written."""
    source = '- say: {call: sys.log, args: {json: {a: "0123456789"}}}'
    fits = play(source, limits=RunLimits(log_bytes=26))
    played = play(source, limits=RunLimits(log_bytes=25))

    assert fits.outcome.failure is None
    assert played.outcome.failure is not None
    assert () == played.effects
