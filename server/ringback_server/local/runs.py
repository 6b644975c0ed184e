"""One call that runs a definition with stubs, as tests in Python use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ringback_server.local.definitions import Runnable, read_runnable, runnable_of
from ringback_server.local.fitting import callback_problems, stub_problems
from ringback_server.local.matching import is_map
from ringback_server.local.results import Result
from ringback_server.local.schema import converted
from ringback_server.local.scripts import Placed, Script, read_script
from ringback_server.local.simulation import simulate
from ringback_server.local.stubs import Callback, Stub

Record = TypeVar("Record")

#: a record, or what a file says of one
StubLike = Stub | Mapping[str, object]
CallbackLike = Callback | Mapping[str, object]


def _as_it_is(name: Path) -> Path:
    return name


@dataclass(frozen=True, slots=True)
class RunWorkflow:
    """Runs definitions; names of files are found by `find`."""

    find: Callable[[Path], Path] = _as_it_is

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
        """Run a definition to its end, without a server and without letting time pass.

        The definition is a file's name, or the text itself if it has several lines. Stubs are a
        file's name, or stubs as such a file has them; what is given here beside a file is added
        or, as `now`, replaces it. `now` is in Unix seconds or RFC 3339. With `subworkflow`, that
        one is run instead of main, with a map of arguments by the names of its parameters.

        Raises StuckError, an AssertionError, when a call has no stub, and ValueError (BadFileError
        for files) for what is wrong with the definition, the stubs or the callbacks.
        """
        runnable = self._runnable(definition)
        around = self._script(stubs)
        sent = _records(callbacks, Callback, "callbacks")
        script = Script(
            now=around.now if now is None else now,
            env={**around.env, **(env or {})},
            stubs=around.stubs,
            callbacks=(*around.callbacks, *sent),
        )
        problems = list(callback_problems(sent, runnable))
        if not isinstance(stubs, (str, Path)):
            problems = [*stub_problems(around.stubs, runnable), *problems]
        if problems:
            raise ValueError("\n".join(problems))
        return simulate(runnable, argument, script, subworkflow)

    def _runnable(self, definition: str | Path) -> Runnable:
        if isinstance(definition, str) and "\n" in definition:
            return runnable_of(definition, "definition")
        return read_runnable(self.find(Path(definition)))

    def _script(self, stubs: str | Path | Iterable[StubLike]) -> Script:
        if isinstance(stubs, (str, Path)):
            return read_script(self.find(Path(stubs)))
        return Script(stubs=_records(stubs, Stub, "stubs"))


#: runs a definition whose files are named as they are
run_definition: Final = RunWorkflow()


def _records(
    given: Iterable[Record | Mapping[str, object]], kind: type[Record], name: str
) -> tuple[Placed[Record], ...]:
    if is_map(given):
        raise ValueError(f"{name}: this must be a list, not a map")
    found: list[Placed[Record]] = []
    for number, one in enumerate(given):
        place = f"{name}[{number}]"
        try:
            record = one if isinstance(one, kind) else converted(one, kind)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        found.append(Placed(record, place))
    return tuple(found)
