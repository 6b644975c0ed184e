"""`ringback dev`: a process beside an editor, with servers of its own and of others."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringback_client.cli.app import run
from ringback_client.cli.saved_file import SavedFile
from tests.e2e.process import RINGBACK, environment
from tests.interrupts import ended, interruptible
from tests.operations.running import WAITS, running
from tests.waiting import PATIENCE, until

#: says something, waits, and returns what it was sent
TALKS = '- say:\n    call: sys.log\n    args: {severity: WARNING, text: "said it"}\n'
BROKEN = "- a:\n    next: nowhere\n"
RAISES = '- a:\n    raise: "no luck"\n'
ONE = "- a:\n    return: 1\n"


@dataclass(frozen=True, slots=True)
class Dev:
    """A `ringback dev` that runs."""

    process: subprocess.Popen[str]
    home: Path
    out: Path

    def shows(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed what matches a pattern."""

        def found() -> re.Match[str] | None:
            if self.process.poll() is not None:
                raise AssertionError(self.printed())
            return re.search(pattern, self.printed(), re.MULTILINE)

        try:
            return until(found)
        except TimeoutError as error:
            raise AssertionError(f"{pattern}\n{self.printed()}") from error

    def types(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def saves(self, text: str) -> None:
        """Save the file, as editors do it."""
        draft = self.home / ".draft"
        draft.write_text(text)
        draft.replace(self.home / "order.yaml")

    def printed(self) -> str:
        """Return what it printed and said so far."""
        return self.out.read_text()


@contextmanager
def dev(home: Path, *arguments: str, text: str = ONE) -> Generator[Dev]:
    """Run it for a file of a definition, in a directory of its own."""
    (home / "order.yaml").write_text(text)
    out = home / "out"
    temporary = home / "tmp"
    temporary.mkdir()
    with interruptible(), out.open("w") as output:
        process = subprocess.Popen(
            [RINGBACK, "dev", "order.yaml", *arguments],
            cwd=home,
            env=environment(home, {"TMPDIR": str(temporary)}),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    with ended(process):
        yield Dev(process, home, out)


def server_of(found: Dev) -> int:
    """Return the process of the server that runs for it."""
    record = found.home / ".local" / "state" / "ringback" / "server.json"
    return int(json.loads(record.read_text())["pid"])


def lives(pid: int) -> bool:
    """Tell whether there is a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_dev_when_no_server_runs(tmp_path: Path) -> None:
    """A server is started; what it prints can be pasted, and Ctrl-C leaves nothing behind."""
    with dev(tmp_path, text=TALKS + WAITS) as found:
        found.shows(r"^\S+  Deployed order as 000001-...\.$")
        found.types('{"a": 1}')
        found.shows(r"#1 started: \S+$")
        found.shows(r"#1 WARNING said it$")
        found.shows(r"#1 waits for POST; answer it with:$")
        curl = found.shows(r"^\S+ +(curl .*)$")[1].replace("{}", '{"answer": 42}')
        path = f"{RINGBACK.parent}{os.pathsep}{os.environ['PATH']}"
        pasted = subprocess.run(
            ["/bin/bash", "-c", f"{curl} --noproxy '*' --fail"],
            env=environment(tmp_path, {"PATH": path}),
            cwd=tmp_path,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert 0 == pasted.returncode, pasted.stderr
        found.shows(r'#1 SUCCEEDED after .* s: {"answer": ?42}$')
        server = server_of(found)
        assert lives(server)
        found.process.send_signal(signal.SIGINT)
        status = found.process.wait(PATIENCE)

        assert (0, False) == (status, lives(server))
        assert found.printed().endswith("Stopped.\n")
        assert [] == list((tmp_path / "tmp").iterdir())
        assert "its data are gone when this ends" in found.printed()


def test_dev_when_the_file_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each save is deployed to the server that runs; errors are shown where they are."""
    with (
        running(tmp_path / "ringback-data", monkeypatch) as server,
        dev(tmp_path, "--on-save=execute", "--set-env-vars=A=1", text=BROKEN) as found,
    ):
        found.shows(r"^order\.yaml:2:\d+: error: .*nowhere")
        found.shows(r"Not deployed\. Correct it and save it again\.$")
        found.types("")
        found.shows(r"Nothing is deployed yet that could be executed\.$")
        found.saves(RAISES)
        found.shows(r"#1 FAILED after .* s: RuntimeError: \"no luck\"\nin step \"a\"")
        found.saves('- a:\n    return: ${sys.get_env("A")}\n')
        found.shows(r"Deployed order as 000002-...\.$")
        found.shows(r'#2 SUCCEEDED after .* s: "1"$')
        server.start("order")
        found.shows(r"#3 SUCCEEDED")
        (tmp_path / "order.yaml").unlink()
        found.shows(r"order\.yaml cannot be read: No such file or directory\. Waiting for it\.$")
        found.saves(ONE)
        found.shows(r"#4 SUCCEEDED after .* s: 1$")
        found.types("no JSON")
        found.shows(r"That is not JSON: .* Enter executes it")
        found.types("q")

        assert 0 == found.process.wait(PATIENCE)
        assert "Using the server at" in found.printed()
        assert "Starting a server" not in found.printed()


def test_dev_when_its_server_ends(tmp_path: Path) -> None:
    """Without its server it ends too, and says so; the data in a given directory stay."""
    ports = ("RINGBACK_GRPC_ADDRESS", "RINGBACK_HTTP_ADDRESS")
    variables = dict.fromkeys(ports, "127.0.0.1:0")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        with dev(tmp_path, "--data-dir=kept") as found:
            found.shows(r"Deployed order as")
            os.kill(server_of(found), signal.SIGKILL)
            status = found.process.wait(PATIENCE)

    assert 1 == status
    assert "The server that was started for this does not run." in found.printed()
    assert (tmp_path / "kept" / "admin.json").exists()


def test_dev_when_there_is_an_argument(tmp_path: Path) -> None:
    """`--data` and a typed line are the argument that an execution gets, as `run --data` has it."""
    text = 'main:\n  params: [args]\n  steps:\n    - done: {raise: "${\\"got \\" + args.a}"}\n'
    with dev(tmp_path, "--on-save=execute", '--data={"a": "first"}', text=text) as found:
        found.shows(r"#1 FAILED .*got first")
        found.types('{"a": "second"}')
        found.shows(r"#2 FAILED .*got second")
        found.types("q")

        assert 0 == found.process.wait(PATIENCE)


def test_dev_when_the_terminal_goes_away(tmp_path: Path) -> None:
    """A job that is terminated ends its server, as one that is interrupted does."""
    with dev(tmp_path) as found:
        found.shows(r"Deployed order as")
        server = server_of(found)
        found.process.terminate()

        assert (0, False) == (found.process.wait(PATIENCE), lives(server))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.yaml"], "cannot read none.yaml"),
        (["1st.yaml"], "Add --name WORKFLOW"),
        (["w.yaml", "--data", "{"], "not JSON"),
        (["w.yaml", "--set-env-vars", "A"], "is not KEY=VALUE"),
    ],
)
def test_dev_when_misused(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What cannot be right is told before a server is looked for or started."""
    monkeypatch.chdir(tmp_path)
    for name in ("1st.yaml", "w.yaml"):
        Path(name).write_text(ONE)

    assert 2 == run(["dev", *arguments])
    assert said in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_saved_file_when_nothing_changed(tmp_path: Path) -> None:
    """A text is told once, however often the file is touched; a missing file is told of once."""
    path = tmp_path / "a"
    path.write_text("1")
    file = SavedFile(path)
    first, again = file.saved(), file.saved()
    os.utime(path, (1, 1))
    touched = file.saved()
    file.forget()
    forgotten = file.saved()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file.saved()
    gone = file.saved()
    path.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        file.saved()
    path.write_text("2")

    assert ("1", None, None, "1", None, None) == (first, again, touched, forgotten, gone, None)
    assert "2" == file.saved()
