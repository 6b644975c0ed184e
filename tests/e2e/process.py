"""Servers as processes of their own, started and stopped as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.waiting import PATIENCE, until

RINGBACK = Path(sys.executable).with_name("ringback")
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# Made once: to read the certificates of the system takes longer than most calls.
_TRUST = httpx.create_ssl_context()


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a user who lives in `home` and set nothing up."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RINGBACK", "XDG_"))}
    return {**kept, "HOME": str(home), **(extra or {})}


def ringback(*arguments: str | Path, home: Path, cwd: Path | None = None) -> str:
    """Run a command that must succeed and return its standard output."""
    done = subprocess.run(
        [RINGBACK, *arguments],
        env=environment(home),
        cwd=cwd or home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return done.stdout


@dataclass(slots=True)
class Server:
    """A server's process."""

    directory: Path
    log: Path
    process: subprocess.Popen[bytes]
    grpc: str = ""
    http: str = ""

    @property
    def key_file(self) -> Path:
        """The administrator's key file."""
        return self.directory / "admin.json"

    def token(self) -> str:
        """Exchange the administrator's key for an access token, with Google's own library."""
        google: Any = service_account.Credentials  # its types are partly unknown
        credentials = google.from_service_account_file(self.key_file, scopes=SCOPES)
        credentials.refresh(Request())
        return str(credentials.token)

    def call(
        self,
        method: str,
        resource: str,
        token: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object = None,
    ) -> httpx.Response:
        """Send an HTTP request to a resource or to a whole URL."""
        url = resource if resource.startswith("http") else f"{self.http}/v1/{resource}"
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.request(
            method,
            url,
            headers={**(headers or {}), **bearer},
            params=params,
            json=json,
            timeout=PATIENCE,
            verify=_TRUST,
        )

    def kill(self) -> None:
        """End the process without any warning."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask the process to end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def launch(
    directory: Path,
    *arguments: str,
    home: Path,
    under: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Server:
    """Start a server process, perhaps `under` another command; it may or may not come up."""
    log = home / "server.log"
    command = [*under, str(RINGBACK), "serve", "--data-dir", str(directory), *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(home, variables),
            cwd=home,
        )
    return Server(directory, log, process)


@contextmanager
def serving(
    directory: Path,
    *arguments: str,
    home: Path,
    under: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Generator[Server]:
    """Run a server on the ports it had last, at first on free ones; it is stopped at the end."""
    ready = home / "ready.json"
    ready.unlink(missing_ok=True)
    if not (directory / "ringback.db").exists():
        arguments = ("--grpc-address=127.0.0.1:0", "--http-address=127.0.0.1:0", *arguments)
    server = launch(
        directory,
        f"--ready-file={ready}",
        *arguments,
        home=home,
        under=under,
        variables=variables,
    )

    def addresses() -> dict[str, str] | None:
        if server.process.poll() is not None:
            raise AssertionError(server.log.read_text())
        return json.loads(ready.read_text()) if ready.exists() else None

    try:
        found = until(addresses)
        server.grpc, server.http = found["grpc"], found["http"]
        yield server
        if server.process.poll() is None:
            server.stop()
    finally:
        server.kill()
