"""The command line against a whole server."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from select import select

import pytest
import yaml

from ringback.v1.logs_pb2 import LogEntry
from ringback_client.cli.app import run
from ringback_client.cli.following import follow
from tests.interrupts import ended, interruptible
from tests.operations.running import WAITS, Running, running
from tests.waiting import until

HELLO = "- hello:\n    return: hello\n"
LOGS = '- say:\n    call: sys.log\n    args: {text: "said it"}\n- done:\n    return: 1\n'
INVOKER = "invoker@local.iam.gserviceaccount.com"

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return a server that the command line finds from the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("RINGBACK_")]:
        monkeypatch.delenv(name)
    Path("w.yaml").write_text(HELLO)
    with running(tmp_path / "ringback-data", monkeypatch) as started:
        yield started


def ringback(capsys: Captured, *arguments: str, code: int = 0) -> tuple[str, str]:
    """Run a command that ends as expected; return what it printed and what it said."""
    capsys.readouterr()
    found = run(arguments)
    output = capsys.readouterr()
    assert code == found, output.err
    return output.out, output.err


@pytest.mark.usefixtures("server")
def test_deploy_when_it_is_a_dry_run(capsys: Captured) -> None:
    """A dry run checks on the server, shows the diff on stdout, and deploys nothing."""
    new, said = ringback(capsys, "deploy", "w", "--source", "w.yaml", "--dry-run")
    absent, _ = ringback(capsys, "list", "--format", "json")
    ringback(capsys, "deploy", "w", "--source", "w.yaml", "--labels", "team=blue")
    Path("w.yaml").write_text(HELLO.replace("return: hello", "return: bye"))
    changed, _ = ringback(
        capsys,
        *("deploy", "w", "--source", "w.yaml", "--dry-run", "--description", "Says bye"),
        *("--labels", "team=red", "--service-account", INVOKER, "--set-env-vars", "A=1"),
    )
    same, _ = ringback(capsys, "describe", "w")
    Path("w.yaml").write_text("- hello:\n    next: nowhere\n")
    _, refused = ringback(capsys, "deploy", "w", "--source", "w.yaml", "--dry-run", code=1)

    assert new == "--- /dev/null\n+++ w (new)\n@@ -0,0 +1,2 @@\n+- hello:\n+    return: hello\n"
    assert "This would create w; nothing was deployed." in said
    assert json.loads(absent) == []
    assert changed.splitlines()[2:] == [
        "@@ -1,2 +1,2 @@",
        " - hello:",
        "-    return: hello",
        "+    return: bye",
        "description: '' -> 'Says bye'",
        "label team: 'blue' -> 'red'",
        "env var A: none -> '1'",
    ]
    assert yaml.safe_load(same)["sourceContents"] == HELLO
    assert "nowhere" in refused
    assert "ringback lint" in refused


@pytest.mark.usefixtures("server")
def test_deploy_when_the_account_is_not_there(capsys: Captured) -> None:
    """Whoever deploys for an account that does not exist is warned, in whatever way."""
    deploy = ("deploy", "w", "--source", "w.yaml", "--service-account")
    _, dry = ringback(capsys, *deploy, "nobody@x.com", "--dry-run")
    _, unawaited = ringback(capsys, *deploy, "nobody@x.com", "--async")
    _, said = ringback(capsys, *deploy, "nobody@x.com")
    shown, _ = ringback(capsys, "describe", "w", "--format", "json")
    _, changed = ringback(capsys, *deploy, INVOKER)

    assert "--service-accounts nobody@x.com=" in " ".join(said.split())
    warned = ["Warning" in words for words in (dry, unawaited, changed)]
    assert [True, True, False] == warned
    assert len(json.loads(shown)["warnings"]) == 1


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--update-env-vars", "B=3,C=4"], {"A": "1", "B": "3", "C": "4"}),
        (["--remove-env-vars", "B,unknown"], {"A": "1"}),
        (["--env-vars-file", "vars.yaml"], {"D": "5"}),
        (["--clear-env-vars"], {}),
        (["--set-env-vars", "C=4"], {"C": "4"}),
    ],
)
def test_deploy_when_variables_change(
    capsys: Captured, options: list[str], expected: dict[str, str]
) -> None:
    """Variables are changed as gcloud's options change them; the definition may stay."""
    Path("vars.yaml").write_text('D: "5"\n')
    ringback(capsys, "deploy", "w", "--source", "w.yaml", *options)
    new, _ = ringback(capsys, "describe", "w")
    ringback(capsys, "deploy", "w", "--set-env-vars", "A=1,B=2")
    ringback(capsys, "deploy", "w", *options)
    changed, _ = ringback(capsys, "describe", "w")

    assert {k: v for k, v in expected.items() if k != "A"} == yaml.safe_load(new).get(
        "userEnvVars", {}
    )
    found = yaml.safe_load(changed)
    assert (expected, HELLO) == (found.get("userEnvVars", {}), found["sourceContents"])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clear-env-vars", "--update-env-vars", "A=1"], "goes without --update-env-vars"),
        (["--env-vars-file", "vars.yaml"], "A and what it is must be strings"),
        (["--env-vars-file", "w.yaml"], "w.yaml is not a map"),
        (["--env-vars-file", "bad.yaml"], "bad.yaml is not YAML"),
        (["--async", "--dry-run"], "goes without --dry-run"),
        (["--remove-env-vars", "A"], "a new workflow needs it"),
    ],
)
def test_deploy_when_misused(capsys: Captured, options: list[str], said: str) -> None:
    """Options that exclude each other, and files that hold no variables, are usage errors."""
    Path("vars.yaml").write_text("A: 5\n")
    Path("bad.yaml").write_text("[")
    _, found = ringback(capsys, "deploy", "w", *options, code=2)

    assert said in " ".join(found.replace("│", "").split())


@pytest.mark.usefixtures("server")
def test_deploy_when_nobody_waits(capsys: Captured) -> None:
    """With --async the operation's name is all that is printed."""
    printed, _ = ringback(capsys, "deploy", "w", "--source", "w.yaml", "--async")
    found, _ = ringback(capsys, "describe", "w", "--format", "json")

    assert printed.startswith("projects/local/locations/us-central1/operations/")
    assert 1 == len(printed.splitlines())
    assert "ACTIVE" == json.loads(found)["state"]


@pytest.mark.usefixtures("server")
def test_deploy_when_settings_change(capsys: Captured) -> None:
    """Settings that are given change, the diff is on stderr, and the others stay."""
    ringback(
        capsys,
        *("deploy", "w", "--source", "w.yaml", "--description", "Greets"),
        *("--labels", "a=1,b=2", "--service-account", INVOKER),
    )
    out, said = ringback(capsys, "deploy", "w", "--source", "w.yaml", "--labels", "a=3")
    described, _ = ringback(capsys, "describe", "w")
    found = yaml.safe_load(described)

    assert out.splitlines()[0] == "NAME  REVISION    STATE"
    assert "label a: '1' -> '3'\nlabel b: '2' -> none\n" in said
    assert (found["description"], found["labels"]) == ("Greets", {"a": "3"})
    assert found["serviceAccount"].endswith(INVOKER)


@pytest.mark.usefixtures("server")
def test_list_and_delete_when_there_are_workflows(capsys: Captured) -> None:
    """Workflows are listed until they are deleted; in a script nobody is asked."""
    for name in ("b", "a"):
        ringback(capsys, "deploy", name, "--source", "w.yaml")
    listed, _ = ringback(capsys, "list")
    ringback(capsys, "delete", "a")
    left, _ = ringback(capsys, "list")
    _, missing = ringback(capsys, "delete", "a", code=1)
    ringback(capsys, "delete", "b", "--quiet")
    _, empty = ringback(capsys, "list")

    assert [line.split()[0] for line in listed.splitlines()] == ["NAME", "a", "b"]
    assert [line.split()[0] for line in left.splitlines()] == ["NAME", "b"]
    assert "See which there are with: ringback list" in missing
    assert "No workflows are deployed. Deploy one with" in empty


@pytest.mark.usefixtures("server")
def test_delete_when_nobody_waits(capsys: Captured) -> None:
    """With --async the operation's name is all that is printed."""
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    printed, _ = ringback(capsys, "workflows", "delete", "w", "--async")

    assert printed.startswith("projects/local/locations/us-central1/operations/")
    assert 1 == len(printed.splitlines())


def test_commands_when_another_account_acts(server: Running, capsys: Captured) -> None:
    """What an impersonated account may not do is refused, and what it may do is done."""
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    words = ("--impersonate-service-account", INVOKER)
    result, _ = ringback(capsys, "run", "w", *words)
    _, refused = ringback(capsys, "delete", "w", *words, code=1)
    ringback(capsys, "auth", "print-access-token", *words, "--lifetime=60")

    assert '"hello"\n' == result
    assert "permission" in refused
    assert server.state(server.start()) in {"ACTIVE", "SUCCEEDED"}


def test_read_when_an_order_is_asked_for(server: Running, capsys: Captured) -> None:
    """Entries come newest first, or in the order in which they were logged."""
    server.deploy("".join(f'- a{n}: {{call: sys.log, args: {{text: "{n}"}}}}\n' for n in (1, 2)))
    server.ended(server.start())
    newest, _ = ringback(capsys, "logs", "read", "--format=value(textPayload)")
    oldest, _ = ringback(capsys, "logging", "read", "--order=asc", "--format=value(textPayload)")

    assert ("2\n1\n", "1\n2\n") == (newest, oldest)


class Terminal(io.StringIO):
    """A terminal at which somebody typed something."""

    def isatty(self) -> bool:
        """Tell that it is one."""
        return True


@pytest.mark.usefixtures("server")
def test_delete_when_somebody_declines(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a person is asked, and nothing is deleted against their will."""
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    _, said = ringback(capsys, "delete", "w", code=1)
    kept, _ = ringback(capsys, "list")
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    ringback(capsys, "delete", "w")
    gone, _ = ringback(capsys, "list")

    assert "Nothing was deleted." in said
    assert ("w " in kept, gone) == (True, "")


def test_last_execution_when_one_was_started(server: Running, capsys: Captured) -> None:
    """The execution that was started last need not be named."""
    _, none = ringback(capsys, "executions", "describe-last", code=2)
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    server.deploy(WAITS, "waits")
    ringback(capsys, "run", "w")
    waited, _ = ringback(capsys, "executions", "wait-last")
    name, _ = ringback(capsys, "execute", "waits")
    described, _ = ringback(capsys, "executions", "describe-last")

    assert "Start one with: ringback execute WORKFLOW" in none
    assert yaml.safe_load(waited)["result"] == '"hello"'
    assert yaml.safe_load(described)["name"] == name.strip()


def test_print_access_token_when_it_is_narrowed(server: Running, capsys: Captured) -> None:
    """A token for another account is good for what was asked for, and for no longer."""
    token, _ = ringback(
        capsys,
        *("auth", "print-access-token", "--impersonate-service-account", INVOKER),
        *("--ttl", "60", "--permission", "workflows.executions.list"),
    )
    decoded, said = ringback(capsys, "auth", "decode", token.strip())
    own, _ = ringback(capsys, "auth", "print-access-token", "--ttl", "60")
    _, refused = ringback(
        capsys,
        *("auth", "print-access-token", "--impersonate-service-account", INVOKER),
        *("--permission", "workflows.workflows.delete"),
        code=1,
    )
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    bearer = {"Authorization": f"Bearer {token.strip()}"}
    parent = "/v1/projects/local/locations/us-central1/workflows"
    statuses = (
        server.http.get(f"{parent}/w/executions", headers=bearer).status_code,
        server.http.post(f"{parent}/w/executions", json={}, headers=bearer).status_code,
    )
    claims = json.loads(decoded)["payload"]

    assert (claims["sub"], claims["exp"] - claims["iat"]) == (INVOKER, 60)
    assert claims["permissions"] == ["workflows.executions.list"]
    assert json.loads(decoded)["header"]["typ"] == "at+jwt"
    assert "the signature was not verified" in said
    assert statuses == (200, 403)
    assert own.count(".") == 2
    assert "workflows.workflows.delete" in refused


def test_revoke_when_it_is_no_token(capsys: Captured) -> None:
    """What is no token is told from one, with how else to revoke."""
    _, said = ringback(capsys, "auth", "revoke", "nonsense", code=2)

    assert "This is no access token: one has three parts" in said
    assert "--token-id ID" in said


def test_decode_when_it_is_no_token(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is a misuse, with a next step; a token may come from stdin."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("opaque\n"))
    _, said = ringback(capsys, "auth", "decode", code=2)

    assert "ringback auth print-access-token" in said


def test_tail_when_entries_come(server: Running, tmp_path: Path) -> None:
    """New entries are printed as they come, each once, until it is interrupted."""
    server.deploy(LOGS)
    server.start()
    command = [str(Path(sys.executable).with_name("ringback")), "-q", "logs", "tail", "said"]
    with interruptible():
        started = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    with ended(started) as tail:
        assert tail.stdout
        first = tail.stdout.readline()
        server.start()
        second = tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        rest, errors = tail.communicate(timeout=20.0)

    assert [line.rstrip().endswith("said it") for line in (first, second)] == [True, True]
    assert (rest, errors, tail.returncode) == ("", "", 130)


def test_audit_when_it_is_followed(server: Running, tmp_path: Path) -> None:
    """New entries are printed as they come, a line of JSON each, until it is interrupted."""
    server.deploy(HELLO)
    command = [str(Path(sys.executable).with_name("ringback")), "-q", "audit", "list", "--follow"]
    wanted = ["--filter", "method:CreateWorkflow OR method:CreateExecution", "--format", "json"]
    with interruptible():
        started = subprocess.Popen(
            [*command, *wanted],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with ended(started) as following:
        printed = following.stdout
        assert printed
        # It follows from some moment on; what was before that is not printed.
        until(lambda: server.start() and select([printed], [], [], 0.3)[0])
        line = printed.readline()
        following.send_signal(signal.SIGINT)
        _, errors = following.communicate(timeout=20.0)

    assert json.loads(line)["method"].endswith("CreateExecution")
    assert ("", 130) == (errors, following.returncode)


def test_audit_when_it_cannot_be_followed_so(capsys: Captured) -> None:
    """What makes no lines is refused."""
    for words in (("--limit", "1"), ("--sort-by", "timestamp"), ("--format", "yaml")):
        _, said = ringback(capsys, "audit", "list", "--follow", *words, code=2)
        assert "--follow" in said


def test_follow_when_entries_arrive_late() -> None:
    """An entry that was stored later than it was made is not missed, and no entry comes twice."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    stored: list[LogEntry] = []

    def entry(seconds: float, text: str) -> LogEntry:
        made = LogEntry(text_payload=text)
        made.timestamp.FromDatetime(start + timedelta(seconds=seconds))
        return made

    def since(time: datetime) -> list[LogEntry]:
        found = [e for e in stored if e.timestamp.ToDatetime(tzinfo=UTC) >= time]
        return sorted(found, key=lambda e: e.timestamp.ToNanoseconds())

    looks = follow(since, start)
    stored += [entry(1, "a"), entry(1, "a"), entry(10, "b")]
    first = [e.text_payload for e in next(looks)]
    stored += [entry(6, "late"), entry(10, "b")]
    second = [e.text_payload for e in next(looks)]
    stored += [entry(60, "c")]
    later = [[e.text_payload for e in next(looks)] for _ in range(2)]

    assert (first, second, later) == (["a", "a", "b"], ["late", "b"], [["c"], []])


@pytest.mark.parametrize(
    ("words", "offered"),
    [("ringback exec", {"execute", "executions"}), ("ringback auth dec", {"decode"})],
)
def test_completion_when_the_shell_asks(words: str, offered: set[str], tmp_path: Path) -> None:
    """A shell that was set up with --install-completion gets the commands that begin so."""
    answer = subprocess.run(
        [Path(sys.executable).with_name("ringback")],
        env={
            **os.environ,
            "HOME": str(tmp_path),
            "_RINGBACK_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )

    assert offered == set(answer.stdout.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_when_a_script_is_asked_for(shell: str, capsys: Captured) -> None:
    """Each shell has a script of its own, which asks this program what to offer."""
    printed, _ = ringback(capsys, "completion", shell)

    assert f"complete_{shell}" in printed
    assert "_RINGBACK_COMPLETE" in printed


def test_completion_when_bash_reads_the_script(tmp_path: Path) -> None:
    """Bash that sourced the script offers what begins with the word that was typed."""
    typed = (
        "source <(ringback completion bash); COMP_WORDS=(ringback roll); COMP_CWORD=1; "
        '_ringback_completion ringback; echo "${COMPREPLY[*]}"'
    )
    folder = Path(sys.executable).parent
    answer = subprocess.run(
        ["/bin/bash", "-c", typed],
        env={**os.environ, "HOME": str(tmp_path), "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )

    assert "rollback\n" == answer.stdout, answer.stderr


@pytest.mark.usefixtures("server")
def test_deploy_when_a_dry_run_would_change_it(capsys: Captured) -> None:
    """A dry run of a workflow that exists changes neither its revision nor its times."""
    ringback(capsys, "deploy", "w", "--source", "w.yaml")
    before, _ = ringback(capsys, "describe", "w")
    Path("w.yaml").write_text(HELLO.replace("hello:", "greet:"))
    ringback(capsys, "deploy", "w", "--source", "w.yaml", "--dry-run")
    after, _ = ringback(capsys, "describe", "w")

    assert before == after
