"""A PostgreSQL cluster that lives as long as a benchmark, with every commit synced to disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.processes import UnavailableError, free_port, running

_DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
_USER = "bench"


@contextmanager
def cluster() -> Generator[str]:
    """Run a cluster and give the URL of a database that need not exist yet."""
    programs, become = _programs(), _become()
    # Not below a folder of ours: the account that it runs as must get there.
    home = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    try:
        if become:
            shutil.chown(home, become[0])
        data, port = home / "data", free_port()
        prefix = become[1:]
        _made(
            [*prefix, str(programs / "initdb"), "-D", str(data), "-U", _USER, "--auth=trust"], home
        )
        command = [*prefix, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
        for setting in (*_DURABLE, f"unix_socket_directories={home}", "max_connections=300"):
            command += ["-c", setting]
        ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
        with running(
            command,
            lambda: subprocess.run(ready, check=False).returncode == 0,
            home=home,
            stop=signal.SIGINT,
        ):
            yield f"postgresql://{_USER}@127.0.0.1:{port}/bench"
    finally:
        shutil.rmtree(home)


def _programs() -> Path:
    """Return where PostgreSQL's programs are: the newest of those that are installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not versions:
        raise UnavailableError("PostgreSQL is not installed")
    return versions[-1].parent


def _become() -> tuple[str, ...]:
    """Return an account and how to become it: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return ()
    known = {each.pw_name for each in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in known), None)
    setpriv = shutil.which("setpriv")
    if user is None or setpriv is None:
        raise UnavailableError("PostgreSQL does not run as root, and there is nobody else")
    group = str(pwd.getpwnam(user).pw_gid)
    return (user, setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups")


def _made(command: list[str], home: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    if done.returncode:
        raise UnavailableError(f"initdb: {done.stderr.strip()}")
