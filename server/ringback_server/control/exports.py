"""The verb that returns what is stored about an execution, as far as the caller may read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ringback_server.control import callbacks, logs, step_entries
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.listing import ListRequest
from ringback_server.control.logs import LoggedEntry
from ringback_server.errors import CorruptDataError, PermissionDeniedError
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import CallbackEndpoint, Execution
from ringback_server.model.steps import StepEntry
from ringback_server.store.pages import Texts

Item = TypeVar("Item", bound=Texts)

#: bytes of texts, with room for what JSON adds: gRPC clients take 4 MiB unless told otherwise
_BYTES: Final = 2 * 1024 * 1024
#: what an item takes in JSON beside its texts, about
_ITEM: Final = 200
_DENIED: Final = "not permitted"
_DAMAGED: Final = "damaged"
_MORE: Final = "more than fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is stored about an execution; `left_out` says why something is not here."""

    execution: Execution
    callbacks: Sequence[CallbackEndpoint]
    steps: Sequence[StepEntry]
    logs: Sequence[LoggedEntry]
    left_out: dict[str, str] = field(default_factory=dict[str, str])


class _Parts:
    """Gathers parts while there is room for more."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.left_out = dict[str, str]()

    def gather(self, name: str, read: Callable[[str], Page[Item]]) -> list[Item]:
        """Read a list page by page, from the page token that `read` is given."""
        items: list[Item] = []
        token = ""
        while True:
            try:
                page = read(token)
            except PermissionDeniedError:
                self.left_out[name] = _DENIED
                return items
            except CorruptDataError:
                self.left_out[name] = _DAMAGED
                return items
            for item in page.items:
                self._room -= item.text_bytes + _ITEM
                if self._room < 0:
                    self.left_out[name] = _MORE
                    return items
                items.append(item)
            token = page.next_token
            if not token:
                return items


@requires("workflows.executions.get")
def export(caller: Caller, name: ExecutionName) -> Export:
    """Return what is stored about an execution; or NotFoundError.

    What needs a permission of its own is left out without it.
    """
    execution = caller.backend.store.executions.get(name)
    parts = _Parts(max(_BYTES - execution.text_bytes, _BYTES // 4))
    return Export(
        execution=execution,
        callbacks=parts.gather(
            "callbacks", lambda token: callbacks.list_(caller, name, ListRequest(token=token))
        ),
        steps=parts.gather("stepEntries", lambda _: step_entries.every(caller, name)),
        logs=parts.gather(
            "logEntries",
            lambda token: logs.list_(caller, name, ListRequest(size=1_000, token=token)),
        ),
        left_out=parts.left_out,
    )
