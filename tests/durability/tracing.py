"""Reads what strace saw: what was written where, synced, and answered, in which order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

#: prefix of a command line that traces it, threads included; the command keeps its pid
_COMMAND = (
    "strace",
    "--daemonize",
    "--follow-forks",
    "--seccomp-bpf",
    "--decode-fds=path",
    "--absolute-timestamps=precision:us",
    "--string-limit=70000",
    "--trace=fdatasync,fsync,pwrite64,write,writev,sendmsg,sendto",
)
_CALL = re.compile(r"(?P<thread>\d+) +\S+ (?P<name>\w+)\(\d+<(?P<target>[^>]*)>?(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<thread>\d+) +\S+ <\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")
_UNFINISHED = "<unfinished ...>"

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed (Debian package strace)"
)


@dataclass(slots=True)
class Call:
    """A system call: the lines of the trace where it began and ended."""

    name: str
    #: a path, or socket:[inode]
    target: str
    #: arguments and result
    text: str
    began: int
    ended: int

    @property
    def succeeded(self) -> bool:
        """Whether it did what it was asked to."""
        return not self.text.rpartition(" = ")[2].startswith("-")


def traced(output: Path) -> tuple[str, ...]:
    """Return what to put in front of a command to trace it into a file."""
    return (*_COMMAND, f"--output={output}")


def read(output: Path) -> list[Call]:
    """Return the calls of a trace in the order in which they began."""
    calls: list[Call] = []
    under_way: dict[str, Call] = {}
    for number, line in enumerate(output.read_text(errors="replace").splitlines()):
        if found := _CALL.match(line):
            call = Call(found["name"], found["target"], found["rest"], number, number)
            calls.append(call)
            if line.endswith(_UNFINISHED):
                under_way[found["thread"]] = call
        elif found := _RESUMED.match(line):
            call = under_way.pop(found["thread"])
            call.text += found["rest"]
            call.ended = number
    return calls


def unsynced(calls: list[Call], *, written: str, answered: str) -> Iterator[str]:
    """Yield why an answer may not have been on disk when it was given.

    `written` is found in what goes into the WAL, and `answered` in the answer.
    """
    writes = [c for c in calls if c.target.endswith("-wal") and written in c.text]
    writes = [c for c in writes if c.name == "pwrite64"]
    answers = [c for c in calls if c.name != "pwrite64" and answered in c.text]
    if not writes or not answers:
        yield f"{len(writes)} writes of {written}, {len(answers)} answers with {answered}"
        return
    write, answer = writes[0], answers[0]
    syncs = [
        c
        for c in calls
        if c.name in {"fdatasync", "fsync"}
        and c.target == write.target
        and c.succeeded
        and write.ended < c.began
        and c.ended < answer.began
    ]
    if not syncs:
        yield f"no sync between {write.began} and {answer.began}"
