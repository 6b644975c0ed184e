"""Batches from files: many requests at once, with a progress bar and a result for each line."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Generic, TypeVar, cast

import typer
from google.rpc.status_pb2 import Status
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ringback_client.cli.batch_files import STDIN, Line, Results, Source
from ringback_client.cli.json_text import parse_json
from ringback_client.cli.last_execution import remember
from ringback_client.cli.output import say_error
from ringback_client.cli.session import Session
from ringback_client.cli.terminal import console, shows_progress
from ringback_client.errors import from_status

Request = TypeVar("Request")
Entry = dict[str, object]

#: requests of one call: each call is one commit, and others wait for it
_SIZE = 250
#: characters of one call; a server takes 4 MiB
_CHARACTERS = 1_000_000
#: calls under way: one is served while the next is made
_CALLS = 2
_INTERRUPTED = 130
_FAILED = 1
_CORRECT = "Correct what is wrong: the same command then tries again what was refused, and no more."

Batch = Annotated[
    Path | None,
    typer.Option(
        "--batch", metavar="FILE", help="Many at once: one in each line of a file; - is stdin."
    ),
]
ResultsFile = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help="Write the results of --batch there, and go on where the same command stopped.",
    ),
]


def check_options(batch: Path | None, results: Path | None, single: Mapping[str, object]) -> None:
    """Raise typer.BadParameter for options that do not go together: `single` are of one alone."""
    if batch is None:
        if results is not None:
            raise typer.BadParameter("goes with --batch", param_hint="--results")
        return
    for name, value in single.items():
        if value:
            raise typer.BadParameter(f"says it all; leave out {name}", param_hint="--batch")


class Task(Generic[Request]):
    """What the lines of a file are for."""

    def __init__(
        self,
        purpose: str,
        read: Callable[[str, str], Request],
        serve: Callable[[Sequence[Request]], Sequence[Entry | Status]],
    ) -> None:
        """Take what to call it, and how lines are read and requests are served.

        `read` makes a request of a line and an id, or raises ValueError; `serve` tells what
        became of each request of one call.
        """
        self.purpose = purpose
        self._read = read
        self._serve = serve

    def do(self, lines: Sequence[Line], batch: str | None) -> Sequence[Entry]:
        """Serve lines in one call, and return an entry for each."""
        entries = [_begun(line, batch) for line in lines]
        sound: list[tuple[Entry, Request]] = []
        for line, entry in zip(lines, entries, strict=True):
            try:
                request = self._read(line.text, f"{batch}/{line.id}" if batch else "")
            except ValueError as error:
                entry["error"] = {"status": "INVALID_ARGUMENT", "message": str(error)}
            else:
                sound.append((entry, request))
        results = self._serve([request for _, request in sound]) if sound else ()
        for (entry, _), result in zip(sound, results, strict=True):
            entry.update({"error": _error(result)} if isinstance(result, Status) else result)
        return entries

    def run(self, session: Session, path: Path, results_file: Path | None) -> None:
        """Serve the lines of a file; raise typer.Exit if something was refused, or interrupted."""
        served = 0
        refused: list[Entry] = []
        with (
            Source(path) as source,
            Results(results_file, self.purpose) as results,
            _progress(session) as progress,
        ):
            bar = progress.add_task(self.purpose, total=source.lines, completed=len(results.done))
            try:
                for entries in self._entries(source, results):
                    results.write(entries)
                    served += len(entries)
                    refused += [entry for entry in entries if "error" in entry]
                    _remember_last(session, entries)
                    progress.advance(bar, len(entries))
            except KeyboardInterrupt:
                progress.stop()
                session.say(_how_to_go_on(results_file))
                raise typer.Exit(_INTERRUPTED) from None
            summary = [*_summary(path, source, served - len(refused), served)]
        for words in summary:
            session.say(words)
        if refused:
            say_error(_refused(refused), None if results_file is None else _CORRECT)
            raise typer.Exit(_FAILED)

    def _entries(self, source: Source, results: Results) -> Iterator[Sequence[Entry]]:
        """Yield the entries of one call after the other, in order, while the next is under way."""
        under_way: deque[Future[Sequence[Entry]]] = deque()
        with ThreadPoolExecutor(_CALLS) as pool:
            try:
                for lines in _chunks(source, results.done):
                    under_way.append(pool.submit(self.do, lines, results.batch))
                    if len(under_way) >= _CALLS:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for call in under_way:
                    call.cancel()


def _chunks(source: Source, done: frozenset[str]) -> Iterator[Sequence[Line]]:
    chunk: list[Line] = []
    characters = 0
    for line in source:
        if line.id in done:
            continue
        if chunk and (len(chunk) >= _SIZE or characters + len(line.text) > _CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(line)
        characters += len(line.text)
    if chunk:
        yield chunk


def _begun(line: Line, batch: str | None) -> Entry:
    """Begin an entry; the id is for going on, and so for a file of results alone."""
    return {"line": line.number} if batch is None else {"line": line.number, "id": line.id}


def _remember_last(session: Session, entries: Sequence[Entry]) -> None:
    """Keep the execution that was started last, for `executions describe-last`."""
    names = [entry["execution"] for entry in entries if "execution" in entry]
    if names:
        remember(session.environ, str(names[-1]))


def _summary(path: Path, source: Source, accepted: int, served: int) -> Iterator[str]:
    """Yield how much was accepted, and how a file was read that is unlike a batch."""
    name = "Standard input" if path == STDIN else path
    if not source.lines:
        yield f"{name} has no lines: there was nothing to do."
        return
    count = _elements(next(iter(source)).text) if source.lines == 1 else 0
    if count > 1:
        yield (
            f"{name} has one line, a list of {count:,}, which counts as one. "
            "For one of each, write each on a line of its own, as jq -c '.[]' does."
        )
    before = source.lines - served
    if not served:
        yield f"All {before:,} were accepted before: there was nothing to do."
    elif before:
        yield f"{accepted:,} of {served:,} were accepted; {before:,} had been before."
    else:
        yield f"{accepted:,} of {served:,} were accepted."


def _elements(text: str) -> int:
    """Count the elements of what may be a list as JSON; else 0."""
    try:
        value = parse_json(text)
    except ValueError:
        return 0
    return len(cast("list[object]", value)) if isinstance(value, list) else 0


def _refused(entries: Sequence[Entry]) -> str:
    if len(entries) == 1:
        return f"Line {entries[0]['line']} was refused; its result says why."
    return f"{len(entries):,} lines were refused; their results say why."


def _progress(session: Session) -> Progress:
    """Return a progress bar, which only a person at a terminal sees."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
        disable=session.quiet or not shows_progress(),
    )


def _error(status: Status) -> Mapping[str, object]:
    error = from_status(status)
    shown: Entry = {"status": error.status.name, "message": error.message}
    return shown if error.reason is None else {**shown, "reason": error.reason}


def _how_to_go_on(results_file: Path | None) -> str:
    if results_file is None:
        return "Interrupted. With --results FILE, the same command would go on."
    return "Interrupted. The same command goes on from here."
