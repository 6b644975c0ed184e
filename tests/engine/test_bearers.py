"""Tokens for requests: which are at hand, which are fetched, and how long they are kept."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from ringback_server.auth.google_tokens import GoogleToken, GoogleTokens
from ringback_server.engine.bearers import Bearers
from ringback_server.errors import FailedPreconditionError, RingbackError
from ringback_server.lang.http_exchange import HttpAuth
from tests.clocks import PATIENCE, FakeClock
from tests.google_endpoint import google_endpoint

OWN, FOREIGN, REFUSED = "http://own.test/", "http://foreign.test/", "http://refused.test/"
ID = HttpAuth(type="OIDC")
ACCESS = HttpAuth(type="OAuth2", scopes=("a",))


class Own:
    """Issues our tokens."""

    def is_foreign(self, account: str, url: str) -> bool:
        """Tell whether a URL is not OWN; refuse accounts that are disabled."""
        if account == "disabled":
            raise FailedPreconditionError("is disabled")
        return url != OWN

    def id_token(self, account: str, audience: str) -> str:
        """Return what shows its arguments."""
        return f"own id of {account} for {audience}"

    def access_token(self, account: str, url: str, scopes: tuple[str, ...]) -> str:
        """Return what shows its arguments."""
        return f"own {scopes} of {account} for {url}"


class Google:
    """Gets tokens when a test lets it."""

    def __init__(self, clock: FakeClock) -> None:
        """Take the clock that tokens expire by."""
        self.clock = clock
        self.asked = queue.Queue[object]()
        self.answers = queue.Queue[str | Exception]()

    def check(self, url: str) -> None:
        """Refuse one URL."""
        if url == REFUSED:
            raise FailedPreconditionError("not sent there")

    def access_token(self, scopes: Iterable[str]) -> GoogleToken:
        """Wait for an answer."""
        return self._got(tuple(scopes))

    def id_token(self, audience: str) -> GoogleToken:
        """Wait for an answer."""
        return self._got(audience)

    def _got(self, asked: object) -> GoogleToken:
        self.asked.put(asked)
        answer = self.answers.get(timeout=PATIENCE)
        if isinstance(answer, Exception):
            raise answer
        return GoogleToken(answer, self.clock.now() + 3_600)


class Asking:
    """Bearers, and what they told."""

    def __init__(self) -> None:
        """Start without a token."""
        self.clock = FakeClock()
        self.google = Google(self.clock)
        self.bearers = Bearers(Own(), self.clock, self.google)
        self.told = queue.Queue[str | RingbackError]()

    def ask(self, auth: HttpAuth, url: str = FOREIGN, account: str = "x") -> None:
        """Ask for a token."""
        self.bearers.obtain(account, url, auth, self.told.put)

    def heard(self) -> str:
        """Return what was told next."""
        found = self.told.get(timeout=PATIENCE)
        return found if isinstance(found, str) else f"! {found.message}"


def test_token_when_there_are_no_credentials_of_google() -> None:
    """Without any, everybody's tokens are ours, and told at once."""
    told: list[str | RingbackError] = []
    bearers = Bearers(Own(), FakeClock())
    bearers.obtain("x", FOREIGN, ID, told.append)
    bearers.obtain("x", FOREIGN, ACCESS, told.append)

    assert [f"own id of x for {FOREIGN}", f"own ('a',) of x for {FOREIGN}"] == told


def test_token_when_it_goes_to_this_server() -> None:
    """This server gets its own tokens, whatever credentials there are."""
    asking = Asking()
    asking.ask(ID, OWN)
    asking.ask(ACCESS, OWN)

    assert [f"own id of x for {OWN}", f"own ('a',) of x for {OWN}"] == [
        asking.told.get_nowait(),
        asking.told.get_nowait(),
    ]


def test_token_when_it_may_not_go_there() -> None:
    """What is refused is refused at once, and nothing is fetched for it."""
    asking = Asking()
    asking.ask(ACCESS, REFUSED)
    asking.ask(ID, account="disabled")

    assert ["! not sent there", "! is disabled"] == [asking.heard(), asking.heard()]
    assert asking.google.asked.empty()


def test_token_when_several_ask_for_it() -> None:
    """Those who ask while a token is fetched share it, and later ones get it at once."""
    asking = Asking()
    for _ in range(3):
        asking.ask(ACCESS)
    asking.google.answers.put("t")

    assert ["t"] * 3 == [asking.heard() for _ in range(3)]
    asking.ask(ACCESS, "http://another.test/")
    assert "t" == asking.told.get_nowait()
    assert 1 == asking.google.asked.qsize()


def test_token_when_it_is_about_to_expire() -> None:
    """A token is used until five minutes before its end, and then fetched anew."""
    asking = Asking()
    asking.google.answers.put("first")
    asking.ask(ID)
    assert "first" == asking.heard()
    asking.clock.advance(3_299)
    asking.ask(ID)
    assert "first" == asking.told.get_nowait()
    asking.clock.advance(1)
    asking.google.answers.put("second")
    asking.ask(ID)

    assert "second" == asking.heard()


def test_token_when_it_is_for_something_else() -> None:
    """Each audience and each set of scopes has a token of its own."""
    asking = Asking()
    wanted = [
        (ID, FOREIGN),
        (HttpAuth(type="OIDC", audience="them"), FOREIGN),
        (ACCESS, FOREIGN),
        (HttpAuth(type="OAuth2"), FOREIGN),
    ]
    for number, (auth, url) in enumerate(wanted):
        asking.google.answers.put(str(number))
        asking.ask(auth, url)
        assert str(number) == asking.heard()

    asked = [asking.google.asked.get_nowait() for _ in wanted]
    assert [FOREIGN, "them", ("a",), ()] == asked


@pytest.mark.parametrize(
    ("error", "heard"),
    [
        (FailedPreconditionError("they said no"), "! they said no"),
        (KeyError("secret"), "! no token of Google: internal error: KeyError"),
    ],
)
def test_token_when_it_cannot_be_got(
    error: Exception, heard: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All who wait are told why, the log too, and the next one tries again."""
    asking = Asking()
    asking.ask(ID)
    asking.ask(ID)
    asking.google.answers.put(error)
    assert [heard, heard] == [asking.heard(), asking.heard()]
    asking.google.answers.put("t")
    asking.ask(ID)

    assert "t" == asking.heard()
    assert "secret" not in caplog.text
    assert 1 == len(caplog.records)


def test_tokens_when_google_is_slow() -> None:
    """A few are fetched at a time, the others wait for their turn, and none is forgotten."""
    asking = Asking()
    for number in range(10):
        asking.ask(HttpAuth(type="OIDC", audience=str(number)))
    busy = [asking.google.asked.get(timeout=PATIENCE) for _ in range(4)]
    assert asking.google.asked.empty()
    for number in range(10):
        asking.google.answers.put(str(number))

    assert 10 == len({asking.heard() for _ in range(10)})
    assert {"0", "1", "2", "3"} == set(busy)


@pytest.mark.parametrize("auth", [ID, ACCESS], ids=["identity", "access"])
def test_token_when_google_s_library_gets_it(tmp_path: Path, auth: HttpAuth) -> None:
    """A token of a real endpoint is kept as long as it says that it is valid, and got anew then."""
    clock, told = FakeClock(time.time()), queue.Queue[str | RingbackError]()
    with google_endpoint() as google:
        tokens = GoogleTokens(str(google.key_file(tmp_path / "key.json")), loopback=True)
        bearers = Bearers(Own(), clock, tokens)
        url, found = "http://127.0.0.1:1/", list[str | RingbackError]()
        for pause in (0, 3_000, 400):
            clock.advance(pause)
            bearers.obtain("x", url, auth, told.put)
            found.append(told.get(timeout=PATIENCE))

    first, second = google.tokens
    assert [first, first, second] == found
