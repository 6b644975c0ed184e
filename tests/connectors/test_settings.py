"""`--connector`: where connectors lead."""

from __future__ import annotations

import pytest

from ringback_server.errors import StartError
from ringback_server.network import connectors
from ringback_server.setting_reader import read_settings


def test_connector_when_it_is_repeated() -> None:
    """The flag may be given often; the variable has commas, and the flag wins."""
    flags = ["--connector", "googleapis.pubsub=http://a.test:1/", "--connector=gke=https://b.test"]
    variable = {
        "RINGBACK_CONNECTORS": "googleapis=http://c.test, googleapis.run.v1=http://d.test/x"
    }

    assert (("googleapis.pubsub", "http://a.test:1"), ("gke", "https://b.test")) == (
        read_settings(flags, variable).connectors
    )
    assert (("googleapis", "http://c.test"), ("googleapis.run.v1", "http://d.test/x")) == (
        read_settings([], variable).connectors
    )
    assert () == read_settings([], {}).connectors


def test_connector_when_it_is_given_the_same_url_twice() -> None:
    """It says nothing else, so it may."""
    flags = [
        "--connector=googleapis.pubsub=http://a.test",
        "--connector=googleapis.pubsub=http://a.test/",
    ]

    assert {"googleapis.pubsub": "http://a.test"} == dict(read_settings(flags, {}).connectors)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("googleapis.pubsub", "expected a URL"),
        ("", "expected NAME=URL"),
        ("googleapis.pubsub=", "googleapis.pubsub: expected a URL"),
        ("googleapis.pubsub=http://[::1", r"expected a URL .* got 'http://\[::1': Invalid IPv6"),
        ("googleapis.pubsub=http://a.test:99999", "got 'http://a.test:99999': Port out of range"),
        ("googleapis.pubsub=http://a.test:b", "got 'http://a.test:b': Port could not"),
        ("googleapis.pubsub=localhost:8085", "expected a URL"),
        ("googleapis.pubsub=http://a.test?x", "expected a URL"),
        ("googleapis.pubsub=http://user:word@a.test", "must not hold a user or password"),
        ("pubsub=http://a.test", "expected NAME=URL"),
        ("http://a.test", "expected NAME=URL"),
        ("googleapis.=http://a.test", "expected NAME=URL"),
        ("googleapis.pubsub=google", "needs --google-credentials"),
        (
            "googleapis.pubsub=http://a.test,googleapis=http://c.test,googleapis.pubsub=http://b.test",
            "googleapis.pubsub is given twice, with http://a.test and with http://b.test",
        ),
    ],
)
def test_connector_when_it_makes_no_sense(text: str, message: str) -> None:
    """A server does not start with what leads nowhere."""
    with pytest.raises(StartError, match=message):
        read_settings(["--connector", text], {})


def test_connector_when_a_server_starts_with_one_that_is_unknown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nothing has for its name is a warning in the log, in one line."""
    settings = read_settings(["--connector=googleapis.pubsb=http://a.test"], {})
    connectors(settings, [])

    assert ["--connector googleapis.pubsb: it is not a service of Google"] == [
        line.partition(";")[0] for line in caplog.messages
    ]


def test_connector_when_it_leads_to_google() -> None:
    """Google takes credentials."""
    arguments = ["--connector=googleapis.pubsub=google", "--google-credentials=default"]

    assert (("googleapis.pubsub", "google"),) == read_settings(arguments, {}).connectors
