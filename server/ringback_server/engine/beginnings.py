"""How executions begin: the first slice runs before anything of an execution is stored."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from ringback_server.clock import Clock
from ringback_server.engine.families import Families
from ringback_server.engine.programs import Programs
from ringback_server.engine.run import Run
from ringback_server.model.creations import Creation
from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.model.uids import uid_text
from ringback_server.store.ids import new_uid
from ringback_server.store.records import Advance, NewExecution, RequestId
from ringback_server.tracing import current


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that is not stored yet; without an advance it is to be queued."""

    creation: Creation
    name: ExecutionName
    new: NewExecution
    run: Run | None = None
    advance: Advance | None = None

    def execution(self, key: int, *, begun: bool) -> Execution:
        """Return the execution as its creation stored it: with its first advance, or queued."""
        new, advance = self.new, self.advance if begun else None
        end = None if advance is None else advance.end
        state = ExecutionState.QUEUED if advance is None else ExecutionState.ACTIVE
        return Execution(
            name=self.name,
            state=state if end is None else end.state,
            argument=new.argument,
            result=None if end is None else end.result,
            failure=None if end is None else end.failure,
            revision_id=self.creation.workflow.revision_id,
            create_time=new.create_time,
            start_time=None if advance is None else advance.began,
            end_time=None if end is None else end.time,
            labels=new.labels,
            call_log_level=new.call_log_level,
            history_level=new.history_level,
            buffered=new.buffered,
            current_steps=() if advance is None else advance.current_steps,
            key=key,
        )


class Beginnings:
    """Begins executions, on the threads of those who ask for them."""

    def __init__(
        self, programs: Programs, families: Families, clock: Clock, *, max_queued: int
    ) -> None:
        """Take the programs, and who decides what executions may create.

        `max_queued` executions wait for room at most.
        """
        self._programs = programs
        self._families = families
        self._clock = clock
        self._max_queued = max_queued

    def queued(self, creation: Creation) -> Beginning:
        """Describe an execution that waits for room, with its first slice left to a thread."""
        return self._described(creation, self._max_queued)

    def begun(self, creation: Creation) -> Beginning:
        """Begin an execution with its first slice.

        It is queued if it asks for executions that may not be created: a thread tells it so.
        """
        beginning, trace = self._described(creation, None), current().trace
        name, new = beginning.name, beginning.new
        level = self._programs.level(creation.history_level or creation.workflow.history_level)
        loadable = self._programs.of(creation.workflow, recording=bool(level))
        run = Run.begin(loadable, name, new.argument, self._clock, trace, history=level)
        run.advance((), new.create_time)
        if self._families.prepare(run, trace):
            return beginning
        return Beginning(creation=creation, name=name, new=new, run=run, advance=run.gathered())

    def _described(self, creation: Creation, max_queued: int | None) -> Beginning:
        now, uid, trace = self._clock.now(), new_uid(), current().trace
        workflow, request_id = creation.workflow, creation.request_id
        new = NewExecution(
            uid=uid,
            workflow_key=workflow.key,
            revision_key=workflow.revision_key,
            argument=creation.argument,
            labels=creation.labels,
            call_log_level=creation.call_log_level,
            history_level=creation.history_level,
            buffered=creation.buffered,
            create_time=now,
            trace=None if trace is None else str(trace),
            request=None if request_id is None else RequestId(request_id, _digest(creation)),
            max_queued=max_queued,
        )
        return Beginning(creation=creation, name=_name(workflow.name, uid), new=new)


def _name(parent: WorkflowName, uid: bytes) -> ExecutionName:
    ids = (parent.project, parent.location, parent.workflow)
    return ExecutionName(*ids, uid_text(uid))


def _digest(creation: Creation) -> bytes:
    """Return what tells whether two requests with the same id ask for the same."""
    asked = (
        creation.argument,
        sorted(creation.labels.items()),
        int(creation.call_log_level),
        int(creation.history_level),
    )
    return sha256(msgspec.json.encode(asked)).digest()
