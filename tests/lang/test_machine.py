"""The machine: budgets, waits, limits, and states that cannot be unpacked."""

from __future__ import annotations

import gc
import zlib

import pytest

from ringback_server.lang.effects import Delivered, Expired, OpenEndpoint, Responded, Status
from ringback_server.lang.http_exchange import FailureKind, HttpFailure
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine, StateError
from ringback_server.lang.program import Program
from ringback_server.lang.strands import State
from ringback_server.lang.values import from_json
from ringback_server.model.names import CallbackName
from ringback_server.model.resources import StepPlace
from tests.lang.playing import BEGIN, NAME, context, inputs, play, program_of

WAITING = """
- open: {call: events.create_callback_endpoint, args: {http_callback_method: PUT}, result: at}
- hold: {call: events.await_callback, args: {callback: "${at}", timeout: 60}, result: r}
- finish: {return: ["${at.url}", "${r}"]}
"""

LOOP = """
- init: {assign: [{n: 0}]}
- check: {switch: [{condition: "${n >= 1000}", next: end}]}
- more: {assign: [{n: "${n + 1}"}], next: check}
"""


def waiting() -> Machine:
    """Return a machine that waits for a callback."""
    machine = Machine.start(program_of(WAITING), None, context())
    outcome = machine.advance(inputs())

    assert outcome.status is Status.WAITING
    assert outcome.effects == (OpenEndpoint(0, "PUT"),)
    assert outcome.current_steps == (StepPlace("main", "hold"),)
    return machine


def test_wait_when_blocked() -> None:
    """A blocked machine shows what it waits for, and how many endpoints it opened."""
    machine = waiting()
    (wait,) = machine.waits.values()

    assert (0, 0, BEGIN + 60) == (wait.number, wait.endpoint, wait.deadline)
    assert machine.endpoints == 1


def test_wait_when_delivered() -> None:
    """The delivered value is the result of the call; the URL is that of the endpoint's name."""
    outcome = waiting().advance(inputs([Delivered(0, "hello")]))

    url = f"http://ringback.test/v1/{CallbackName.of(NAME, 0)}"
    assert outcome.status is Status.SUCCEEDED
    assert from_json(outcome.result or "") == [url, "hello"]
    assert outcome.current_steps == (StepPlace("main", "finish"),)


def test_event_when_its_wait_is_not_open() -> None:
    """Events for waits that are over, or never were, change nothing."""
    machine = waiting()
    before = machine.pack()
    outcome = machine.advance(inputs([Expired(7), Delivered(8, None)]))

    assert outcome.status is Status.WAITING
    assert before == machine.pack()


def test_event_when_the_first_of_two_for_a_wait() -> None:
    """The first event for a wait counts."""
    outcome = waiting().advance(inputs([Delivered(0, 1), Expired(0)]))

    assert outcome.status is Status.SUCCEEDED


def test_advance_when_the_budget_is_used_up() -> None:
    """A machine pauses after its budget of steps, at the next place where it may stop."""
    machine = Machine.start(program_of(LOOP), None, context())
    outcome = machine.advance(inputs(budget=100))

    assert outcome.status is Status.RUNNABLE
    assert 100 <= machine.steps < 110


def test_advance_when_work_is_long() -> None:
    """Long strings use the budget up faster than steps alone."""
    text = '"' + "x" * 100 + '"'
    source = f"""
- init: {{assign: [{{s: ""}}]}}
- check: {{switch: [{{condition: "${{len(s) > 50000}}", next: end}}]}}
- more:
    assign:
      - s: ${{s + {text}}}
    next: check
"""
    machine = Machine.start(program_of(source), None, context())
    machine.advance(inputs(budget=2_000))

    assert machine.steps < 1_500


def test_steps_when_beyond_the_limit() -> None:
    """The step limit ends an execution, and cannot be caught."""
    source = """
- try_it:
    try: {steps: [{again: {next: again}}]}
    except: {as: e, steps: [{caught: {return: caught}}]}
"""
    failure = play(source, limits=RunLimits(steps=50)).outcome.failure

    assert failure is not None
    assert "ResourceLimitError: Step limit exceeded" in failure.payload


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ('[{s: "${s + s}"}]', "String size limit exceeded"),
        ('[{l: "${[l, l, l, l]}"}]', "Memory usage limit exceeded"),
        ('[{m.k: "${m}"}]', "Values nest deeper than 128 levels"),
        ('[{l: "${[l]}"}]', "Values nest deeper than 128 levels"),
        ('[{m: {a: "${m}", b: "${m}"}}]', "Memory usage limit exceeded"),
        ("[{m: '${map.merge(m, [m][0])}'}, {m: {a: '${m}'}}]", "Values nest deeper"),
        ("[{l: '${list.concat(l, l)}'}]", "Memory usage limit exceeded"),
        ("[{s: '${events.create_callback_endpoint()}'}]", "Callback endpoint limit exceeded"),
    ],
)
def test_values_when_they_grow(what: str, message: str) -> None:
    """Whatever grows ends at a limit that cannot be caught, in bounded memory."""
    source = f"""
- init: {{assign: [{{s: xxxxxxxxxxxxxxxx}}, {{l: [1]}}, {{m: {{}}}}]}}
- grow:
    try: {{assign: {what}}}
    except: {{as: e, steps: [{{caught: {{return: caught}}}}]}}
    next: grow
"""
    failure = play(source, limits=RunLimits(endpoints=100)).outcome.failure

    assert failure is not None
    assert f"ResourceLimitError: {message}" in failure.payload


def test_memory_when_beyond_the_limit() -> None:
    """The memory limit is reported as Google does: without a stack."""
    source = '[{a: {assign: [{s: "0123456789"}, {m: ["${s}", "${s}", "${s}"]}]}}]'
    failure = play(source, limits=RunLimits(memory_bytes=60)).outcome.failure

    assert failure is not None
    assert failure.context == "ResourceLimitError: Memory usage limit exceeded"
    assert failure.stack == ()


def test_memory_when_a_routine_ends() -> None:
    """What a routine holds is freed when it returns or fails, and an error when it is handled."""
    source = """
main:
  steps:
    - one: {call: big, args: {fail: false}}
    - two: {try: {call: big, args: {fail: true}}, except: {as: e, steps: [{skip: {next: three}}]}}
    - three: {call: sys.sleep, args: {seconds: 1}}
big:
  params: [fail]
  steps:
    - set: {assign: [{text: "0123456789012345678901234567890123456789"}]}
    - check: {switch: [{condition: "${fail}", raise: x}]}
"""
    machine = Machine.start(program_of(source), None, context())
    machine.advance(inputs())

    assert machine.memory == 0


def test_unpack_when_a_request_is_for_a_private_service() -> None:
    """That it is stays known: nothing may be sent to another after a restart."""
    arguments = "{url: 'https://a.test', private_service_name: projects/p/services/s}"
    program = program_of(f"- ask: {{call: http.get, args: {arguments}}}\n")
    machine = Machine.start(program, None, context())
    machine.advance(inputs())
    again = Machine.unpack(program, machine.pack(), context())
    asked = [wait.request for wait in again.waits.values()]

    assert ["projects/p/services/s"] == [one and one.private_service for one in asked]


def damaged(packed: bytes, at: int) -> bytes:
    """Return a state with one byte changed."""
    return packed[:at] + bytes([packed[at] ^ 0x41]) + packed[at + 1 :]


def test_unpack_when_any_byte_is_damaged() -> None:
    """A damaged state is noticed, wherever the damage is."""
    program, packed = program_of(WAITING), waiting().pack()
    for at in range(len(packed)):
        with pytest.raises(StateError):
            Machine.unpack(program, damaged(packed, at), context())


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 8, 20])
def test_unpack_when_cut_short(cut: int) -> None:
    """A state that was cut short is noticed."""
    with pytest.raises(StateError):
        Machine.unpack(program_of(WAITING), waiting().pack()[:cut], context())


def test_unpack_when_the_content_is_something_else() -> None:
    """A correct checksum does not make a state."""
    content = b"\x81\xa1a\x01"
    packed = b"RBS\x01" + zlib.crc32(content).to_bytes(4, "big") + content
    with pytest.raises(StateError, match="cannot be read"):
        Machine.unpack(program_of(WAITING), packed, context())


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (WAITING.replace("hold:", "held:"), "no place"),
        (WAITING.replace("result: at", "result: b").replace("${at", "${b"), "no variable"),
    ],
)
def test_unpack_when_the_program_is_another(other: str, reason: str) -> None:
    """A state of another program is refused."""
    with pytest.raises(StateError, match=reason):
        Machine.unpack(program_of(other), waiting().pack(), context())


def test_unpack_when_steps_were_added_before() -> None:
    """A state does not depend on how instructions are numbered."""
    other = "- new: {assign: [{x: 1}]}\n- newer: {next: open}" + WAITING
    machine = Machine.unpack(program_of(other), waiting().pack(), context())

    assert machine.advance(inputs([Delivered(0, 1)])).status is Status.SUCCEEDED


def test_machine_when_it_is_dropped() -> None:
    """A machine leaves memory at once, without waiting for the garbage collector."""
    source = """
- attempt:
    try:
      steps:
        - open: {call: events.create_callback_endpoint, result: at}
        - hold: {call: events.await_callback, args: {callback: "${at}"}, result: r}
    retry: {predicate: "${retry.always}", max_retries: 1}
    except: {as: e, steps: [{again: {raise: "${e}"}}]}
"""
    program = program_of(source)
    gc.collect()
    gc.disable()
    try:
        before = instances()
        run_and_drop(program)

        assert before == instances()
    finally:
        gc.enable()


def run_and_drop(program: Program) -> None:
    """Let two awaits of a machine expire, and forget it."""
    machine = Machine.start(program, None, context())
    machine.advance(inputs())
    machine.advance(inputs([Expired(0)]))
    machine.advance(inputs([Expired(1)]))
    outcome = machine.advance(inputs([Expired(2)]))

    assert outcome.status is Status.FAILED


def instances() -> int:
    """Count the machines' states in memory."""
    return sum(isinstance(item, State) for item in gc.get_objects())


def test_branch_when_the_program_has_no_such_one() -> None:
    """A state with branches fits a program in which they are."""
    step = "{{nap: {{call: sys.sleep, args: {{seconds: 1}}}}}}, {{{name}: {{assign: [{{x: 1}}]}}}}"
    branches = [f"{{b{name}: {{steps: [{step.format(name=name)}]}}}}" for name in "abc"]
    branches = [text.replace("nap", f"nap_{place}") for place, text in enumerate(branches)]
    source = "- wide: {{parallel: {{branches: [{}]}}}}"
    three, two = (program_of(source.format(", ".join(branches[:count]))) for count in (3, 2))
    machine = Machine.start(three, None, context())
    machine.advance(inputs())

    assert 3 == len(Machine.unpack(three, machine.pack(), context()).waits)
    with pytest.raises(StateError, match="no branch"):
        Machine.unpack(two, machine.pack(), context())


def test_current_steps_when_branches_and_subworkflows_run() -> None:
    """They are the parallel step, and of each branch the innermost step, in its own routine."""
    source = """
main:
  steps:
    - both:
        parallel:
          branches:
            - left: {steps: [{call_it: {call: inner}}]}
            - right: {steps: [{nap: {call: sys.sleep, args: {seconds: 9}}}]}
    - after: {call: inner}
inner:
  steps:
    - deeper: {call: innermost}
innermost:
  steps:
    - hold: {call: sys.sleep, args: {seconds: 5}}
"""
    machine = Machine.start(program_of(source), None, context())
    branches = machine.advance(inputs()).current_steps
    machine.advance(inputs([Expired(number) for number in machine.waits]))
    called = machine.advance(inputs()).current_steps

    both = StepPlace("main", "both")
    assert (both, StepPlace("innermost", "hold"), StepPlace("main", "nap")) == branches
    assert (StepPlace("innermost", "hold"),) == called


def test_pack_when_many_branches_go_on_at_once() -> None:
    """Those that have had no turn in the slice are packed where they are, and lose nothing."""
    source = """
main:
  steps:
    - init: {assign: [sum: 0]}
    - all:
        parallel:
          shared: [sum]
          for:
            value: v
            range: [1, 20]
            steps:
              - nap: {call: sys.sleep, args: {seconds: 1}}
              - work:
                  for:
                    value: w
                    range: [1, 300]
                    steps: [{add: {assign: [sum: "${sum + 1}"]}}]
    - finish: {return: "${sum}"}
"""
    program = program_of(source)
    machine = Machine.start(program, None, context())
    machine.advance(inputs())
    outcome = machine.advance(inputs([Expired(n) for n in machine.waits], budget=1_000))
    slices = 0
    while outcome.status is Status.RUNNABLE:
        machine = Machine.unpack(program, machine.pack(), context())
        outcome = machine.advance(inputs(budget=1_000))
        slices += 1

    assert slices > 0
    assert "6000" == outcome.result


def test_pack_when_many_calls_fail_at_once() -> None:
    """The same holds for errors that branches catch."""
    source = """
main:
  steps:
    - all:
        parallel:
          for:
            value: v
            range: [1, 20]
            steps:
              - get:
                  try: {call: http.get, args: {url: "http://x"}}
                  except:
                    as: e
                    steps:
                      - work: {for: {value: w, range: [1, 200], steps: [{a: {assign: [x: 1]}}]}}
"""
    program = program_of(source)
    machine = Machine.start(program, None, context())
    machine.advance(inputs())
    failed = HttpFailure(kind=FailureKind.CONNECTION_FAILED, message="refused")
    outcome = machine.advance(inputs([Responded(n, failed) for n in machine.waits], budget=1_000))
    while outcome.status is Status.RUNNABLE:
        machine = Machine.unpack(program, machine.pack(), context())
        outcome = machine.advance(inputs(budget=1_000))

    assert Status.SUCCEEDED is outcome.status
