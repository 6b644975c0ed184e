"""How fast definitions compile and run, on one thread, beside PyPI's `workflows-emulator`.

    python -m benchmarks.interpreter [--peer PYTHON]

PYTHON is an interpreter that has `workflows-emulator`; it needs an environment of its own, for its
FastAPI does not go with our Starlette. Steps and memory are counted and positions kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import definitions
from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.effects import Context, Inputs, Status
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.model.names import ExecutionName

_TURNS = 400_000
_PEER_TURNS = 2_000
_ROUNDS = 5
_LIMITS = RunLimits(steps=10**9)
_CONTEXT = Context(
    name=ExecutionName("p", "l", "w", "0192c3a4-1111-7111-8111-111111111111"),
    environment={},
    callback_base_url="http://localhost",
)
#: steps of a slice, as the engine has them
_SLICE = 1_000
_DEFINITION_BYTES = 100 * 1024
_KILO = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table; figures as text."""

    what: str
    measured: str
    wanted: str
    met: bool
    peer: str = ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", type=Path, help="a Python that has workflows-emulator")
    peer: Path | None = parser.parse_args().peer
    loop_peer, jump_peer = _peer_rates(peer)
    rows = [
        _rate("for over a range, one assign", definitions.loop, 1_500_000, loop_peer),
        _rate("jump loop: condition, assign, next", definitions.jumps, 1_200_000, jump_peer),
        *_compiling(),
        _growth("a map of 10,000 keys", definitions.filled_map),
        _growth("a list of 10,000 items by list.concat", definitions.filled_list),
    ]
    for row in rows:
        verdict = "met" if row.met else "MISSED"
        print(f"{row.what:42} {row.measured:>22}   {row.wanted:22} {verdict:8} {row.peer}")
    if not loop_peer:
        print("workflows-emulator was skipped: no --peer was given, or it does not run")


def _run(source: str) -> float:
    """Run a definition to its end and return the seconds that it took."""
    program = compile_definition(read_definition(source))
    machine = Machine.start(program, None, _CONTEXT, _LIMITS)
    inputs = Inputs(now=0.0, seed=bytes(16), budget=_SLICE)
    began = time.perf_counter()
    while (outcome := machine.advance(inputs)).status is Status.RUNNABLE:
        pass
    if outcome.status is not Status.SUCCEEDED:
        raise RuntimeError(outcome.failure)
    return time.perf_counter() - began


def _rate(what: str, definition: Callable[[int], str], wanted: int, peer: str) -> Row:
    rate = _TURNS / min(_run(definition(_TURNS)) for _ in range(_ROUNDS))
    return Row(
        what=what,
        measured=f"{rate:,.0f} turns/s",
        wanted=f">= {wanted:,} turns/s",
        met=rate >= wanted,
        peer=peer,
    )


def _compiling() -> Sequence[Row]:
    source = definitions.typical(_DEFINITION_BYTES)
    front, back = list[float](), list[float]()
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        definition = read_definition(source)
        read = time.perf_counter()
        compile_definition(definition)
        front.append((read - began) * _KILO)
        back.append((time.perf_counter() - read) * _KILO)
    both = min(one + other for one, other in zip(front, back, strict=True))
    size = f"compile {len(source) // 1024} KB"
    return [
        Row(what=size, measured=f"{both:.0f} ms", wanted="<= 300 ms", met=both <= 300),
        Row(what="  reading and checking", measured=f"{min(front):.0f} ms", wanted="", met=True),
        Row(what="  instructions", measured=f"{min(back):.0f} ms", wanted="", met=True),
    ]


def _growth(what: str, definition: Callable[[int], str]) -> Row:
    few, many = (
        min(_run(definition(items)) / items for _ in range(_ROUNDS)) for items in (1_000, 10_000)
    )
    times = many / few
    return Row(
        what=what,
        measured=f"{times:.2f} x per item",
        wanted="<= 2 x that of 1,000",
        met=times <= 2,
    )


def _peer_rates(python: Path | None) -> tuple[str, str]:
    """Return what the other emulator does of the same loops; nothing if it does not run."""
    if python is None:
        return "", ""
    work = [(make(_PEER_TURNS), _PEER_TURNS) for make in (definitions.loop, _short_jumps)]
    done = subprocess.run(
        [str(python), str(Path(__file__).parent / "peer.py")],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1:])
        return "", ""
    loop, jumps = json.loads(done.stdout.splitlines()[-1])
    return f"workflows-emulator: {loop:,.0f}/s", f"workflows-emulator: {jumps / 10:,.0f}/s"


def _short_jumps(turns: int) -> str:
    # it calls itself for each jump, and comes to the end of Python's stack with many
    return definitions.jumps(turns // 10)


if __name__ == "__main__":
    main()
