"""What the settings say about requests of workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.errors import StartError
from ringback_server.network import outbound_client
from ringback_server.setting_reader import read_settings
from ringback_server.settings import Settings
from tests.engine.outbound.upstream import answer_to, answering, request, upstream


def test_egress_when_it_is_set() -> None:
    """--egress-allow takes networks and hosts between commas."""
    settings = read_settings(["--egress-allow", "10.0.0.0/8, db.test,,"], {})

    assert ("10.0.0.0/8", "db.test") == settings.egress_allow
    assert () == read_settings([], {}).egress_allow
    assert EgressPolicy.of(settings.egress_allow).refusal("db.test", 1, "192.168.0.1") is None


def test_egress_when_it_makes_no_sense() -> None:
    """A server does not start with a network that is none."""
    settings = Settings(egress_allow=("10.0.0.1/8",))
    with pytest.raises(StartError, match="--egress-allow: 10"):
        outbound_client(settings, [], loopback=True, trusted=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("X-Request-Id", "X-Request-Id"), ("none", None), ("", "Idempotency-Key")],
)
def test_idempotency_header_when_it_is_set(text: str, expected: str | None) -> None:
    """The header can be another one, or none."""
    settings = read_settings([], {"RINGBACK_IDEMPOTENCY_HEADER": text})

    assert expected == settings.idempotency_header


@pytest.mark.parametrize("text", ["a b", "a:", "a\nb", "\u00e9"])
def test_idempotency_header_when_it_makes_no_sense(text: str) -> None:
    """What cannot be the name of a header is refused at the start."""
    with pytest.raises(StartError, match="--idempotency-header"):
        read_settings(["--idempotency-header", text], {})


def test_client_when_the_server_is_not_alone_on_its_machine(tmp_path: Path) -> None:
    """Other machines' callers reach nothing on this one but the server itself."""
    settings = Settings(data_dir=tmp_path)
    with upstream(answering()) as own, upstream(answering()) as other:
        client = outbound_client(settings, [own.url("")], loopback=False, trusted=None)
        client.start()
        answers = [type(answer_to(client, request(one.url()))).__name__ for one in (own, other)]
        client.close()

    assert ["HttpResponse", "HttpFailure"] == answers
    assert not other.received


@pytest.mark.parametrize(
    ("text", "expected"),
    [("none", ()), ("", Settings().answer_for), ("A.test, b.test", ("a.test", "b.test"))],
)
def test_answer_for_when_it_is_set(text: str, expected: tuple[str, ...]) -> None:
    """The hosts that the server answers for can be others, or none."""
    assert expected == read_settings([], {"RINGBACK_ANSWER_FOR": text}).answer_for


@pytest.mark.parametrize(
    "text", ["https://a.test", "a.test:443", "*.test", "a test", "a.test.", "none,a.test"]
)
def test_answer_for_when_it_makes_no_sense(text: str) -> None:
    """What is no name of a host is refused at the start."""
    with pytest.raises(StartError, match="--answer-for"):
        read_settings(["--answer-for", text], {})


def test_answer_for_when_help_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The default is shown as it would be given."""
    with pytest.raises(SystemExit):
        read_settings(["--help"], {})

    shown = "".join(capsys.readouterr().out.split())
    assert "(defaultworkflowexecutions.googleapis.com,workflows.googleapis.com)" in shown


def test_requests_per_host_when_they_are_set() -> None:
    """A share can be given, of one at least."""
    assert 3 == read_settings(["--requests-per-host", "3"], {}).requests_per_host
    with pytest.raises(StartError, match="--requests-per-host: expected a whole number"):
        read_settings(["--requests-per-host", "0"], {})


def test_client_when_connectors_lead_to_private_addresses(tmp_path: Path) -> None:
    """Where an operator leads connectors may be reached, and nothing beside it."""
    with upstream(answering()) as led, upstream(answering()) as other:
        settings = Settings(data_dir=tmp_path, connectors=(("googleapis.x", led.url("")),))
        client = outbound_client(settings, [], loopback=False, trusted=None)
        client.start()
        answers = [type(answer_to(client, request(one.url()))).__name__ for one in (led, other)]
        client.close()

    assert ["HttpResponse", "HttpFailure"] == answers
    assert not other.received
