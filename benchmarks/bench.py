"""What the rows have in common: how much to measure, and who is measured beside us."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.asking import ROOT, Asked, BenchmarkError, Sample, comes_up
from benchmarks.peers.processes import UnavailableError
from benchmarks.peers.systems import SYSTEMS

_PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much to measure."""

    #: of a round
    seconds: float = 5.0
    rounds: int = 5
    clients: int = 32
    #: that are sent one after the other, in each round
    callbacks: int = 200
    #: how many executions wait, from measurement to measurement
    waiting: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    #: how long callbacks come to executions that wait
    flood_seconds: float = 60.0
    #: that come in the same second
    deadlines: int = 10_000
    peers: tuple[str, ...] = tuple(SYSTEMS)
    #: that the echo server keeps to; 0: all, as a server does that nobody tells otherwise
    echo_cores: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Peers that run, and why others do not."""

    running: Mapping[str, Asked]
    skipped: Mapping[str, str]

    def beside(self, values: Mapping[str, float]) -> dict[str, float | str]:
        """Return each peer's figure, or why it was skipped."""
        return {name: values[name] for name in self.running} | {
            name: f"skipped, {reason}" for name, reason in self.skipped.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A folder for all that is written, and ways to start what is measured."""

    home: Path
    options: Options = field(default_factory=Options)

    def folder(self, name: str) -> Path:
        """Return a new folder."""
        number = sum(1 for _ in self.home.iterdir())
        made = self.home / f"{number}-{name}"
        made.mkdir()
        return made

    @contextmanager
    def peers(self) -> Generator[Peers]:
        """Run those peers that can run here."""
        running: dict[str, Asked] = {}
        skipped: dict[str, str] = {}
        with ExitStack() as stack:
            for name in self.options.peers:
                try:
                    running[name] = stack.enter_context(SYSTEMS[name](self.folder(name)))
                except (UnavailableError, BenchmarkError) as error:
                    skipped[name] = " ".join(str(error).split())[:200]
            yield Peers(running=running, skipped=skipped)

    @contextmanager
    def echo(self) -> Generator[Echo]:
        """Run the echo server and a process that calls it."""
        home = self.folder("echo")
        process, written, took = _echo_server(home, self.options.echo_cores)
        try:
            with Asked("benchmarks.load", log=home / "log") as load:
                yield Echo(load=load, address=f"127.0.0.1:{written.read_text()}", started=took)
        finally:
            process.terminate()
            process.wait(_PATIENCE)

    def interleaved(self, measures: Mapping[str, Callable[[], Sample]]) -> dict[str, list[Sample]]:
        """Measure by turns, round after round, so that what disturbs one disturbs all."""
        samples: dict[str, list[Sample]] = {name: [] for name in measures}
        for _ in range(self.options.rounds):
            for name, measure in measures.items():
                samples[name].append(measure())
        return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A gRPC server that does nothing."""

    load: Asked
    address: str
    #: seconds until it listened
    started: float

    def calls(self, clients: int, seconds: float) -> Sample:
        """Call it for some seconds."""
        return self.load.sample("echo", address=self.address, clients=clients, seconds=seconds)


def echo_start(home: Path) -> float:
    """Return the seconds from nothing to an echo server that listens."""
    process, _, took = _echo_server(home, cores=0)
    process.terminate()
    process.wait(_PATIENCE)
    return took


def _echo_server(home: Path, cores: int) -> tuple[subprocess.Popen[bytes], Path, float]:
    written = home / "port"
    written.unlink(missing_ok=True)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.echo", str(written), str(cores)]
    process = subprocess.Popen(command, cwd=ROOT)
    if not comes_up(process, written.exists, patience=_PATIENCE):
        raise BenchmarkError("the echo server does not start")
    return process, written, time.perf_counter() - begun
