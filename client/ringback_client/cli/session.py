"""What the commands of one invocation share: where they were called, and how to reach a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from ringback_client.cli.output import say
from ringback_client.client import Client
from ringback_client.connection import Server, find_server
from ringback_client.retries import Retries

# Somebody waits at the terminal: a server that restarts is found again, one that is gone told of.
RETRIES = Retries(times=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The surroundings of one invocation."""

    environ: Mapping[str, str]
    directory: Path
    quiet: bool

    def say(self, words: str) -> None:
        """Tell the person at the terminal something, unless they asked for quiet."""
        if not self.quiet:
            say(words)

    def server(self) -> Server:
        """Find the server and say which it is; raises a ClientError when there is none."""
        server = find_server(self.environ, self.directory)
        self.say(f"Using the server at {server.address} ({server.found}).")
        return server

    def client(self, project: str | None, location: str) -> Client:
        """Make a client of the server; short names belong to `project` and `location`."""
        return Client(self.server(), project=project, location=location, retries=RETRIES)


def session_of(ctx: typer.Context) -> Session:
    """Return the session that `ringback` began."""
    session = ctx.find_object(Session)
    if session is None:
        raise RuntimeError("a command runs outside of the command line")
    return session
