"""Executions that create executions: who may, how they are told of ends, who ends with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from ringback_server.clock import Clock
from ringback_server.errors import RingbackError
from ringback_server.lang.effects import Children, ChildRequest, Finished, Refused, Wait
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import Execution, ExecutionState, Workflow
from ringback_server.model.uids import uid_text
from ringback_server.store import children as store
from ringback_server.store.children import Gone, Over
from ringback_server.store.ids import new_uid
from ringback_server.store.records import NewChildren, NewExecution
from ringback_server.tracing import Trace

_log = logging.getLogger(__name__)

#: executions that one transaction cancels
_BATCH = 200
_MILLIS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why executions cannot be created: an HTTP status, its name and a sentence."""

    code: int
    status: str
    message: str


class Gate(Protocol):
    """Decides which executions an execution may create."""

    def admit(
        self, account: str, depth: int, requests: Sequence[ChildRequest]
    ) -> Mapping[WorkflowName, Workflow] | Refusal:
        """Return the workflows to be executed, in their latest revisions, or why they cannot be.

        `account` is the e-mail address of the service account that the execution runs as; `depth`
        tells how many executions will wait for the new ones, one for another.
        """
        ...


class Parent(Protocol):
    """An execution, as far as those that it creates are concerned."""

    @property
    def account(self) -> str:
        """The e-mail address of the service account that it runs as."""
        ...

    @property
    def depth(self) -> int:
        """How many executions wait for it, one for another."""
        ...

    @property
    def families(self) -> Mapping[int, Wait]:
        """Its stored waits for executions, by number."""
        ...

    @property
    def new_families(self) -> Sequence[Wait]:
        """Its waits for executions that are to be created."""
        ...

    def expect(self, children: NewChildren) -> None:
        """Create executions with the next commit."""
        ...


class Families:
    """What an engine does about executions that create executions."""

    def __init__(
        self,
        children: store.Children,
        gate: Gate,
        clock: Clock,
        *,
        room: int,
        notify: Callable[[int], None],
        let_go: Callable[[int], None],
    ) -> None:
        """Take the store, what decides, and how many bytes the results of one wait may have.

        `notify` is told the key of an execution whose wait is over, `let_go` of one that was
        cancelled.
        """
        self._children = children
        self._gate = gate
        self._clock = clock
        self._room = room
        self._notify = notify
        self._let_go = let_go

    def prepare(self, parent: Parent, trace: Trace | None) -> list[Refused]:
        """Have the next commit create what an execution asks for; return what is refused."""
        refused: list[Refused] = []
        for wait in parent.new_families:
            asked = wait.children or Children(requests=(), awaited=False)
            depth = parent.depth + 1 if asked.awaited else 0
            admitted = self._gate.admit(parent.account, depth, asked.requests)
            if isinstance(admitted, Refusal):
                event = Refused(wait.number, admitted.code, admitted.status, admitted.message)
                refused.append(event)
                continue
            executions = tuple(
                self._new(one, admitted[one.workflow], depth, trace) for one in asked.requests
            )
            parent.expect(
                NewChildren(number=wait.number, awaited=asked.awaited, executions=executions)
            )
        return refused

    def finished(self, key: int, parent: Parent) -> list[Finished]:
        """Return how those waits of an execution ended that are over."""
        waits = parent.families
        if not waits:
            return []
        over = self._children.over(key, self._room)
        return [_finished(waits[one.wait], one) for one in over if one.wait in waits]

    def ended(self, key: int) -> None:
        """Do what follows from the end of an execution, which is stored."""
        try:
            after = self._children.aftermath(key)
            if after.parent is not None:
                self._notify(after.parent)
            if after.orphans:
                self.cancel_orphans()
        except RingbackError as error:
            _log.warning("what execution %d waited for is cancelled later: %s", key, error)

    def cancel_orphans(self) -> None:
        """Cancel the executions whose parents have ended, and those that they wait for."""
        while self._children.orphans():
            for key in self._children.cancel_orphans(self._clock.now(), _BATCH):
                self._let_go(key)

    def _new(
        self, request: ChildRequest, workflow: Workflow, depth: int, trace: Trace | None
    ) -> NewExecution:
        return NewExecution(
            uid=new_uid(),
            workflow_key=workflow.key,
            revision_key=workflow.revision_key,
            argument=request.argument,
            labels=request.labels,
            call_log_level=request.call_log_level,
            history_level=request.history_level,
            buffered=request.buffered,
            create_time=self._clock.now(),
            trace=None if trace is None else str(trace),
            depth=depth,
        )


def _finished(wait: Wait, over: Over) -> Finished:
    asked = wait.children or Children(requests=(), awaited=False)
    pairs = zip(over.executions, asked.requests, strict=True)
    found = (_gone(e.uid, request) if isinstance(e, Gone) else e for e, request in pairs)
    return Finished(
        over.wait, tuple(found) if asked.awaited else tuple(_as_created(one) for one in found)
    )


def _as_created(execution: Execution) -> Execution:
    """Return what Google's service shows of an execution that was just created."""
    return replace(
        execution,
        state=ExecutionState.ACTIVE,
        result=None,
        failure=None,
        start_time=execution.create_time,
        end_time=None,
        current_steps=(),
        state_detail="",
    )


def _gone(uid: bytes, request: ChildRequest) -> Execution:
    """Return what is known of an execution that was deleted with its workflow."""
    place = request.workflow
    return Execution(
        name=ExecutionName(place.project, place.location, place.workflow, uid_text(uid)),
        state=ExecutionState.CANCELLED,
        argument=request.argument,
        revision_id="",
        create_time=int.from_bytes(uid[:6], "big") / _MILLIS,
        labels=request.labels,
        call_log_level=request.call_log_level,
        history_level=request.history_level,
        buffered=request.buffered,
        key=0,
    )
