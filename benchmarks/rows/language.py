"""How fast definitions compile and run, on one thread; steps and memory counted, positions kept.

What is timed is the processor time of that thread, so that others on the machine matter less.
Loops run beside PyPI's `workflows-emulator` too, which needs an environment of its own: its FastAPI
does not go with our Starlette.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks import definitions
from benchmarks.asking import Asked, BenchmarkError
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure, share
from benchmarks.peers.processes import UnavailableError, environment
from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.connectors import Undescribed
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.effects import Context, Inputs, Status
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.model.names import ExecutionName

_TURNS = 400_000
_PEER_TURNS = 2_000
#: what it does of the same without coming to the end of Python's stack: it calls itself per jump
_PEER_JUMPS = 200
_LIMITS = RunLimits(steps=10**9)
_CONTEXT = Context(
    name=ExecutionName("p", "l", "w", "0192c3a4-1111-7111-8111-111111111111"),
    environment={},
    callback_base_url="http://localhost",
    connectors=Undescribed(),
)
#: steps of a slice, as the engine has them
_SLICE = 1_000
_DEFINITION_BYTES = 100 * 1024
_KILO = 1_000
_PEER = "workflows-emulator"


def language(bench: Bench) -> Iterator[Figure]:
    """Measure loops, compiling, and what grows."""
    peer = _peer_rates()
    loops = (
        ("for over a range, one assign", definitions.loop, 1_500_000),
        ("jump loop: condition, assign, next", definitions.jumps, 1_200_000),
    )
    for number, (what, definition, wanted) in enumerate(loops):
        beside = peer if isinstance(peer, str) else peer[number]
        yield _rate(bench, what, definition(_TURNS), wanted, beside)
    yield from _compiling(bench)
    yield _growth(bench, "a map of 10,000 keys", definitions.filled_map)
    yield _growth(bench, "a list of 10,000 items by list.concat", definitions.filled_list)


def _run(source: str) -> float:
    """Run a definition to its end and return the seconds that it took."""
    program = compile_definition(read_definition(source))
    machine = Machine.start(program, None, _CONTEXT, _LIMITS)
    inputs = Inputs(now=0.0, seed=bytes(16), budget=_SLICE)
    began = time.thread_time()
    while (outcome := machine.advance(inputs)).status is Status.RUNNABLE:
        pass
    if outcome.status is not Status.SUCCEEDED:
        raise BenchmarkError(str(outcome.failure))
    return time.thread_time() - began


def _python(turns: int) -> float:
    """Return the seconds that Python takes for a loop of its own: what machines differ by."""
    began = time.thread_time()
    values: dict[str, int] = {"n": 0}
    for _ in range(turns):
        values["n"] = values["n"] + 1
    return time.thread_time() - began


def _rate(bench: Bench, what: str, source: str, wanted: int, beside: float | str) -> Figure:
    ours: list[float] = []
    pythons: list[float] = []
    for _ in range(bench.options.rounds):
        pythons.append(_TURNS / _python(_TURNS))
        ours.append(_TURNS / _run(source))
    # The best of all: others on the machine can only make it slower.
    rate = max(ours)
    return Figure(
        row="language",
        what=f"{what}, turns",
        value=rate,
        unit="/s",
        beside={"Python": max(pythons), _PEER: beside},
        checks=[Check(what="turns", got=rate, bound=wanted, unit="/s", at_least=True)],
        ratio=share(ours, pythons),
        rounds=ours,
    )


def _compiling(bench: Bench) -> Iterator[Figure]:
    source = definitions.typical(_DEFINITION_BYTES)
    front, back, pythons = list[float](), list[float](), list[float]()
    for _ in range(bench.options.rounds):
        pythons.append(_python(_TURNS) * _KILO)
        began = time.thread_time()
        definition = read_definition(source)
        read = time.thread_time()
        compile_definition(definition)
        front.append((read - began) * _KILO)
        back.append((time.thread_time() - read) * _KILO)
    both = [one + other for one, other in zip(front, back, strict=True)]
    yield Figure(
        row="language",
        what=f"compile {len(source) // 1024} KB",
        value=min(both),
        unit="ms",
        checks=[Check(what="compile", got=min(both), bound=300, unit="ms")],
        ratio=share(pythons, both),
        rounds=both,
    )
    parts = {"reading and checking": front, "making instructions": back}
    for what, rounds in parts.items():
        yield Figure(row="language", what=f"  of it {what}", value=min(rounds), unit="ms")


def _growth(bench: Bench, what: str, definition: Callable[[int], str]) -> Figure:
    def per_item(items: int) -> float:
        source = definition(items)
        return min(_run(source) / items for _ in range(bench.options.rounds))

    times = per_item(10_000) / per_item(1_000)
    return Figure(
        row="language",
        what=f"{what}: time per item, as much as with 1,000",
        value=times,
        unit="x",
        checks=[Check(what="growth", got=times, bound=2, unit="x")],
    )


def _peer_rates() -> list[float] | str:
    """Return how many turns a second the other emulator makes of each loop, or why none."""
    work = ((definitions.loop, _PEER_TURNS), (definitions.jumps, _PEER_JUMPS))
    program = "benchmarks.peers.programs.emulator_program"
    try:
        with Asked(program, python=environment("emulator") / "bin" / "python") as peer:
            return [
                turns / peer.sample("run", definition=make(turns)).seconds for make, turns in work
            ]
    except (UnavailableError, BenchmarkError) as error:
        return f"skipped, {' '.join(str(error).split())[:200]}"
