"""Runs definitions without a server: a script of events, a clock that jumps to deadlines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.connectors import Undescribed
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.effects import (
    Context,
    Delivered,
    Effect,
    Event,
    Expired,
    Inputs,
    Log,
    Outcome,
    Responded,
    Status,
    Wait,
)
from ringback_server.lang.http_exchange import (
    FailureKind,
    HttpAnswer,
    HttpFailure,
    HttpRequest,
    HttpResponse,
)
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.lang.program import Program
from ringback_server.lang.values import wrap
from ringback_server.model.names import ExecutionName

NAME = ExecutionName("p", "us-central1", "w", "0192c3a4-1111-7111-8111-111111111111")
BEGIN = 1_800_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How an execution ended."""

    outcome: Outcome
    effects: tuple[Effect, ...]
    #: seconds from begin to end by the clock of the play
    seconds: float
    steps: int

    @property
    def logs(self) -> list[Log]:
        """The log entries, in order."""
        return [effect for effect in self.effects if isinstance(effect, Log)]


def context(environment: Mapping[str, str] | None = None) -> Context:
    """Return the context of an execution in tests."""
    return Context(
        name=NAME,
        environment=environment or {},
        callback_base_url="http://ringback.test",
        connectors=Undescribed(),
    )


def program_of(text: str) -> Program:
    """Compile a definition."""
    return compile_definition(read_definition(text))


def inputs(events: Sequence[Event] = (), *, now: float = BEGIN, budget: int = 4_000) -> Inputs:
    """Return inputs of an advance."""
    return Inputs(now=now, seed=bytes(16), events=events, budget=budget)


def play(
    text: str,
    argument: object = None,
    *,
    script: Sequence[object] = (),
    environment: Mapping[str, str] | None = None,
    limits: RunLimits | None = None,
    budget: int = 4_000,
    repack: bool = False,
) -> Played:
    """Run a definition to its end.

    The waits on endpoints take the bodies of `script`, one after the other; "timeout" and every
    wait after the last of them expires. Requests take what `answer_of` makes of it, and after the
    last of them a repetition of themselves. With `repack` the machine is packed after every
    advance, and unpacked for another compilation of the same text.
    """
    limits = limits or RunLimits()
    program, other = program_of(text), program_of(text)
    machine = Machine.start(program, wrap(argument), context(environment), limits)
    bodies, now, effects, events = list(script), BEGIN, list[Effect](), list[Event]()
    for _ in range(1_000_000):
        outcome = machine.advance(inputs(events, now=now, budget=budget))
        effects += outcome.effects
        events = []
        if outcome.status in {Status.SUCCEEDED, Status.FAILED}:
            break
        if repack:
            packed = machine.pack()
            program, other = other, program
            machine = Machine.unpack(program, packed, context(environment), limits)
        if outcome.status is Status.WAITING:
            events, now = next_events(machine, bodies, now)
    else:
        raise AssertionError("the execution does not end")
    return Played(
        outcome=outcome,
        effects=tuple(effects),
        seconds=now - BEGIN,
        steps=machine.steps,
    )


def next_events(machine: Machine, bodies: list[object], now: float) -> tuple[list[Event], float]:
    """Return the event that ends the wait with the nearest deadline, and when it happens.

    A request is answered at once, and before anything else happens. It and a wait on an endpoint
    take the next of `bodies`, if there is one and it is not "timeout".
    """
    for asked in machine.waits.values():
        if asked.request is not None:
            answer = answer_of(bodies.pop(0)) if bodies else echo_of(asked.request)
            return [Responded(asked.number, answer)], now
    wait = min(machine.waits.values(), key=_deadline, default=None)
    if wait is None:
        return [], now
    body = bodies.pop(0) if bodies and wait.endpoint is not None else "timeout"
    if body == "timeout":
        return [Expired(wait.number)], max(now, _deadline(wait))
    return [Delivered(wait.number, wrap({"http_request": {"body": body}}))], now


def answer_of(script: object) -> HttpAnswer:
    """Return the answer that a script means: a kind of failure, or code, headers and JSON or text.

    Without a code it is 200.
    """
    if isinstance(script, str):
        return HttpFailure(kind=FailureKind[script], message="it broke")
    said = cast("dict[str, Any]", script)
    kind, text = "text/plain", said.get("text", "")
    if "json" in said:
        kind, text = "application/json", json.dumps(said["json"])
    headers = {"Content-Type": kind, **said.get("headers", {})}
    return HttpResponse(
        code=said.get("code", 200), headers=tuple(headers.items()), body=text.encode()
    )


def echo_of(request: HttpRequest) -> HttpResponse:
    """Return the answer of a server that says what it was sent."""
    body = None if request.body is None else request.body.decode()
    sent = {"method": request.method, "url": request.url, "body": body}
    said = {**sent, "headers": dict(request.headers)}
    return HttpResponse(
        code=200,
        headers=(("Content-Type", "application/json"),),
        body=json.dumps(said).encode(),
    )


def _deadline(wait: Wait) -> float:
    return float("inf") if wait.deadline is None else wait.deadline
