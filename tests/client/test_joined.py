"""Commands that other packages join to the command line."""

import subprocess
import sys

import pytest

from ringback_client.cli.app import run
from ringback_client.cli.joined import joined_commands

# Prints which of the heavy packages a process has imported after `import_module(argument)`.
PROBE = """
import sys
from importlib import import_module
from ringback_client.cli.joined import is_joined
assert is_joined("serve")
import_module(sys.argv[1])
heavy = ("typer", "rich", "requests", "google.auth", "ringback_server")
print(*(name for name in heavy if name in sys.modules))
"""


def imported_with(module: str) -> set[str]:
    """Return the heavy packages that a process imports along with `module`."""
    command = [sys.executable, "-c", PROBE, module]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_help_when_commands_are_joined(capsys: pytest.CaptureFixture[str]) -> None:
    """Joined commands are in the help like all others."""
    assert run(["--help"]) == 0
    output = capsys.readouterr().out
    assert "serve" in joined_commands()
    assert all(f" {name} " in output for name in joined_commands())


def test_client_commands_when_loaded() -> None:
    """The server is not imported by a command that calls one."""
    assert "ringback_server" not in imported_with("ringback_client.cli.app")


def test_serve_when_loaded() -> None:
    """A server that starts imports nothing that only the client commands need."""
    assert imported_with("ringback_server.commands") == {"ringback_server"}
