"""The engine: starts executions, drives them on a bounded pool of threads, stops cleanly."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ringback_server.clock import Clock
from ringback_server.engine.ends import Ends
from ringback_server.engine.families import Families
from ringback_server.engine.observer import Hands, Watch
from ringback_server.engine.outgoing import Network, Outgoing
from ringback_server.engine.programs import Programs, Told
from ringback_server.engine.run import Run
from ringback_server.engine.runner import Runner, Surroundings
from ringback_server.engine.scheduler import Scheduler
from ringback_server.engine.timers import Timers
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import (
    CallLogLevel,
    Execution,
    ExecutionState,
    HistoryLevel,
    Workflow,
)
from ringback_server.store import Store
from ringback_server.store.ids import new_uid
from ringback_server.store.records import Advance, Delivery, NewExecution, Overtaken
from ringback_server.tracing import current

#: bytes of JSON text that no more than one accounted byte of a value can come from
_TEXT_PER_VALUE = 8


class Engine:
    """Starts executions, and drives them on its own threads (ARCHITECTURE.md, "The engine")."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        threads: int,
        park_after: float,
        told: Told,
        network: Network,
        watch: Watch | None = None,
    ) -> None:
        """Take the store, the way to others and the settings; nothing runs until `start`.

        `park_after` is in seconds; `told` is what executions are told; `watch` looks on.
        """
        self._store = store
        self._clock = clock
        self._ends = Ends(clock)
        self._scheduler = Scheduler[Run](clock)
        self._families = Families(
            store.children,
            told.gate,
            clock,
            room=_TEXT_PER_VALUE * told.limits.memory_bytes,
            notify=self._scheduler.notify,
            let_go=self._let_go,
        )
        self._timers = Timers(
            store.executions, self._scheduler, clock, chore=self._families.cancel_orphans
        )
        watch = watch or Watch()
        self._outgoing = Outgoing(network, clock, self._scheduler.notify, watch.observer)
        self._programs = Programs(store.workflows, told)
        self._around = Surroundings(
            executions=store.executions,
            programs=self._programs,
            scheduler=self._scheduler,
            outgoing=self._outgoing,
            families=self._families,
            clock=clock,
            compute=threading.Lock(),
            park_after=park_after,
            on_parked=self._timers.expect,
            on_ended=self._announce,
            watch=watch,
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"ringback-worker-{number}", daemon=True)
            for number in range(threads)
        ]

    def __repr__(self) -> str:
        """Show what is in hand."""
        return f"<Engine {self._scheduler!r} {self._outgoing!r} {self._timers!r} {self._ends!r}>"

    @property
    def hands(self) -> Hands:
        """How many executions and threads are in which state."""
        return replace(self._scheduler.hands(), requests=self._outgoing.unanswered)

    def start(self) -> None:
        """Start the threads; executions left over by an earlier process are taken up."""
        for thread in self._threads:
            thread.start()
        self._timers.start()

    def drain(self, seconds: float) -> None:
        """Wait for the answers to requests, at most `seconds`; no more are sent."""
        self._outgoing.drain(seconds)

    def close(self, seconds: float) -> None:
        """Let go of everything within `seconds`; may be called twice.

        Blocked executions are let go of at once, others after their slice; the store has them.
        """
        self._timers.close()
        self._scheduler.close()
        self._ends.close()
        until = self._clock.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - self._clock.monotonic()))

    def create(
        self,
        workflow: Workflow,
        *,
        argument: str,
        labels: Mapping[str, str],
        call_log_level: CallLogLevel,
        history_level: HistoryLevel,
    ) -> Execution:
        """Start an execution: its first slice and its creation are one transaction.

        `argument` is JSON text. Raises NotFoundError if the workflow was deleted meanwhile; an
        execution that fails at once is created as FAILED.
        """
        trace = current().trace
        new = NewExecution(
            uid=new_uid(),
            workflow_key=workflow.key,
            revision_key=workflow.revision_key,
            argument=argument,
            labels=labels,
            call_log_level=call_log_level,
            history_level=history_level,
            create_time=self._clock.now(),
            trace=None if trace is None else str(trace),
        )
        name = _name(workflow.name, new.uid)
        run = Run.begin(self._programs.of(workflow), name, argument, self._clock, trace)
        run.advance((), new.create_time)
        if self._families.prepare(run, trace):
            return self._queued(name, workflow, new)
        advance = run.gathered()
        try:
            key, committed = self._store.executions.create(new, advance)
        except Overtaken:
            return self._queued(name, workflow, new)
        run.created()
        self._settle(key, run, committed.children)
        return _created(key, name, workflow, new, advance)

    def delivered(self, key: int, delivery: Delivery | None) -> None:
        """Go on with an execution whose wait was given a payload, as the store just said."""
        if delivery is not None:
            self._scheduler.deliver(key, delivery)

    def ended(self, key: int) -> None:
        """Let go of an execution that was cancelled or deleted, as the store just said.

        Those that it waited for are cancelled on return, unless the store cannot do so now.
        """
        self._let_go(key)
        self._families.ended(key)

    def wait_ended(self, name: ExecutionName, key: int, timeout: float) -> None:
        """Block until the execution has ended or `timeout` seconds have passed."""

        def has_ended() -> bool:
            return self._store.executions.get(name).state.ended

        self._ends.wait(key, timeout, has_ended)

    def _queued(self, name: ExecutionName, workflow: Workflow, new: NewExecution) -> Execution:
        """Store an execution without its first slice, which has to be made again by a thread."""
        key, _ = self._store.executions.create(new, None)
        self._scheduler.offer(key)
        return _created(key, name, workflow, new, None)

    def _announce(self, key: int) -> None:
        """Tell whoever waits for an execution that it has ended."""
        self._ends.announce(key)
        self._families.ended(key)

    def _let_go(self, key: int) -> None:
        self._scheduler.cancel(key)
        self._outgoing.drop(key)
        self._ends.announce(key)

    def _settle(self, key: int, run: Run, children: Sequence[int]) -> None:
        """Decide where a fresh execution goes: to a thread that blocks, the queue, or rest."""
        for child in children:
            self._scheduler.offer(child)
        created_only = any(w.children and not w.children.awaited for w in run.families.values())
        if run.ended:
            self._ends.announce(key)
        elif not run.waiting or created_only:
            self._scheduler.offer(key)
        elif self._scheduler.keep(key, run):
            return
        elif run.requests:
            # They are sent by whoever has the execution in hand.
            self._scheduler.offer(key)
        elif run.nearest_deadline is not None:
            self._timers.expect(run.nearest_deadline)

    def _work(self) -> None:
        while (ticket := self._scheduler.take()) is not None:
            Runner(ticket, self._around).drive()


def _name(parent: WorkflowName, uid: bytes) -> ExecutionName:
    ids = (parent.project, parent.location, parent.workflow)
    return ExecutionName(*ids, str(UUID(bytes=uid)))


def _created(
    key: int,
    name: ExecutionName,
    workflow: Workflow,
    new: NewExecution,
    advance: Advance | None,
) -> Execution:
    """Return the execution as its creation stored it; it is queued without an advance."""
    end = None if advance is None else advance.end
    begun = ExecutionState.QUEUED if advance is None else ExecutionState.ACTIVE
    return Execution(
        name=name,
        state=begun if end is None else end.state,
        argument=new.argument,
        result=None if end is None else end.result,
        failure=None if end is None else end.failure,
        revision_id=workflow.revision_id,
        create_time=new.create_time,
        start_time=None if advance is None else new.create_time,
        end_time=None if end is None else end.time,
        labels=new.labels,
        call_log_level=new.call_log_level,
        history_level=new.history_level,
        current_steps=() if advance is None else advance.current_steps,
        key=key,
    )
