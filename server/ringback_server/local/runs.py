"""One call that runs a definition with stubs, as tests in Python use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from ringback_server.local.definitions import Runnable, read_runnable, runnable_of
from ringback_server.local.documents import read_document
from ringback_server.local.results import Result
from ringback_server.local.schema import converted, record_of
from ringback_server.local.simulation import simulate
from ringback_server.local.stubs import Callback, Stub, Surroundings

Record = TypeVar("Record")

#: a record, or what a file says of one
StubLike = Stub | Mapping[str, object]
CallbackLike = Callback | Mapping[str, object]


class RunWorkflow(Protocol):
    """Runs a definition; `run_definition` says what it is given."""

    def __call__(
        self,
        definition: str | Path,
        argument: object = None,
        *,
        stubs: str | Path | Iterable[StubLike] = (),
        callbacks: Iterable[CallbackLike] = (),
        env: Mapping[str, str] | None = None,
        now: float | str | None = None,
        subworkflow: str | None = None,
    ) -> Result:
        """Run the definition to its end."""
        ...


def run_definition(
    definition: str | Path,
    argument: object = None,
    *,
    stubs: str | Path | Iterable[StubLike] = (),
    callbacks: Iterable[CallbackLike] = (),
    env: Mapping[str, str] | None = None,
    now: float | str | None = None,
    subworkflow: str | None = None,
) -> Result:
    """Run a definition to its end, without a server and without letting time pass.

    The definition is a file's name, or the text itself if it has several lines. Stubs are a file's
    name, or stubs as such a file has them; what is given here beside a file is added or, as `now`,
    replaces it. `now` is in Unix seconds or RFC 3339. With `subworkflow`, that one is run instead
    of main, with a map of arguments by the names of its parameters.

    Raises StuckError, an AssertionError, when a call has no stub, and ValueError (BadFileError for
    files) for what is wrong with the definition, the stubs or the callbacks.
    """
    around = _surroundings(stubs)
    time = around.now if now is None else now
    return simulate(
        _runnable(definition),
        argument,
        Surroundings(
            now=time,
            env={**around.env, **(env or {})},
            stubs=around.stubs,
            callbacks=(*around.callbacks, *_records(callbacks, Callback, "callbacks")),
        ),
        subworkflow,
    )


def _surroundings(stubs: str | Path | Iterable[StubLike]) -> Surroundings:
    if isinstance(stubs, (str, Path)):
        return record_of(read_document(Path(stubs)), Surroundings)
    return Surroundings(stubs=_records(stubs, Stub, "stubs"))


def _runnable(definition: str | Path) -> Runnable:
    if isinstance(definition, str) and "\n" in definition:
        return runnable_of(definition, "definition")
    return read_runnable(Path(definition))


def _records(
    given: Iterable[Record | Mapping[str, object]], kind: type[Record], name: str
) -> tuple[Record, ...]:
    found: list[Record] = []
    for place, one in enumerate(given):
        try:
            found.append(one if isinstance(one, kind) else converted(one, kind))
        except ValueError as error:
            raise ValueError(f"{name}[{place}]: {error}") from None
    return tuple(found)
