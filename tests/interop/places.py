"""Servers to run programs against, and what leads the programs of a language to them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import Server, environment, ringback, serving
from tests.interop.programs import Program, output
from tests.waiting import PATIENCE

ADMIN = "admin@local.iam.gserviceaccount.com"
#: what `ringback env --language` knows; programs in others get what a shell gets
KNOWN = frozenset({"python", "node", "go", "java"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A server, and the home of the user whose programs run against it."""

    server: Server
    home: Path
    tls: bool

    def variables(self, language: str) -> dict[str, str]:
        """Return the environment of a shell after `eval "$(ringback env --language …)"`.

        In plaintext the metadata server's tokens are the administrator's; with TLS there is
        none, and the libraries find the administrator's key file.
        """
        known = language if language in KNOWN else "shell"
        printed = ringback("env", f"--language={known}", home=self.home)
        shell = subprocess.run(
            ["/bin/sh", "-c", f"{printed}\nenv -0"],
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        found = dict(pair.split("=", 1) for pair in shell.stdout.split("\0") if pair)
        if self.tls and language == "java":
            found["JAVA_TOOL_OPTIONS"] = (
                f"-Djavax.net.ssl.trustStore={self._trust_store()} "
                "-Djavax.net.ssl.trustStorePassword=changeit"
            )
        return found

    def _trust_store(self) -> Path:
        """Make the store that `ringback env --language=java` tells to make."""
        store = self.home / "ringback.p12"
        keytool = shutil.which("keytool")
        assert keytool is not None, "Java has a keytool"
        if not store.exists():
            command = [keytool, "-importcert", "-noprompt", "-alias", "ringback"]
            command += ["-file", str(self.server.directory / "ca.pem")]
            command += ["-keystore", str(store), "-storepass", "changeit"]
            subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
        return store

    def run(self, program: Program, *arguments: str) -> object:
        """Run a program, and return the JSON that it printed."""
        variables = self.variables(program.language)
        return json.loads(output(program, *arguments, variables=variables, cwd=self.home))


@contextmanager
def place(home: Path, *, tls: bool) -> Generator[Place]:
    """Start a server: with TLS by its own certificates, or in plaintext with a metadata server."""
    flags: tuple[str, ...] = ("--tls-self-signed",)
    if not tls:
        flags = ("--metadata-address=127.0.0.1:0", f"--metadata-account={ADMIN}")
    with serving(home / "data", *flags, home=home) as server:
        yield Place(server=server, home=home, tls=tls)
