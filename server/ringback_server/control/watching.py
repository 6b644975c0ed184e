"""The verb that watches an execution: how it is, again and again, until it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ringback_server.control import executions
from ringback_server.control.caller import Caller, check_token, requires
from ringback_server.control.logs import LoggedEntry
from ringback_server.control.paging import position, token_of
from ringback_server.engine.changes import Notice
from ringback_server.errors import PermissionDeniedError, ShuttingDownError
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import CallbackEndpoint, Execution
from ringback_server.store.logs import Position
from ringback_server.store.sights import Sight

_LOGS = "logging.logEntries.list"
_CALLBACKS = "workflows.callbacks.list"
#: before all log entries
_BEGIN: Position = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How an execution is, and what it logged since the last look."""

    execution: Execution
    callbacks: tuple[CallbackEndpoint, ...]
    entries: tuple[LoggedEntry, ...]
    #: where another watch goes on
    token: str
    #: permissions that the caller lacks, so that it is not told all
    missing: tuple[str, ...]


class Watch:
    """One caller's watch over one execution. One thread at a time uses it, but for `over`."""

    def __init__(
        self, caller: Caller, name: ExecutionName, token: str, told: Callable[[], None]
    ) -> None:
        """Begin at the position of a token, "" for the beginning.

        `told` is called, on any thread and soon, when there may be news. Raise
        PermissionDeniedError, NotFoundError, InvalidArgumentError for a token of something else.
        """
        self._caller = caller
        execution = executions.get(caller, name)
        self._name = execution.name
        self._scope = f"watch {name.execution}"
        seen = position(self._scope, token, tuple[Position, bool], field="resume_token")
        self._after, self._over = seen or (_BEGIN, False)
        self._told = told
        self._leaving = False
        self._last: tuple[object, ...] | None = None
        self._unwatch = caller.backend.engine.watch(execution.key, self._notice)

    @property
    def over(self) -> bool:
        """Whether the end was seen, with all that was logged."""
        return self._over

    def look(self) -> Seen | None:
        """Return how the execution is, None if it is as it was at the last look.

        Raise NotFoundError once it is deleted, ShuttingDownError when the server stops,
        PermissionDeniedError, and what `check_token` raises for a token that counts no longer.
        """
        if self._over:
            return None
        if self._leaving:
            raise ShuttingDownError
        check_token(self._caller)
        sight, missing = _look(self._caller, self._name, self._after)
        self._over = sight.execution.state.ended and not sight.more
        shown = (sight.execution, sight.callbacks, missing)
        if shown == self._last and not sight.entries:
            return None
        self._last = shown
        if sight.entries:
            self._after = sight.entries[-1][0]
        return Seen(
            execution=sight.execution,
            callbacks=sight.callbacks,
            entries=tuple(LoggedEntry(execution=row[1], entry=row[2]) for row in sight.entries),
            token=token_of(self._scope, (self._after, self._over)),
            missing=missing,
        )

    def close(self) -> None:
        """Hear no more; may be called twice."""
        self._unwatch()

    def _notice(self, notice: Notice) -> None:
        if notice in {Notice.LEAVING, Notice.CLOSED}:
            self._leaving = True
        self._told()


@requires("workflows.executions.get")
def _look(caller: Caller, name: ExecutionName, after: Position) -> tuple[Sight, tuple[str, ...]]:
    """Return what the caller may see now; permissions count at each look."""
    missing = tuple(p for p in (_LOGS, _CALLBACKS) if not _may(caller, p, name))
    sight = caller.backend.store.sights.look(
        name,
        after=None if _LOGS in missing else after,
        callbacks=_CALLBACKS not in missing,
    )
    return sight, missing


def _may(caller: Caller, permission: str, name: ExecutionName) -> bool:
    try:
        caller.backend.access.check(caller.principal, permission, str(name))
    except PermissionDeniedError:
        return False
    return True
