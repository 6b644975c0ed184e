"""Which steps are recorded, and what of each."""

from __future__ import annotations

import json

import pytest

from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.lang.values import wrap
from ringback_server.model.steps import ProgressType, StepState, StepType
from tests.lang.playing import BEGIN, context, inputs, play, program_of
from tests.lang.recording import BASIC, DETAILED, record, recording_program
from tests.lang.test_cases import LIMITS, Case, cases

LOOP = """
main:
  steps:
    - first: {assign: [sum: 0]}
    - loop:
        for:
          value: v
          range: [1, 3]
          steps:
            - pick:
                switch:
                  - condition: ${v == 2}
                    next: continue
                  - condition: ${v == 3}
                    steps:
                      - inner: {assign: [sum: '${sum + 1}']}
                    next: break
            - add: {call: twice, args: {n: '${v}'}, result: sum}
    - skip: {next: last}
    - never: {assign: [sum: 1]}
    - last: {return: '${sum}'}
twice:
  params: [n]
  steps:
    - double: {return: '${n * 2}'}
"""
RETRY = """
main:
  steps:
    - fetch:
        try: {call: http.get, args: {url: 'http://x'}}
        retry: {predicate: '${http.default_retry_predicate}', max_retries: 2}
        except:
          as: e
          steps:
            - settle: {assign: [code: '${e.code}']}
"""
BRANCHES = """
main:
  steps:
    - both:
        parallel:
          branches:
            - left: {steps: [{a: {assign: [y: 1]}}, {b: {call: sys.sleep, args: {seconds: 2}}}]}
            - right: {steps: [{c: {call: many}}]}
    - block: {steps: [{d: {assign: [z: 1]}}]}
many:
  steps:
    - all:
        parallel:
          for:
            value: v
            in: [5, 6]
            steps:
              - odd: {switch: [{condition: '${v == 5}', next: continue}]}
              - e: {call: sys.sleep, args: {seconds: 1}}
    - break_it: {raise: oh}
"""


@pytest.mark.parametrize("repack", [False, True], ids=["in-memory", "packed"])
def test_entries_when_there_are_loops_switches_and_calls(*, repack: bool) -> None:
    """Iterations, conditions that held and steps of subworkflows are inside of their step."""
    found = record(LOOP, budget=1, repack=repack)

    assert [
        "first ASSIGN",
        "loop FOR",
        "  loop FOR_ITERATION #1",
        "    pick SWITCH",
        "    add SUBWORKFLOW_CALL",
        "      double RETURN",
        "  loop FOR_ITERATION #2",
        "    pick SWITCH",
        "      pick CONDITION #1",
        "  loop FOR_ITERATION #3",
        "    pick SWITCH",
        "      pick CONDITION #2",
        "        inner ASSIGN",
        "skip GOTO",
        "last RETURN",
    ] == found.lines()


@pytest.mark.parametrize("repack", [False, True], ids=["in-memory", "packed"])
def test_entries_when_a_step_is_tried_again(*, repack: bool) -> None:
    """Each attempt is an entry, and so is what follows it; only failed ones are FAILED."""
    found = record(RETRY, script=[{"code": 503}, {"code": 503}, {"code": 503}], repack=repack)

    assert [
        "fetch TRY_RETRY_EXCEPT",
        "  fetch TRY #1 FAILED",
        "    fetch STD_LIB_CALL FAILED",
        "  fetch RETRY #1",
        "  fetch TRY #2 FAILED",
        "    fetch STD_LIB_CALL FAILED",
        "  fetch RETRY #2",
        "  fetch TRY #3 FAILED",
        "    fetch STD_LIB_CALL FAILED",
        "  fetch RETRY #3",
        "  fetch EXCEPT",
        "    settle ASSIGN",
    ] == found.lines()


@pytest.mark.parametrize("repack", [False, True], ids=["in-memory", "packed"])
def test_entries_when_branches_run(*, repack: bool) -> None:
    """Branches and iterations are entries with a thread each; an error fails what it leaves."""
    found = record(BRANCHES, repack=repack)
    threads = {(begun.step, begun.type): begun.thread for begun in found.history.begun}

    assert [
        "both PARALLEL_BRANCH FAILED",
        "  left PARALLEL_BRANCH_ENTRY #1",
        "    a ASSIGN",
        "    b STD_LIB_CALL",
        "  right PARALLEL_BRANCH_ENTRY #2 FAILED",
        "    c SUBWORKFLOW_CALL FAILED",
        "      all PARALLEL_FOR",
        "        all FOR_ITERATION #1",
        "          odd SWITCH",
        "            odd CONDITION #1",
        "        all FOR_ITERATION #2",
        "          odd SWITCH",
        "          e STD_LIB_CALL",
        "      break_it RAISE FAILED",
    ] == found.lines()
    assert 0 == threads["both", StepType.STEP_PARALLEL_BRANCH]
    assert (
        threads["left", StepType.STEP_PARALLEL_BRANCH_ENTRY] == threads["a", StepType.STEP_ASSIGN]
    )
    assert 4 == len({thread for thread in threads.values() if thread})


def test_exception_when_an_error_goes_by() -> None:
    """The innermost step has the error, and what it goes by has it from there."""
    found = record(BRANCHES)
    told = [
        (begun.step, json.loads(found.ends[begun.id].exception or "null"))
        for begun in found.history.begun
        if found.ends[begun.id].exception
    ]

    assert ["both", "break_it"] == [step for step, _ in told]
    assert "oh" == dict(told)["break_it"]
    assert "UnhandledBranchError" in dict(told)["both"]["tags"]


def test_progress_when_there_is_one() -> None:
    """What a number counts is said; of how many only in detail."""
    found = record(LOOP, level=DETAILED).history.begun
    counted = {b.type: (b.progress, b.expected) for b in found if b.number}

    assert {
        StepType.STEP_FOR_ITERATION: (ProgressType.PROGRESS_TYPE_FOR, 3),
        StepType.STEP_CONDITION: (ProgressType.PROGRESS_TYPE_SWITCH, 2),
    } == counted
    assert {0} == {begun.expected for begun in record(LOOP).history.begun}


def test_times_when_a_step_waits() -> None:
    """An entry begins and ends with the advances in which its step does."""
    found = record(
        "main: {steps: [{nap: {call: sys.sleep, args: {seconds: 30}}}, {r: {return: 1}}]}"
    )

    assert [(BEGIN, BEGIN + 30), (BEGIN + 30, BEGIN + 30)] == [
        (begun.time, found.ends[begun.id].time) for begun in found.history.begun
    ]


def test_entries_when_the_execution_waits() -> None:
    """What has not ended is open, and ends in a later advance."""
    machine = Machine.start(recording_program(RETRY), None, context(), history=BASIC)
    history = machine.advance(inputs()).history

    assert history is not None
    assert [1, 2, 3] == [begun.id for begun in history.begun]
    assert () == history.ended


VARIABLES = """
main:
  params: [given]
  steps:
    - long:
        assign:
          - big: '${text.replace_all_regex("aaaaaaaaaa", "a", given.b)}'
          - f: '${text.encode("x")}'
    - loop: {for: {value: v, in: [1, 2], steps: [{keep: {assign: [kept: '${v}']}}]}}
    - gone: {assign: [given: null]}
"""


def test_variables_when_wanted() -> None:
    """In detail an entry has what is in scope as it ends; what is large, or no JSON, is named."""
    found = record(VARIABLES, {"b": "b" * 1_000}, level=DETAILED)
    by_step = {b.step: found.ends[b.id] for b in found.history.begun}
    kept = dict(by_step["keep"].variables or ())

    assert {"given", "kept", "v"} == kept.keys()
    assert ("2", "2") == (kept["v"], kept["kept"])
    assert ("big", "f") == by_step["keep"].omitted
    assert () == by_step["gone"].variables
    assert {None} == {end.variables for end in record(LOOP).history.ended}


def test_variables_when_there_were_many() -> None:
    """An execution records no more of them than its limit."""
    found = record(VARIABLES, {"b": "b"}, level=DETAILED, limits=RunLimits(history_bytes=0))

    assert {()} == {end.variables for end in found.history.ended}


@pytest.mark.parametrize("repack", [False, True], ids=["in-memory", "packed"])
def test_entries_when_there_are_too_many(*, repack: bool) -> None:
    """The first ones are recorded, and end; the others are counted."""
    limits = RunLimits(history_entries=4)
    found = record(LOOP, limits=limits, budget=1, repack=repack)

    assert 4 == len(found.history.begun)
    assert {1, 2, 3, 4} == found.ends.keys()
    assert 11 == found.history.unrecorded


def test_states_when_everything_ends_at_once() -> None:
    """An error that cannot be caught fails what is open in the branch and around it."""
    text = """
    main:
      steps:
        - p:
            parallel:
              branches:
                - a:
                    steps:
                      - s: {for: {value: v, range: [1, 999], steps: [{x: {assign: [y: 1]}}]}}
                - b: {steps: [{t: {call: sys.sleep, args: {seconds: 9}}}]}
    """
    found = record(text, limits=RunLimits(steps=200))
    failed = [
        begun.type
        for begun in found.history.begun
        if begun.id in found.ends and found.ends[begun.id].state is StepState.STATE_FAILED
    ]

    assert [
        StepType.STEP_PARALLEL_BRANCH,
        StepType.STEP_PARALLEL_BRANCH_ENTRY,
        StepType.STEP_FOR,
    ] == failed
    assert ["  b PARALLEL_BRANCH_ENTRY #2 open", "    t STD_LIB_CALL open"] == found.lines()[-2:]


def test_outcome_when_no_history_is_wanted() -> None:
    """Nothing is recorded, and the packed state is no larger, whatever build runs."""
    machine = Machine.start(program_of(RETRY), None, context())
    recording = Machine.start(recording_program(RETRY), None, context())

    assert machine.advance(inputs()).history is None
    assert recording.advance(inputs()).history is None
    assert machine.pack() == recording.pack()
    assert not Machine.is_recording(machine.pack())


def test_state_when_history_is_recorded() -> None:
    """A packed state tells that it takes the recording build."""
    machine = Machine.start(recording_program(RETRY), wrap(None), context(), history=DETAILED)
    machine.advance(inputs())

    assert Machine.is_recording(machine.pack())


@pytest.mark.parametrize("case", cases())
def test_outcome_when_history_is_recorded(case: Case) -> None:
    """Recording does not change what comes of a workflow, nor how many steps it counts.

    But for jumps behind a call that fails: these count as soon as the call begins, or not at all.
    """
    if case.env:
        pytest.skip("the recorder's runs have no environment")
    plain = play(case.source, case.argument, script=case.script, limits=LIMITS)
    found = record(case.source, case.argument, script=case.script, level=DETAILED, limits=LIMITS)

    assert plain.outcome.result == found.outcome.result
    assert plain.outcome.failure == found.outcome.failure
    assert plain.steps - 4 <= found.steps <= plain.steps
    assert {b.id for b in found.history.begun} >= found.ends.keys()
    if "parallel" not in case.source:
        again = record(
            case.source,
            case.argument,
            script=case.script,
            level=DETAILED,
            limits=LIMITS,
            budget=1,
            repack=True,
        )
        assert found.history.begun == again.history.begun
        assert found.history.ended == again.history.ended
