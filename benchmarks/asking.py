"""Processes that are told what to do by lines of JSON, and what comes back from them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 10.0


def comes_up(
    process: subprocess.Popen[bytes],
    ready: Callable[[], bool],
    *,
    patience: float,
    look: float = 0.001,
) -> bool:
    """Wait until a process is ready; False once it has ended or `patience` seconds have passed.

    `look` are the seconds between two looks.
    """
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(look)
    return True


class BenchmarkError(Exception):
    """Something that is measured did not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One round: how long it took in all, in seconds, and each of its parts, in milliseconds."""

    seconds: float
    took: Sequence[float]

    @property
    def rate(self) -> float:
        """How many there were in a second."""
        return len(self.took) / self.seconds

    def quantile(self, part: float) -> float:
        """Return the time, in milliseconds, that the `part` (0 to 1) of them took at most."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    @classmethod
    def joined(cls, samples: Sequence[Sample]) -> Sample:
        """Return several rounds as one."""
        took = [each for sample in samples for each in sample.took]
        return cls(seconds=sum(sample.seconds for sample in samples), took=took)


def median_rate(samples: Sequence[Sample]) -> float:
    """Return the median of the rates of some rounds."""
    return statistics.median(sample.rate for sample in samples)


class Asked:
    """A process of `python -m MODULE` that answers; it ends when the `with` block does."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        python: Path | str = sys.executable,
        variables: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        """Start the process and wait until it is ready; what it prints goes to `log`."""
        self._name = module.rpartition(".")[2]
        with (log or Path(os.devnull)).open("ab") as output:
            self._process = subprocess.Popen(
                [str(python), "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=ROOT,
                env={**os.environ, **(variables or {})},
                text=True,
            )
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """Have something done and return what came of it; raises BenchmarkError."""
        _stream(self._process.stdin).write(json.dumps({"do": do, **arguments}) + "\n")
        _stream(self._process.stdin).flush()
        return self._answer()

    def sample(self, do: str, **arguments: object) -> Sample:
        """Do the same where a sample comes back."""
        return Sample(**self.ask(do, **arguments))

    def close(self) -> None:
        """Let the process end, or end it."""
        _stream(self._process.stdin).close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _stream(self._process.stdout).close()

    def _answer(self) -> dict[str, Any]:
        line = _stream(self._process.stdout).readline()
        if not line:
            raise BenchmarkError(f"{self._name} ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchmarkError(f"{self._name}: {answer['error']}")
        return answer


def _stream(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise BenchmarkError("the process has no such stream")
    return stream
