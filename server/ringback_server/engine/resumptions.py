"""How executions go on with a callback: on the thread of its sender, before it is stored.

So a payload and what its execution does with it are one transaction, and no thread has to be woken
in between. It is the way for an execution that waits: at rest, or with a thread blocked on it.
Where it does not apply the payload is stored alone, and a thread of the pool goes on with it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from msgspec.structs import replace

from ringback_server.engine.changes import Notice
from ringback_server.engine.run import Run
from ringback_server.engine.runner import SPAN, Surroundings
from ringback_server.engine.scheduler import Ticket
from ringback_server.lang.effects import Delivered
from ringback_server.store.callbacks import Callbacks, SendRequest, Sent
from ringback_server.store.capture import Capture
from ringback_server.store.records import Committed, Delivery, Phase
from ringback_server.store.resumptions import Awaited, Resumption
from ringback_server.tracing import Scope, within

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """An execution in the hands of a sender, and what its thread would go on with."""

    awaited: Awaited
    ticket: Ticket[Run]
    resident: Run | None


class Resumptions:
    """Sends callbacks, and has executions go on with them at once where they can."""

    def __init__(self, callbacks: Callbacks, around: Surroundings) -> None:
        """Take where callbacks are sent, and what runners work with."""
        self._callbacks = callbacks
        self._around = around

    def send(self, request: SendRequest) -> Sent:
        """Send a callback; with a delivery, the execution is still to be woken.

        Raise what Callbacks.send does.
        """
        claim = self._claim(request)
        if claim is None:
            return self._callbacks.send(request)
        run, committed = None, None
        try:
            run = self._run(claim)
            if run is None:
                return self._callbacks.send(request)
            sent = self._send(request, claim, run)
            committed = sent.committed
            return sent
        finally:
            if run is None or committed is None:
                self._refuse(claim)
            else:
                self._settle(claim, run, committed)

    def _claim(self, request: SendRequest) -> _Claim | None:
        """Take the execution that waits for a callback, unless others are about to drive it."""
        awaited = None
        # Whatever goes wrong: the plain way meets it again, or the thread that takes it up does.
        with Capture():
            awaited = self._callbacks.awaited(request.name, request.method or "")
        if awaited is None or awaited.loaded.phase is not Phase.WAITING:
            return None
        ticket = self._around.scheduler.claim(awaited.loaded.key, awaited.workflow_key)
        return None if ticket is None else _Claim(awaited, ticket, ticket.held)

    def _run(self, claim: _Claim) -> Run | None:
        """Return the execution as it is stored; None if it cannot be taken up here."""
        loaded, around, resident = claim.awaited.loaded, self._around, claim.resident
        if resident is not None:
            return resident if resident.fence == loaded.fence else None
        with Capture():
            return Run.resume(around.programs, loaded, around.clock)
        return None

    def _send(self, request: SendRequest, claim: _Claim, run: Run) -> Sent:
        scope = Scope(execution=str(run.name), trace=run.trace)
        spans = self._around.watch.spans
        with within(scope), spans.span(SPAN, "internal", run.trace) as span:
            sent = self._callbacks.send(request, self._resumption(request, claim, run))
            if sent.committed is None:
                span.finish(SPAN, "overtaken", failed=False)
            else:
                span.finish(SPAN, "ended" if run.ended else "advanced", failed=False)
                waited = self._around.clock.now() - request.receive_time
                self._around.watch.observer.resumed(max(0.0, waited))
                _log.debug("resumed by a sender")
        return sent

    def _resumption(self, request: SendRequest, claim: _Claim, run: Run) -> Resumption | None:
        """Have the execution advance as if it was given the payload; None if it should not here.

        Deadlines that have passed, waits that are given up and executions that it creates are
        left to a thread: their commits may be refused.
        """
        wait = claim.awaited.wait
        delivery = Delivery(wait=wait, payload=request.payload, received=request.receive_time)
        with Capture():
            events = run.events((delivery,), {})
            if not all(isinstance(event, Delivered) for event in events):
                return None
            run.advance(events, self._around.clock.now())
            if run.new_families:
                return None
            advance = run.gathered()
            if not advance.expired and wait in advance.consumed:
                key, fence = claim.awaited.loaded.key, claim.awaited.loaded.fence
                others = tuple(number for number in advance.consumed if number != wait)
                rest = replace(advance, consumed=others)
                return Resumption(execution_key=key, fence=fence, wait=wait, advance=rest)
        return None

    def _settle(self, claim: _Claim, run: Run, committed: Committed) -> None:
        """Do what follows from a resumption, which is stored, and let go of the execution."""
        around, key = self._around, claim.ticket.key
        capture = Capture()
        with capture:
            run.committed()
            around.outgoing.keep(key, run)
        if capture.error is not None:
            # It is stored: its sender is told so, and a thread loads it and meets the error again.
            _log.error("execution %d is loaded again", key, exc_info=capture.error)
            self._refuse(claim)
        elif claim.resident is None:
            self._let_go(claim.ticket, run, committed)
        else:
            for delivery in committed.deliveries:
                claim.ticket.mailbox.post(delivery)
            claim.ticket.mailbox.give_back()
        around.on_changed(key, Notice.ENDED if run.ended else Notice.CHANGED)
        if run.ended and run.related:
            around.families.ended(key)

    def _let_go(self, ticket: Ticket[Run], run: Run, committed: Committed) -> None:
        """See to an execution that was at rest: it may have ended, go on, or wait."""
        around = self._around
        if run.ended:
            around.scheduler.drop(ticket)
            around.backlog.refill()
            return
        busy = not run.waiting or run.requests or run.families or committed.deliveries
        if not around.scheduler.hand_over(ticket, run, may_rest=not busy):
            around.backlog.refill()
            if run.nearest_deadline is not None:
                around.on_parked(run.nearest_deadline)

    def _refuse(self, claim: _Claim) -> None:
        """Let go of an execution that may have advanced in memory alone: it is loaded again."""
        if claim.resident is None:
            self._around.scheduler.hand_over(claim.ticket, None, may_rest=False)
        else:
            claim.ticket.held = None
            claim.ticket.mailbox.give_back()
