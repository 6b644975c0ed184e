"""Server, client and command line connect to one another and to nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import environment, serving
from tests.e2e.tracing import connections, foreign, watched
from tests.operations.test_iam_commands import public_key
from tests.rpc.calls import EXECUTION
from tests.rpc_page import Row, rows
from tests.services import INVOKER, WAITS
from tests.test_documents import commands
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
TOKEN_CREATOR = ("--member=orders", "--role=roles/iam.serviceAccountTokenCreator")
VIEWER_ROLE = ("--member=orders", "--role=roles/workflows.viewer")
#: every command, in an order in which each finds what it is about; `serve` runs all the while
COMMANDS = (
    ("lint", "w.yaml"),
    ("run", "quick.yaml", "--local"),
    ("test", "quick.test.yaml"),
    ("deploy", "w", "--source=w.yaml"),
    ("deploy", "quick", "--source=quick.yaml"),
    ("list",),
    ("describe", "w"),
    ("list-revisions", "w"),
    ("deploy", "w", "--set-env-vars=A=1"),
    ("rollback", "w", "--yes"),
    ("diff", "w", "1", "3"),
    ("run", "quick"),
    ("execute", "w"),
    ("executions", "describe", "{execution}"),
    ("executions", "describe-last"),
    ("executions", "steps", "{execution}"),
    ("executions", "export", "{execution}"),
    ("executions", "list", "w"),
    ("callbacks", "list", "{execution}", "--format=json"),
    ("callbacks", "wait", "{execution}"),
    ("callbacks", "send", "{url}/v1/{callback}", "--data=1"),
    ("callbacks", "send", "--batch=callbacks.ndjson"),
    ("executions", "watch", "{execution}"),
    ("executions", "wait", "{execution}"),
    ("executions", "wait-last"),
    ("execute", "w"),
    ("executions", "cancel", "{execution}"),
    ("execute", "quick", "--batch=arguments.ndjson"),
    ("dev", "quick.yaml"),
    ("logs", "read"),
    ("logs", "tail"),
    ("audit", "list"),
    ("auth", "print-access-token"),
    ("auth", "print-access-token", f"--impersonate-service-account={INVOKER}"),
    ("auth", "print-identity-token", "--audiences=https://a"),
    (
        *("auth", "print-identity-token", "--audiences=https://a"),
        f"--impersonate-service-account={INVOKER}",
    ),
    ("auth", "decode", "{token}"),
    ("auth", "revoke", "{token}"),
    ("auth", "revoke", "--token-id=one:4711", "--until=30d"),
    ("auth", "create-client-secret", INVOKER),
    ("auth", "list-client-secrets", INVOKER),
    ("auth", "delete-client-secret", INVOKER, "none"),
    ("auth", "list-sessions", INVOKER),
    ("auth", "end-session", INVOKER, "none"),
    ("auth", "approve", "BCDF-GHJK"),
    ("auth", "login", "--device"),
    ("auth", "list"),
    ("auth", "logout"),
    ("auth", "keys", "list"),
    ("auth", "keys", "rotate"),
    ("auth", "keys", "revoke", "{signer}"),
    ("iam", "service-accounts", "create", "orders"),
    ("iam", "service-accounts", "list"),
    ("iam", "service-accounts", "describe", "orders"),
    ("iam", "service-accounts", "update", "orders", "--description=a"),
    ("iam", "service-accounts", "disable", "orders"),
    ("iam", "service-accounts", "enable", "orders"),
    ("iam", "service-accounts", "keys", "upload", "orders.pem", "--iam-account=orders"),
    (
        *("iam", "service-accounts", "keys", "list", "--iam-account=orders"),
        "--format=value(name.basename())",
    ),
    ("iam", "service-accounts", "keys", "describe", "{key}", "--iam-account=orders"),
    ("iam", "service-accounts", "keys", "disable", "{key}", "--iam-account=orders"),
    ("iam", "service-accounts", "keys", "enable", "{key}", "--iam-account=orders"),
    ("iam", "service-accounts", "keys", "delete", "{key}", "--iam-account=orders"),
    ("iam", "service-accounts", "keys", "create", "orders.json", "--iam-account=orders"),
    ("iam", "roles", "create", "sender", "--permissions=workflows.callbacks.send"),
    ("iam", "roles", "list", "--project=local"),
    ("iam", "roles", "describe", "sender"),
    ("iam", "roles", "update", "sender", "--title=a"),
    ("iam", "service-accounts", "add-iam-policy-binding", "orders", *TOKEN_CREATOR),
    ("iam", "service-accounts", "get-iam-policy", "orders"),
    ("iam", "service-accounts", "remove-iam-policy-binding", "orders", *TOKEN_CREATOR),
    ("iam", "add-binding", "quick", *VIEWER_ROLE, "--expires=30d"),
    ("iam", "get-policy", "quick"),
    ("iam", "remove-binding", "quick", *VIEWER_ROLE),
    ("iam", "test-permissions", "quick", "workflows.workflows.get"),
    ("iam", "test-permissions", INVOKER, "iam.serviceAccounts.getAccessToken"),
    ("iam", "apply", "policy.yaml", "--yes"),
    ("iam", "roles", "delete", "sender", "--quiet"),
    ("iam", "service-accounts", "delete", "orders", "--quiet"),
    ("env",),
    ("completion", "bash"),
    ("backup", "copy.db", "--data-dir=data"),
    ("callbacks", "signatures", "create", "w", "--scheme=github", "--secret-file=secret"),
    ("callbacks", "signatures", "list", "w"),
    ("callbacks", "signatures", "describe", "w", "github"),
    ("callbacks", "signatures", "update", "w", "github", "--disable"),
    ("callbacks", "signatures", "delete", "w", "github"),
    ("delete", "w", "--quiet"),
)


#: a line of a batch, whose callback nobody waits for
NOWHERE = {"url": f"http://127.0.0.1:8780/v1/{EXECUTION}/callbacks/{'0' * 32}", "data": 1}


def calls(row: Row, called: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether the command that a row names called its RPC."""
    rpc = row.name.removeprefix("ringback.v1.").replace(".", "/")
    return any(
        rpc in found
        for command, found in called.items()
        if set(row.command) <= {word.partition("=")[0] for word in command.split()}
        and command.startswith(" ".join(word for word in row.command if word[:2] != "--"))
    )


def observed(
    commands: Sequence[Sequence[str]], home: Path, trace: Path
) -> tuple[dict[str, Any], list[str]]:
    """Run commands; return what the program says of them, and whom strace saw it turn to."""
    done = subprocess.run(
        [*watched(trace), sys.executable, "-m", "tests.e2e.refusing"],
        input=json.dumps(commands),
        env=environment(home, {"PYTHONPATH": str(ROOT)}),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), foreign(trace)


def test_commands_when_they_are_watched() -> None:
    """No command is left out."""
    known = [words for words in commands() if words != ["serve"]]

    assert [] == [w for w in known if not any(list(c[: len(w)]) == w for c in COMMANDS)]


def test_everything_when_nothing_else_can_be_reached(tmp_path: Path) -> None:
    """No command and no server turns elsewhere, and each calls the RPC of docs/rpcs.md."""
    (tmp_path / "w.yaml").write_text(WAITS)
    (tmp_path / "quick.yaml").write_text("- first:\n    return: 1\n")
    (tmp_path / "callbacks.ndjson").write_text(json.dumps(NOWHERE))
    (tmp_path / "secret").write_text("a secret of GitHub's\n")
    (tmp_path / "arguments.ndjson").write_text("1")
    (tmp_path / "policy.yaml").write_text("serviceAccounts: [{id: orders, displayName: b}]\n")
    public_key(tmp_path / "orders.pem")
    (tmp_path / "quick.test.yaml").write_text("cases: [{name: a, expect: {result: 1}}]\n")
    traces = (tmp_path / "server.trace", tmp_path / "commands.trace")
    with serving(tmp_path / "data", home=tmp_path, under=watched(traces[0])) as server:
        there = [[word.replace("{url}", server.http) for word in c] for c in COMMANDS]
        said, others = observed(there, tmp_path, traces[1])

    failing = {
        "logs tail",
        "callbacks send --batch=callbacks.ndjson",
        "auth login --device",
        "auth approve BCDF-GHJK",
        f"auth delete-client-secret {INVOKER} none",
        f"auth end-session {INVOKER} none",
    }
    failed = {command: status for command, status in said["statuses"].items() if status}
    assert failing >= set(failed)
    assert [] == [row for row in rows() if row.command and not calls(row, said["called"])]
    assert ([], [], []) == (said["refused"], others, foreign(traces[0]))
    assert connections(traces[1]) > 0 or not watched(traces[1])


def test_watch_when_something_else_is_reached(tmp_path: Path) -> None:
    """The watch itself works: a key file of another host is refused, and seen."""
    with serving(tmp_path / "data", home=tmp_path) as server:
        key = json.loads(server.key_file.read_text())
        server.key_file.write_text(json.dumps({**key, "token_uri": "http://192.0.2.1/token"}))
        said, _ = observed([["auth", "print-access-token"]], tmp_path, tmp_path / "trace")

    assert said["statuses"] == {"auth print-access-token": 1}
    assert any("192.0.2.1" in text for text in said["refused"])


def test_watch_when_grpc_reaches_something_else(tmp_path: Path) -> None:
    """Connections of gRPC's own code, which Python does not see, are seen too."""
    trace = tmp_path / "trace"
    if not watched(trace):
        pytest.skip("needs strace")
    program = (
        "import grpc\n"
        "channel = grpc.insecure_channel('192.0.2.1:8787')\n"
        "try:\n    grpc.channel_ready_future(channel).result(1)\n"
        "except grpc.FutureTimeoutError:\n    pass\n"
    )
    subprocess.run([*watched(trace), sys.executable, "-c", program], timeout=PATIENCE, check=True)

    assert any("192.0.2.1 port 8787" in text for text in foreign(trace))
