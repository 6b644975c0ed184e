"""What a server is open to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from ringback_server.errors import StartError
from ringback_server.exposure import Reminder, check_exposure, check_public_url
from ringback_server.setting_reader import read_settings
from ringback_server.setting_values import Address
from ringback_server.settings import Settings

HERE, EVERYWHERE = Address("127.0.0.1", 1), Address("::", 2)


class Counter(logging.Handler):
    """Counts what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.enough = threading.Semaphore(0)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        if "without authentication" in record.getMessage():
            self.enough.release()


@pytest.fixture
def counter() -> Iterator[Counter]:
    """Return a counter of the warnings."""
    handler = Counter()
    logger = logging.getLogger("ringback_server.exposure")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_exposure_when_nobody_is_asked_for_a_token() -> None:
    """Without authentication, other machines may connect only if that was said too."""
    open_ = Settings(insecure_no_auth=True)
    check_exposure(open_, HERE)
    check_exposure(Settings(insecure_no_auth=True, allow_remote_no_auth=True), EVERYWHERE)

    with pytest.raises(StartError, match=r"\[::\]:2.*--allow-remote-no-auth"):
        check_exposure(open_, HERE, EVERYWHERE)


@pytest.mark.parametrize(("encrypted", "expected"), [(False, 1), (True, 0)])
def test_exposure_when_nothing_is_encrypted(
    caplog: pytest.LogCaptureFixture, *, encrypted: bool, expected: int
) -> None:
    """A port in plain text that others can reach is warned of."""
    check_exposure(Settings(tls_self_signed=encrypted), HERE, EVERYWHERE)

    assert expected == len([text for text in caplog.messages if "not encrypted" in text])


@pytest.mark.parametrize(
    ("http", "public_url", "expected"),
    [
        (EVERYWHERE, None, 1),
        (EVERYWHERE, "https://flows.example.org", 0),
        (Address("192.0.2.7", 2), None, 0),
        (HERE, None, 0),
    ],
)
def test_exposure_when_the_public_url_is_forgotten(
    caplog: pytest.LogCaptureFixture, http: Address, public_url: str | None, expected: int
) -> None:
    """A port for all machines whose callback URLs lead to this one alone is warned of."""
    check_public_url(Settings(public_url=public_url), http)

    assert expected == len([text for text in caplog.messages if "say by --public-url" in text])


def test_reminder_when_time_passes(counter: Counter) -> None:
    """The warning comes at once and again, until the reminder is closed."""
    reminder = Reminder(0.01)
    reminder.start()
    for _ in range(3):
        assert counter.enough.acquire(timeout=10)
    reminder.close()

    assert "ringback-reminder" not in [thread.name for thread in threading.enumerate()]


def test_settings_when_switches_are_set() -> None:
    """A switch is a flag without a value, or a variable that is true or false."""
    environment = {"RINGBACK_INSECURE_NO_AUTH": "1", "RINGBACK_ALLOW_REMOTE_NO_AUTH": "false"}
    settings = read_settings(["--tls-self-signed"], environment)

    assert (settings.tls_self_signed, settings.insecure_no_auth) == (True, True)
    assert (settings.allow_remote_no_auth, settings.scheme) == (False, "https")
    with pytest.raises(StartError, match="RINGBACK_TLS_SELF_SIGNED: expected true or false"):
        read_settings([], {"RINGBACK_TLS_SELF_SIGNED": "perhaps"})


@pytest.mark.parametrize("arguments", [["--tls-self-signed", "--tls-cert=a", "--tls-key=b"]])
def test_settings_when_two_certificates_are_asked_for(arguments: list[str]) -> None:
    """One certificate or the other."""
    with pytest.raises(StartError, match="exclude one another"):
        read_settings(arguments, {})


@pytest.mark.parametrize("address", ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "example.org:80"])
def test_settings_when_metadata_are_for_others(address: str) -> None:
    """The metadata server, which asks for no token, is for this machine alone."""
    with pytest.raises(StartError, match="--metadata-address"):
        read_settings([f"--metadata-address={address}"], {})


@pytest.mark.parametrize(
    ("address", "expected"),
    [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")],
)
def test_address_when_it_stands_for_all(address: str, expected: str) -> None:
    """A server on every address is reached at this machine's own."""
    assert expected == str(Address.parse(address).reachable)
