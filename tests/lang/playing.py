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
    Children,
    ChildRequest,
    Context,
    Delivered,
    Effect,
    Event,
    Expired,
    Finished,
    Inputs,
    Log,
    Outcome,
    Refused,
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
from ringback_server.model.resources import Execution, ExecutionState, Failure

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
    last of them a repetition of themselves; executions what `end_of` makes of it, and after the
    last of them their argument. With `repack` the machine is packed after every
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

    A request is answered at once, and before anything else happens; executions end at once. They
    and a wait on an endpoint take the next of `bodies`, if there is one and it is not "timeout".
    """
    for asked in machine.waits.values():
        if asked.request is not None:
            answer = answer_of(bodies.pop(0)) if bodies else echo_of(asked.request)
            return [Responded(asked.number, answer)], now
        if asked.children is not None and "timeout" not in bodies[:1]:
            return [end_of(asked.number, asked.children, bodies)], now
    wait = min(machine.waits.values(), key=_deadline, default=None)
    if wait is None:
        return [], now
    if wait.children is not None:
        bodies.pop(0)
        return [Expired(wait.number)], max(now, _deadline(wait))
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


def end_of(wait: int, children: Children, bodies: list[object]) -> Event:
    """Return how executions end: each takes a script, which is a part of an Execution, or echoes.

    A script with a `code` refuses them all.
    """
    executions: list[Execution] = []
    for number, asked in enumerate(children.requests):
        echo: object = {"result": asked.argument}
        said = cast("dict[str, Any]", bodies.pop(0) if bodies else echo)
        if "code" in said:
            return Refused(wait, **said)
        executions.append(_child(asked, number, children, said))
    return Finished(wait, tuple(executions))


def _child(asked: ChildRequest, number: int, children: Children, said: dict[str, Any]) -> Execution:
    workflow = asked.workflow
    ids = (workflow.project, workflow.location, workflow.workflow)
    state = ExecutionState(said.get("state", "SUCCEEDED") if children.awaited else "ACTIVE")
    failure = said.get("payload")
    return Execution(
        name=ExecutionName(*ids, f"0192c3a4-2222-7222-8222-{number:012}"),
        state=state,
        argument=asked.argument,
        result=said.get("result") if children.awaited else None,
        failure=None if failure is None else Failure(payload=failure, context="it failed"),
        revision_id="000001-abc",
        create_time=BEGIN,
        start_time=BEGIN,
        end_time=BEGIN + 1.5 if children.awaited else None,
        labels=asked.labels,
        call_log_level=asked.call_log_level,
        history_level=asked.history_level,
        key=number + 1,
    )


def _deadline(wait: Wait) -> float:
    return float("inf") if wait.deadline is None else wait.deadline
