"""Keys of external issuers, fetched from real ones over HTTP."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.errors import OverloadedError
from ringback_server.issuer_keys import (
    LONGEST_USE,
    MAX_DOCUMENT,
    SHORTEST_USE,
    STALE_SECONDS,
    UNKNOWN_SECONDS,
    USUAL_USE,
    FetchedKeys,
    fetched_keys,
)
from tests.certificates import self_signed
from tests.clocks import FakeClock
from tests.oidc_issuer import AUDIENCE, DISCOVERY, JWKS, IssuerKey, LocalIssuer, local_issuer
from tests.replacing import replace
from tests.waiting import until

NAME = "one"


@dataclass(slots=True)
class _Fetching:
    """Keys that are fetched from an issuer, at a clock that a test moves."""

    issuer: LocalIssuer
    keys: FetchedKeys
    clock: FakeClock

    def knows(self, key: IssuerKey) -> bool:
        """Tell whether a key is found; raises OverloadedError while that cannot be told."""
        return self.keys.find(NAME, key.kid, key.algorithm) is not None

    def learns(self, key: IssuerKey) -> bool:
        """Tell the same of a key that the issuer has to be asked for first."""
        with pytest.raises(OverloadedError, match="try again"):
            self.knows(key)
        self.settle()
        return self.knows(key)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due then happen."""
        self.clock.advance(seconds)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        until(lambda: "asking" not in repr(self.keys))


@contextmanager
def _fetching(issuer: LocalIssuer, *, settled: bool = True, **entry: str) -> Generator[_Fetching]:
    clock = FakeClock()
    known = ExternalIssuer(
        name=NAME,
        url=issuer.url,
        audiences=frozenset({AUDIENCE}),
        jwks_uri=entry.get("jwks_uri"),
    )
    keys = fetched_keys([known], clock)
    keys.start()
    try:
        fetching = _Fetching(issuer, keys, clock)
        if settled:
            fetching.settle()
        yield fetching
    finally:
        keys.close()


@pytest.fixture
def issuer() -> Generator[LocalIssuer]:
    """Return an issuer with one key."""
    with local_issuer() as running:
        yield running


@pytest.fixture
def fetching(issuer: LocalIssuer) -> Generator[_Fetching]:
    """Return keys that were fetched at the start."""
    with _fetching(issuer) as running:
        yield running


def test_keys_are_found_by_discovery_at_the_start(fetching: _Fetching) -> None:
    """Before the first token comes, the keys are there, and finding one asks nobody."""
    assert {DISCOVERY: 1, JWKS: 1} == fetching.issuer.asked
    for _ in range(100):
        assert fetching.knows(fetching.issuer.keys[0])
    assert {DISCOVERY: 1, JWKS: 1} == fetching.issuer.asked


def test_keys_are_found_without_discovery_when_their_place_is_given(issuer: LocalIssuer) -> None:
    """An entry with `jwks_uri` needs no discovery document."""
    with _fetching(issuer, jwks_uri=f"{issuer.url}{JWKS}") as fetching:
        assert fetching.knows(issuer.keys[0])
    assert {JWKS: 1} == issuer.asked


def test_discovery_when_the_issuer_has_a_path() -> None:
    """The well-known path follows the issuer's own."""
    with local_issuer(path="/realms/one") as issuer, _fetching(issuer) as fetching:
        assert fetching.knows(issuer.keys[0])


def test_new_key_is_found_when_the_issuer_rotates(fetching: _Fetching) -> None:
    """A token with a new key id makes one look-up and is worth another try; the old key is gone."""
    old, new = fetching.issuer.keys[0], IssuerKey.new("RS256")
    held = fetching.keys.find(NAME, old.kid, old.algorithm)
    assert held is not None
    fetching.issuer.keys = [new]

    assert fetching.learns(new)
    assert not fetching.knows(old)
    assert not fetching.keys.holds(NAME, held)
    assert 2 == fetching.issuer.asked[JWKS]


def test_lookups_are_bounded_when_key_ids_are_made_up(fetching: _Fetching) -> None:
    """However many unknown key ids come, an issuer is asked once per so many seconds."""
    some = fetching.issuer.keys[0]
    assert not fetching.learns(replace(some, kid="unknown"))
    for i in range(2_000):
        assert not fetching.knows(replace(some, kid=f"x{i}"))
    assert 2 == fetching.issuer.asked[JWKS]

    fetching.clock.advance(UNKNOWN_SECONDS)
    assert not fetching.learns(replace(some, kid="unknown"))
    for i in range(100):
        assert not fetching.knows(replace(some, kid=f"y{i}"))

    assert 3 == fetching.issuer.asked[JWKS]
    assert 1 == fetching.issuer.asked[DISCOVERY]


def test_nobody_waits_and_one_lookup_serves_all_while_the_issuer_is_slow(
    fetching: _Fetching,
) -> None:
    """Known keys are found as ever, unknown ones are refused at once, and asked for once."""
    issuer, new = fetching.issuer, IssuerKey.new()
    known = issuer.keys[0]
    issuer.open.clear()
    issuer.keys.append(new)

    for _ in range(100):
        assert fetching.knows(known)
        with pytest.raises(OverloadedError):
            fetching.knows(new)
    until(lambda: issuer.asked[JWKS] == 2)
    issuer.open.set()
    fetching.settle()

    assert fetching.knows(new)
    assert 2 == issuer.asked[JWKS]


@pytest.mark.parametrize(
    ("said", "use"),
    [
        ("public, max-age=900, must-revalidate", 900.0),
        ("max-age=0", SHORTEST_USE),
        ("max-age=1", SHORTEST_USE),
        ("no-store", SHORTEST_USE),
        ("no-cache, max-age=900", SHORTEST_USE),
        ("max-age=99999999", LONGEST_USE),
        ("max-age=-5", USUAL_USE),
        ("s-maxage=oops", USUAL_USE),
        ("", USUAL_USE),
    ],
)
def test_keys_are_used_for_as_long_as_the_issuer_says_within_bounds(
    issuer: LocalIssuer, said: str, use: float
) -> None:
    """A removed key is forgotten once the set's time is over, and not before."""
    issuer.headers = {"Cache-Control": said} if said else {}
    old = issuer.keys[0]
    with _fetching(issuer) as fetching:
        issuer.keys = [IssuerKey.new()]
        fetching.pass_time(use * 0.79)
        assert fetching.knows(old)
        assert 1 == issuer.asked[JWKS]

        fetching.pass_time(use * 0.02)

        assert fetching.knows(issuer.keys[0])
        assert 2 == issuer.asked[JWKS]


def test_old_keys_are_used_while_the_issuer_is_down_and_not_for_ever(fetching: _Fetching) -> None:
    """An outage of the issuer is none of ours, up to a limit."""
    issuer = fetching.issuer
    key = issuer.keys[0]
    issuer.put(JWKS, b"down", 503)
    fetching.pass_time(USUAL_USE + STALE_SECONDS - 1)
    assert fetching.knows(key)

    fetching.pass_time(1)

    with pytest.raises(OverloadedError, match="try again"):
        fetching.knows(key)
    issuer.answers.clear()
    fetching.pass_time(60)
    assert fetching.knows(key)


def test_unknown_key_is_worth_another_try_while_the_issuer_is_down(fetching: _Fetching) -> None:
    """Nobody can tell whether such a token is good; known keys are used meanwhile."""
    issuer = fetching.issuer
    known, new = issuer.keys[0], IssuerKey.new()
    issuer.keys.append(new)
    issuer.put(JWKS, b"down", 503)

    with pytest.raises(OverloadedError):
        fetching.learns(new)
    assert fetching.knows(known)
    asked = issuer.asked[DISCOVERY] + issuer.asked[JWKS]
    for _ in range(100):
        with pytest.raises(OverloadedError):
            fetching.knows(new)
    fetching.settle()
    assert asked == issuer.asked[DISCOVERY] + issuer.asked[JWKS]

    issuer.answers.clear()
    fetching.pass_time(1)

    assert fetching.knows(new)


def test_lookups_are_bounded_while_the_issuer_is_down(issuer: LocalIssuer) -> None:
    """An issuer that is down is asked ever more seldom, at most once a minute in the end."""
    issuer.put(DISCOVERY, b"down", 503)
    with _fetching(issuer) as fetching:
        for _ in range(600):
            with pytest.raises(OverloadedError):
                fetching.knows(issuer.keys[0])
            fetching.pass_time(1)

    assert 8 <= issuer.asked[DISCOVERY] <= 6 + 600 / 60 + 1


def _of(local: LocalIssuer, **changes: object) -> dict[str, object]:
    return {**local.discovery, **changes}


SPOILT: dict[str, Callable[[LocalIssuer], object]] = {
    "another issuer": lambda issuer: _of(issuer, issuer="https://other.example.org"),
    "a slash more": lambda issuer: _of(issuer, issuer=f"{issuer.url}/"),
    "no issuer": lambda issuer: {"jwks_uri": issuer.discovery["jwks_uri"]},
    "a list": lambda issuer: [issuer.discovery],
    "no place": lambda issuer: {"issuer": issuer.url},
    "a file": lambda issuer: _of(issuer, jwks_uri="file:///etc/passwd"),
    "plain text": lambda issuer: _of(issuer, jwks_uri="http://example.org/keys"),
    "another port here": lambda issuer: _of(issuer, jwks_uri="http://127.0.0.1:1/keys"),
    "a private address": lambda issuer: _of(issuer, jwks_uri="https://10.0.0.1/keys"),
    "a metadata server": lambda issuer: _of(issuer, jwks_uri="https://169.254.169.254/keys"),
    "its name": lambda issuer: _of(issuer, jwks_uri="https://metadata.google.internal/keys"),
    "no json": lambda _: b"<html>",
    "twins": lambda issuer: json.dumps(issuer.discovery).encode().replace(b"{", b'{"issuer": 1,'),
    "deep": lambda _: b"[" * 100_000,
    "huge": lambda issuer: json.dumps(_of(issuer, x="x" * MAX_DOCUMENT)).encode(),
    "enormous": lambda _: b" " * (3 << 20),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_discovery_is_refused_when_it_is_not_the_issuers(
    issuer: LocalIssuer, spoilt: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is fetched from where a wrong document leads; the log says what is wrong."""
    issuer.put(DISCOVERY, SPOILT[spoilt](issuer))
    with caplog.at_level(logging.WARNING), _fetching(issuer) as fetching:
        with pytest.raises(OverloadedError):
            fetching.knows(issuer.keys[0])
        assert 0 == issuer.asked[JWKS]
    assert "the keys of issuer one cannot be had" in caplog.text
    assert len(caplog.text) < 2_000


def test_private_address_is_named_in_the_log_when_a_document_leads_there(
    issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what to do if the operator means it."""
    issuer.put(DISCOVERY, _of(issuer, jwks_uri="https://10.0.0.1/keys"))
    with caplog.at_level(logging.WARNING), _fetching(issuer):
        pass
    assert (
        "10.0.0.1 is not a public address; if it is meant, give it as the entry's jwks_uri"
        in caplog.text
    )


@pytest.mark.parametrize(
    "spoilt", [b"", b"[]", b'{"keys": {}}', b'{"keys": []} x', b'{"keys": [' + b"{}," * 65 + b"1]}"]
)
def test_key_set_is_refused_when_it_is_none(fetching: _Fetching, spoilt: bytes) -> None:
    """What is no key set replaces no key set."""
    key = fetching.issuer.keys[0]
    fetching.issuer.put(JWKS, spoilt)
    fetching.pass_time(USUAL_USE)

    assert 2 == fetching.issuer.asked[JWKS]
    assert fetching.knows(key)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(issuer: LocalIssuer, status: int) -> None:
    """Keys come from where the operator or the issuer's own document says, and nowhere else."""
    issuer.put("/elsewhere", issuer.jwks)
    issuer.put(JWKS, b"", status, Location=f"{issuer.url}/elsewhere")
    with _fetching(issuer) as fetching, pytest.raises(OverloadedError):
        fetching.knows(issuer.keys[0])
    assert 0 == issuer.asked["/elsewhere"]


def test_metadata_server_is_never_asked_when_an_entry_leads_there(
    issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """An address where clouds keep credentials is refused to everybody."""
    with (
        caplog.at_level(logging.WARNING),
        _fetching(issuer, jwks_uri="https://169.254.169.254/keys") as fetching,
        pytest.raises(OverloadedError),
    ):
        fetching.knows(issuer.keys[0])
    assert "always refused" in caplog.text


def test_stop_waits_for_no_issuer(issuer: LocalIssuer) -> None:
    """A stop gives up what is under way, and may be asked for twice."""
    issuer.open.clear()
    with _fetching(issuer, settled=False) as fetching:
        until(lambda: issuer.asked[DISCOVERY])
        fetching.keys.close()

        with pytest.raises(OverloadedError):
            fetching.knows(issuer.keys[0])


def test_certificate_of_the_issuer_is_verified(tmp_path: Path) -> None:
    """Who has a certificate of an unknown authority has no keys, unless the entry names it."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with local_issuer(tls=context) as issuer:
        plain = ExternalIssuer(name=NAME, url=issuer.url, audiences=frozenset({AUDIENCE}))
        trusting = replace(plain, authorities=certificate.read_bytes())
        found = [_first_lookup(entry, issuer.keys[0]) for entry in (plain, trusting)]
    assert [False, True] == found


def _first_lookup(entry: ExternalIssuer, key: IssuerKey) -> bool:
    keys = fetched_keys([entry], FakeClock())
    keys.start()
    try:
        until(lambda: "asking" not in repr(keys))
        return keys.find(NAME, key.kid, key.algorithm) is not None
    except OverloadedError:
        return False
    finally:
        keys.close()


def test_each_issuer_is_asked_for_itself(issuer: LocalIssuer) -> None:
    """One that does not answer keeps nobody from another one's keys."""
    with local_issuer() as silent:
        silent.open.clear()
        entries = [
            ExternalIssuer(name=name, url=one.url, audiences=frozenset({AUDIENCE}))
            for name, one in (("silent", silent), (NAME, issuer))
        ]
        keys = fetched_keys(entries, FakeClock())
        keys.start()
        try:
            until(lambda: f"{NAME}: 1 keys" in repr(keys))
            assert "silent: no keys (asking)" in repr(keys)
        finally:
            keys.close()
