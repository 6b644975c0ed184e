"""The engine: starts executions, drives them on a bounded pool of threads, stops cleanly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from ringback_server.clock import Clock
from ringback_server.engine.backlog import Backlog
from ringback_server.engine.beginnings import Beginning, Beginnings
from ringback_server.engine.changes import Changes, Notice
from ringback_server.engine.changes import Told as ToldChanges
from ringback_server.engine.families import Families
from ringback_server.engine.observer import Hands, Watch
from ringback_server.engine.outgoing import Network, Outgoing
from ringback_server.engine.programs import Programs, Told
from ringback_server.engine.resumptions import Resumptions
from ringback_server.engine.run import Run
from ringback_server.engine.runner import Runner, Surroundings
from ringback_server.engine.scheduler import Pool, Scheduler
from ringback_server.engine.timers import Timers
from ringback_server.engine.turns import Turns
from ringback_server.errors import QuotaExceededError, RingbackError
from ringback_server.model.creations import Created, Creation
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import SentCallback
from ringback_server.store import Store
from ringback_server.store.callbacks import SendRequest
from ringback_server.store.creations import Known, Outcome
from ringback_server.store.records import Delivery

#: bytes of JSON text that no more than one accounted byte of a value can come from
_TEXT_PER_VALUE = 8
#: executions at rest are left there while as many of their workflow are in hand: each takes 2 KB
_MOST_IN_HAND = 10_000


class Engine:
    """Starts executions, and drives them on its own threads (ARCHITECTURE.md, "The engine")."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        pool: Pool,
        told: Told,
        network: Network,
        watch: Watch | None = None,
    ) -> None:
        """Take the store, the way to others and the settings; nothing runs until `start`.

        `told` is what executions are told; `watch` looks on.
        """
        self._store = store
        self._clock = clock
        self._changes = Changes(clock)
        self._callback_base_url = told.callback_base_url
        self._scheduler = Scheduler[Run](clock, pool)
        self._backlog = Backlog(store.executions, self._scheduler)
        self._families = Families(
            store.children,
            told.gate,
            clock,
            room=_TEXT_PER_VALUE * told.limits.memory_bytes,
            notify=self._wake,
            let_go=self._let_go,
        )
        self._timers = Timers(store.executions, self, clock, chore=self._chore)
        watch = watch or Watch()
        self._outgoing = Outgoing(network, clock, self._wake, watch.observer)
        programs = Programs(store.workflows, told)
        self._beginnings = Beginnings(programs, self._families, clock, max_queued=pool.queued)
        self._around = Surroundings(
            executions=store.executions,
            programs=programs,
            scheduler=self._scheduler,
            outgoing=self._outgoing,
            families=self._families,
            backlog=self._backlog,
            clock=clock,
            turns=Turns(),
            brief_turns=Turns(),
            park_after=pool.park_after,
            on_parked=self._timers.expect,
            on_changed=self._changes.announce,
            watch=watch,
        )
        self._resumptions = Resumptions(store.callbacks, self._around)
        self._threads = [
            threading.Thread(target=self._work, name=f"ringback-worker-{number}", daemon=True)
            for number in range(pool.threads)
        ]

    def __repr__(self) -> str:
        """Show what is in hand."""
        return f"<Engine {self._scheduler!r} {self._outgoing!r} {self._timers!r} {self._changes!r}>"

    @property
    def hands(self) -> Hands:
        """How many executions and threads are in which state."""
        return replace(self._scheduler.hands(), requests=self._outgoing.unanswered)

    @property
    def callback_base_url(self) -> str:
        """What callback URLs begin with."""
        return self._callback_base_url

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
        self._changes.close()
        until = self._clock.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - self._clock.monotonic()))

    def create(self, creation: Creation) -> Created:
        """Start an execution: its first slice and its creation are one transaction.

        Raise NotFoundError if the workflow was deleted meanwhile, IdempotencyConflictError,
        QuotaExceededError; an execution that fails at once is created as FAILED.
        """
        (created,) = self._create([creation], resident=True)
        if isinstance(created, RingbackError):
            raise created
        return created

    def create_all(self, creations: Sequence[Creation]) -> Sequence[Created | RingbackError]:
        """Start executions: their first slices and their creations are one transaction.

        Those that wait are put to rest, and take no thread. Errors that concern one of them alone
        are among the results.
        """
        return self._create(creations, resident=False)

    def send(self, request: SendRequest) -> SentCallback:
        """Send a callback, and go on with the execution that waits for it.

        Where it can, that is the same transaction. Raise what Callbacks.send does.
        """
        sent = self._resumptions.send(request)
        self.delivered(sent.execution_key, sent.delivery, sent.workflow_key)
        return sent.answer

    def delivered(self, key: int, delivery: Delivery | None, workflow: int = 0) -> None:
        """Go on with an execution whose wait was given a payload, as the store just said.

        `workflow` is the key of its workflow, 0 if that is not known.
        """
        if delivery is not None:
            self._scheduler.deliver(key, delivery, workflow)
            self._changes.announce(key)

    def take_up(self, keys: Sequence[int]) -> bool:
        """Go on with executions at rest that can: their deadline came, or a crash left them.

        Those of a workflow that has very many in hand stay at rest: False if there are such.
        """
        workflows = self._store.executions.workflows(keys)
        offered = [(key, workflows.get(key, 0)) for key in keys]
        return self._scheduler.offer_unless(offered, most=_MOST_IN_HAND)

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

        self._changes.wait(key, timeout, has_ended)

    def watch(self, key: int, told: ToldChanges) -> Callable[[], None]:
        """Have `told` called when an execution changed in the store; return what ends that."""
        return self._changes.watch(key, told)

    def leave(self) -> None:
        """Tell those who watch executions that the server is about to stop."""
        self._changes.leave()

    def _create(
        self, creations: Sequence[Creation], *, resident: bool
    ) -> list[Created | RingbackError]:
        entered: list[int] = []
        try:
            begun = [self._begin(creation, entered) for creation in creations]
            sound = [one for one in begun if isinstance(one, Beginning)]
            stored = iter(self._store.executions.create([(one.new, one.advance) for one in sound]))
            return [
                self._created(one, next(stored), resident=resident)
                if isinstance(one, Beginning)
                else one
                for one in begun
            ]
        finally:
            for workflow in entered:
                self._backlog.leave(workflow)

    def _begin(self, creation: Creation, entered: list[int]) -> Beginning | RingbackError:
        """Begin an execution if there is room for it, and note that in `entered`."""
        workflow = creation.workflow.key
        if self._backlog.enter(workflow):
            entered.append(workflow)
            return self._beginnings.begun(creation)
        if creation.buffered:
            return self._beginnings.queued(creation)
        return QuotaExceededError(
            "As many executions as may run are running.", reason="TOO_MANY_RUNNING"
        )

    def _created(
        self, beginning: Beginning, outcome: Outcome, *, resident: bool
    ) -> Created | RingbackError:
        """See to an execution that was stored, and return it as its creator is to see it.

        A `resident` one may stay in memory while it waits.
        """
        if isinstance(outcome, RingbackError):
            return outcome
        if isinstance(outcome, Known):
            return Created(outcome.execution, duplicate=True)
        key, run, advance = outcome.key, beginning.run, beginning.advance
        workflow = beginning.new.workflow_key
        if run is None or advance is None or not outcome.begun:
            self._backlog.add(workflow, [key])
        else:
            run.created()
            self._backlog.add_children(advance, outcome.committed)
            self._settle(key, run, workflow, resident=resident)
        return Created(beginning.execution(key, begun=outcome.begun))

    def _wake(self, key: int) -> None:
        """Go on with an execution for which there are answers."""
        if self._scheduler.notify(key):
            return
        try:
            workflow = self._store.executions.workflows([key]).get(key, 0)
        except RingbackError:
            # Whose turn it is matters less than that it gets one.
            workflow = 0
        self._scheduler.wake(key, workflow)

    def _chore(self) -> None:
        self._families.cancel_orphans()
        self._backlog.look()

    def _let_go(self, key: int) -> None:
        self._scheduler.cancel(key)
        self._outgoing.drop(key)
        self._changes.announce(key, Notice.ENDED)

    def _settle(self, key: int, run: Run, workflow: int, *, resident: bool) -> None:
        """Decide where a fresh execution goes: to a thread that blocks, the queue, or rest."""
        created_only = any(w.children and not w.children.awaited for w in run.families.values())
        if run.ended:
            self._changes.announce(key, Notice.ENDED)
        elif not run.waiting or created_only:
            self._scheduler.offer(key, workflow)
        elif resident and self._scheduler.keep(key, run, workflow):
            return
        elif run.requests:
            # They are sent by whoever has the execution in hand.
            self._scheduler.offer(key, workflow)
        elif run.nearest_deadline is not None:
            self._timers.expect(run.nearest_deadline)

    def _work(self) -> None:
        while (ticket := self._scheduler.take()) is not None:
            Runner(ticket, self._around).drive()
            self._backlog.refill()
