"""Executions that wait in the store for room: taken up by turns of workflows, oldest first."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from ringback_server.errors import RingbackError
from ringback_server.store.records import Advance, Committed

_log = logging.getLogger(__name__)

#: executions of one workflow that are read before it is another one's turn
_AT_ONCE = 16


class Queued(Protocol):
    """Where queued executions are found; keys are the store's integers."""

    def queued(self, workflow: int, *, after: int, limit: int) -> list[int]:
        """Return the queued executions of a workflow, ascending, beyond `after`."""
        ...

    def queued_workflows(self) -> list[int]:
        """Return the workflows that have queued executions."""
        ...


class Room(Protocol):
    """What knows how many executions may run."""

    def room(self, workflow: int | None) -> int:
        """Return how many more executions of a workflow may run; None: of any."""
        ...

    def enter(self, workflow: int) -> bool:
        """Take a place for an execution that begins; False if there is none."""
        ...

    def leave(self, workflow: int) -> None:
        """Give a place back."""
        ...

    def admit(self, key: int, workflow: int) -> bool:
        """Queue an execution for a thread; False if there is no room for it."""
        ...


class Backlog:
    """Which workflows have queued executions, and the taking up of these.

    Rows of the store are the queue. In memory there is no more than how far each workflow was
    read, so that it costs nothing how many there are, and a restart loses nothing.
    """

    def __init__(self, queued: Queued, scheduler: Room) -> None:
        """Take where they wait, and where they go."""
        self._queued = queued
        self._scheduler = scheduler
        # Guards the fields below; nothing is read or queued while it is held.
        self._lock = threading.Lock()
        # Workflows that may have queued executions, the next one first, with the key up to
        # which these were taken up.
        self._behind: OrderedDict[int, int] = OrderedDict()
        # Those to which executions came since they were last looked at.
        self._fresh: set[int] = set()
        self._looked = False
        self._refilling = False
        self._again = False

    def __repr__(self) -> str:
        """Show how many workflows wait."""
        return f"<Backlog [{len(self._behind)} workflows]>"

    def enter(self, workflow: int) -> bool:
        """Take a place for a new execution; False if there is none, or older ones wait."""
        with self._lock:
            behind = workflow in self._behind
        return not behind and self._scheduler.enter(workflow)

    def leave(self, workflow: int) -> None:
        """Give back the place of an execution that was stored, or was not."""
        self._scheduler.leave(workflow)
        self.refill()

    def add(self, workflow: int, keys: Sequence[int]) -> None:
        """Take up executions that were just queued, now or when there is room."""
        with self._lock:
            behind = workflow in self._behind
        if behind or not all(self._scheduler.admit(key, workflow) for key in keys):
            with self._lock:
                self._behind.setdefault(workflow, 0)
                self._fresh.add(workflow)
            self.refill()

    def add_children(self, advance: Advance, committed: Committed) -> None:
        """Take up the executions that a stored advance created."""
        keys: dict[int, list[int]] = {}
        new = (one.workflow_key for wait in advance.children for one in wait.executions)
        for workflow, key in zip(new, committed.children, strict=False):
            keys.setdefault(workflow, []).append(key)
        for workflow, of_it in keys.items():
            self.add(workflow, of_it)

    def look(self) -> None:
        """Take up what an earlier process left queued, and what could not be read before."""
        if not self._looked:
            workflows = self._queued.queued_workflows()
            with self._lock:
                self._behind.update(dict.fromkeys(workflows, 0))
                self._fresh.update(workflows)
            self._looked = True
        self.refill()

    def refill(self) -> None:
        """Take up as many as there is room for, one workflow after the other.

        Whoever makes room calls it. What the store cannot tell now is taken up later.
        """
        if not self._behind:
            return
        with self._lock:
            self._again = True
            if self._refilling:
                return
            self._refilling = True
        while self._goes_on():
            try:
                self._refill()
            except RingbackError as error:
                _log.warning("queued executions could not be read: %s", error)

    def _goes_on(self) -> bool:
        with self._lock:
            self._refilling, self._again = self._again, False
            return self._refilling

    def _refill(self) -> None:
        while (turn := self._next()) is not None:
            workflow, after, room = turn
            keys = self._queued.queued(workflow, after=after, limit=min(room, _AT_ONCE))
            for key in keys:
                if not self._scheduler.admit(key, workflow):
                    break
                after = key
            self._note(workflow, after, found=bool(keys))

    def _next(self) -> tuple[int, int, int] | None:
        """Return the next workflow that has room, how far it was read, and the room."""
        if self._scheduler.room(None) <= 0:
            return None
        with self._lock:
            candidates = tuple(self._behind.items())
        for workflow, after in candidates:
            room = self._scheduler.room(workflow)
            if room > 0:
                with self._lock:
                    self._fresh.discard(workflow)
                return workflow, after, room
        return None

    def _note(self, workflow: int, after: int, *, found: bool) -> None:
        """Note how far a workflow was read; without any, unless one came since, it is not behind.

        Its next turn is after all others'.
        """
        with self._lock:
            if found or workflow in self._fresh:
                self._behind[workflow] = after
                self._behind.move_to_end(workflow)
            else:
                self._behind.pop(workflow, None)
