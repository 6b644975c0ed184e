"""A reader's terminals: one to type commands into, and one for each that keeps running."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from typing import Self

from tests.docs.transcripts import SHOWN_PORTS, Command, File, matched
from tests.e2e.process import RINGBACK, environment
from tests.waiting import PATIENCE, until

_MARK = "\x1e"
# What commands say of the server they use; documents leave it out.
_ASIDE = "Using the server at "


class Terminal:
    """Does what a document says, in a directory of its own."""

    def __init__(self, home: Path, root: Path) -> None:
        """Take an empty directory, and the project's, which has the examples."""
        self._directory = home / "project"
        self._directory.mkdir()
        (self._directory / "examples").symlink_to(root / "examples")
        self._environment = environment(
            home,
            {
                "PATH": f"{RINGBACK.parent}{os.pathsep}{os.environ['PATH']}",
                "RINGBACK_GRPC_ADDRESS": "127.0.0.1:0",
                "RINGBACK_HTTP_ADDRESS": "127.0.0.1:0",
                "no_proxy": "127.0.0.1",
                "PYTHONUNBUFFERED": "1",
            },
        )
        self._ports: dict[str, str] = {}
        self._running: list[subprocess.Popen[str]] = []
        self._shell = self._begin(["bash", "--norc"], stdout=subprocess.PIPE)

    def do(self, step: File | Command) -> None:
        """Do one step; raises AssertionError if it does not go as the document shows."""
        if isinstance(step, File):
            (self._directory / step.name).write_text(self._filled(step.text))
        elif step.keeps_running:
            self._start(step)
        else:
            self._type(step)

    def _type(self, command: Command) -> None:
        status, output = self._run(self._filled(command.text))
        if status:
            raise AssertionError(f"line {command.line}: {command.text}\nexit {status}: {output}")
        if command.output and not self._learn(command.output, output):
            raise AssertionError(f"line {command.line}: {command.text}\n{output}")

    def _run(self, text: str) -> tuple[int, str]:
        """Run a command in the shell and return its exit status and what it printed."""
        stdin, stdout = self._shell.stdin, self._shell.stdout
        if stdin is None or stdout is None:
            raise ValueError(self._shell)
        stdin.write(f"{{ {text}\n}} < /dev/null\nprintf '\\n{_MARK}%d\\n' $?\n")
        stdin.flush()
        lines: list[str] = []
        timer = threading.Timer(2 * PATIENCE, os.killpg, (self._shell.pid, signal.SIGKILL))
        timer.start()
        try:
            for line in stdout:
                if line.startswith(_MARK):
                    break
                if not line.startswith(_ASIDE):
                    lines.append(line)
            else:
                lines.append("(it did not return)\n")
                return 1, "".join(lines)
        finally:
            timer.cancel()
        return int(line.removeprefix(_MARK)), "".join(lines).removesuffix("\n")

    def _start(self, command: Command) -> None:
        """Start a command that keeps running, and wait until its output begins as shown."""
        log = self._directory.parent / f"running-{len(self._running)}.log"
        with log.open("w") as output:
            words = shlex.split(self._filled(command.text))
            process = self._begin(words, stdout=output.fileno())
        self._running.append(process)

        def begun() -> bool:
            ended = process.poll() is not None
            if self._learn(command.output, log.read_text(), whole=False):
                return True
            if ended:
                raise AssertionError(f"line {command.line}: it ended\n{log.read_text()}")
            return False

        try:
            until(begun)
        except TimeoutError as error:
            raise AssertionError(f"line {command.line}: {log.read_text()}") from error

    def _begin(self, words: list[str], stdout: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            cwd=self._directory,
            start_new_session=True,
        )

    def _learn(self, shown: str, output: str, *, whole: bool = True) -> bool:
        """Tell whether the output is as shown, and remember the ports it names."""
        ports = matched(shown, output, whole=whole)
        self._ports.update(ports or {})
        return ports is not None

    def _filled(self, text: str) -> str:
        """Put the ports of now in place of those shown; 0 where there is none yet."""
        for shown in SHOWN_PORTS:
            text = text.replace(shown, self._ports.get(shown, "0"))
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._shell, *reversed(self._running)):
            process.terminate()
        for process in (self._shell, *self._running):
            with process:
                process.communicate(timeout=PATIENCE)
