"""A server under load that is killed at random instants, over and over, on one data dir."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import Server, launch, serving
from tests.torture.client import Client
from tests.torture.ledger import Ledger

_CLIENTS = 4
#: how long a server is left alone at most before it is killed, in seconds
_LONGEST_LIFE = 0.8
#: how many are killed within so many seconds after their start
_EARLY_DEATHS = 0.1
_LONGEST_START = 1.5
#: how long a stopped process stays stopped at most, in seconds
_LONGEST_STOP = 0.2
#: how often in a life a process is stopped rather than left alone
_STOPS = 0.3
#: after how many lives a new token is asked for
_TOKEN_LIVES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened."""

    kills: int
    stops: int
    seconds: float
    ledgers: list[Ledger]

    def __str__(self) -> str:
        answers = Counter[str]()
        for ledger in self.ledgers:
            answers += ledger.answers
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(answers.items()))
        return (
            f"{self.kills} kills and {self.stops} stops in {self.seconds:.0f} s; "
            f"answers by request: {counts}"
        )


class _Gate:
    """Where clients wait while no server is up."""

    def __init__(self) -> None:
        # Guards the fields below.
        self._changed = threading.Condition()
        self._place: tuple[str, str] | None = None
        self._over = False

    def open(self, url: str, token: str) -> None:
        with self._changed:
            self._place = url, token
            self._changed.notify_all()

    def shut(self) -> None:
        with self._changed:
            self._place = None

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait(self) -> tuple[str, str] | None:
        with self._changed:
            while self._place is None and not self._over:
                self._changed.wait()
            return None if self._over else self._place


class Siege:
    """One data dir, its servers, and the clients that use them."""

    def __init__(self, home: Path, seed: int) -> None:
        """Keep the data in a folder within `home`."""
        self.directory = home / "data"
        self._home = home
        self._random = random.Random(seed)
        self._gate = _Gate()
        self._clients = [
            Client(f"c{number}", self._random.getrandbits(32), self._gate.wait)
            for number in range(_CLIENTS)
        ]
        self._token = ""
        self._stops = 0

    def run(self, *, kills: int, seconds: float) -> Report:
        """Kill a server `kills` times, or until `seconds` have passed; then stop the last."""
        began, done = time.monotonic(), 0
        with ExitStack() as stack:
            stack.callback(self._gate.end)
            for client in self._clients:
                client.start()
            while done < kills and time.monotonic() - began < seconds:
                if done and self._random.random() < _EARLY_DEATHS:
                    self._kill_early()
                    done += 1
                    continue
                with serving(self.directory, home=self._home) as server:
                    self._live(server, fresh=done % _TOKEN_LIVES == 0)
                    server.kill()
                    self._gate.shut()
                done += 1
            with serving(self.directory, home=self._home) as server:
                self._live(server, fresh=True)
                # The last one is not killed, so it must not stay stopped either.
                server.process.send_signal(signal.SIGCONT)
                self._gate.end()
                for client in self._clients:
                    client.join()
        return Report(
            kills=done,
            stops=self._stops,
            seconds=time.monotonic() - began,
            ledgers=[client.ledger for client in self._clients],
        )

    def _kill_early(self) -> None:
        """Kill a server while it starts, perhaps."""
        server = launch(self.directory, home=self._home)
        time.sleep(self._random.random() * _LONGEST_START)
        server.kill()

    def _live(self, server: Server, *, fresh: bool) -> None:
        """Let a server serve for a random time, stopped now and then on the way."""
        if fresh:
            self._token = server.token()
        self._gate.open(server.http, self._token)
        life = self._random.random() * _LONGEST_LIFE
        if self._random.random() < _STOPS:
            self._stops += 1
            time.sleep(life / 2)
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(self._random.random() * _LONGEST_STOP)
            # Every other stopped process is killed as it is.
            if self._random.random() < 0.5:
                server.process.send_signal(signal.SIGCONT)
            else:
                return
        time.sleep(life / 2)
