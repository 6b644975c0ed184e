"""What the commands of one invocation share: where they were called, and how to reach a server."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from ringback_client.authorization import account_of_server
from ringback_client.cli.output import say
from ringback_client.cli.tokens import FileTokens, ImpersonatedTokens
from ringback_client.client import Client, Options
from ringback_client.connection import Server, find_server
from ringback_client.retries import Retries

# Somebody waits at the terminal: a server that restarts is found again, one that is gone told of.
RETRIES = Retries(times=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The surroundings of one invocation."""

    environ: Mapping[str, str]
    directory: Path
    #: say nothing but data and errors
    quiet: bool
    #: whether a person at a terminal may be asked
    asks: bool
    #: the account to act as, if not the key file's
    impersonated: str | None = None
    #: what has the access token, if not one is made with the key file
    token_file: Path | None = None

    def say(self, words: str) -> None:
        """Tell the person at the terminal something, unless they asked for quiet."""
        if not self.quiet:
            say(words)

    def confirm(self, question: str, otherwise: str, *, yes: bool = False) -> None:
        """Ask a person at the terminal; without one, or with `yes`, they agree.

        If they do not, say what comes of that, and raise typer.Exit.
        """
        asks = self.asks and not yes and sys.stdin.isatty()
        if asks and not typer.confirm(question, err=True):
            say(otherwise)
            raise typer.Exit(1)

    def server(self) -> Server:
        """Find the server and say which it is; raises a ClientError when there is none."""
        environ = self.environ
        if self.token_file is not None:
            # The key is not needed then, and so nor is its file's name.
            environ = {"RINGBACK_CREDENTIALS": os.devnull, **environ}
        server = find_server(environ, self.directory)
        self.say(f"Using the server at {server.address} ({server.found}).")
        return server

    def account(self, server: Server) -> str:
        """Return the address of the account that a server is called as; raises a ClientError."""
        if self.impersonated is not None:
            return self.impersonated
        if self.token_file is not None:
            return FileTokens(self.token_file).account()
        return account_of_server(server)[0]

    def client(self, project: str | None, location: str) -> Client:
        """Make a client of the server; short names belong to `project` and `location`."""
        return self.connect(self.server(), project, location)

    def connect(self, server: Server, project: str | None, location: str) -> Client:
        """Make a client of a server; see `client`."""
        options = Options(project=project, location=location, retries=RETRIES)
        tokens: Callable[[], str] | None = None
        if self.token_file is not None:
            tokens = FileTokens(self.token_file).get
        if self.impersonated is not None:
            tokens = ImpersonatedTokens(server, self.impersonated, tokens).get
        if tokens is not None:
            options["credentials"] = tokens
            if project is None and self.token_file is None:
                options["project"] = account_of_server(server)[1]
        return Client(server, **options)


def session_of(ctx: typer.Context) -> Session:
    """Return the session that `ringback` began."""
    session = ctx.find_object(Session)
    if session is None:
        raise RuntimeError("a command runs outside of the command line")
    return session
