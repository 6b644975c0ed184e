"""A program that runs commands of the command line in turn, and lets them connect nowhere else.

Reads a list of commands, as JSON, and writes what came of each, the RPCs that it called, and the
name of everything that was to be reached or looked up beyond this machine: Python's own
connections are refused. In a command, `{execution}`, `{callback}` and `{token}` stand for what
others printed before.
"""

from __future__ import annotations

import io
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from ipaddress import ip_address
from typing import cast
from unittest.mock import patch

from google.protobuf.message import Message

from ringback_client.cli import main
from ringback_client.rpcs import Rpc
from tests.waiting import PATIENCE

#: seconds for a command that goes on until it is interrupted
BRIEFLY = 1.0
_REACHES = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")

refused: list[str] = []
#: by what followed `ringback`, the names of RPCs
called: defaultdict[str, list[str]] = defaultdict(list)
#: the command under way
words_now: list[str] = []


def note(rpc: Rpc[Message, Message]) -> str:
    """Note that a command calls an RPC; return the path that it calls."""
    called[" ".join(words_now)].append(rpc.name)
    return f"/ringback.v1.{rpc.name}"


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse what leads to another machine, and remember it."""
    if event not in {*_REACHES, *_LOOKS_UP}:
        return
    address = arguments[1] if event in _REACHES else arguments[0]
    if event in _REACHES and isinstance(address, tuple):
        host = str(cast("tuple[object, ...]", address)[0])
    elif event in _REACHES:
        return  # a file's name, of a socket of this machine
    else:
        host = address.decode() if isinstance(address, bytes) else str(address)
    if not _here(host):
        refused.append(f"{event} {host}")
        raise ConnectionRefusedError(host)


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"localhost", "None"}


def run(arguments: Sequence[str]) -> tuple[int | str, str]:
    """Run a command as the command line does; return its exit status and what it printed."""
    sys.argv = ["ringback", *arguments]
    output = io.StringIO()
    with redirect_stdout(output), suppress(KeyboardInterrupt):
        if not {"dev", "login", "tail"}.isdisjoint(arguments):
            signal.setitimer(signal.ITIMER_REAL, BRIEFLY)
        try:
            status: int | str = main()
        except SystemExit as exit_:
            status = exit_.code or 0
        return status, output.getvalue()
    return 130, output.getvalue()


def run_all(commands: Sequence[Sequence[str]]) -> dict[str, int | str]:
    """Run commands that refer to one another; return the exit status of each."""
    known: dict[str, str] = {}
    statuses: dict[str, int | str] = {}
    for command in commands:
        words_now[:] = command
        words = [word.format_map(known) if "{" in word else word for word in command]
        status, output = run(words)
        deadline = time.monotonic() + PATIENCE
        while command[:2] == ["callbacks", "list"] and time.monotonic() < deadline:
            if found := json.loads(output):
                known["callback"] = found[0]["name"]
                break
            status, output = run(words)
        statuses[" ".join(command)] = status
        if command[0] == "execute":
            known["execution"] = output.strip()
        if command[:3] == ["auth", "keys", "rotate"]:
            known["signer"] = output.strip()
        if command[:4] == ["iam", "service-accounts", "keys", "list"]:
            known["key"] = output.strip()
        if "print-access-token" in command:
            known["token"] = output.strip()
    return statuses


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.addaudithook(refuse)
    with patch.object(Rpc, "path", property(note)):
        printed = run_all(json.load(sys.stdin))
    sys.stdout.write(json.dumps({"statuses": printed, "refused": refused, "called": called}))
