"""`ringback env`: what it prints for which language."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ringback_client.cli.app import run

TRUST = {
    "shell": {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"},
    "python": {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE"},
    "node": {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "NODE_EXTRA_CA_CERTS"},
    "go": {"SSL_CERT_FILE"},
    "java": set[str](),
}
GOOGLES = {"GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS"}
METADATA = {"GOOGLE_CLOUD_PROJECT", "GCE_METADATA_HOST", "GCE_METADATA_IP"}
OURS = {"RINGBACK_ADDRESS", "RINGBACK_CREDENTIALS"}

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


def record(key_file: Path, **members: str) -> None:
    """Let the data directory say that this server runs."""
    said = {"grpc": "127.0.0.1:1", "http": "http://127.0.0.1:2", "pid": os.getpid(), **members}
    (key_file.parent / "server.json").write_text(json.dumps(said))


def printed(capsys: Captured, *arguments: str) -> tuple[dict[str, str], str]:
    """Return the exports of `ringback env` and its words."""
    assert run(["env", *arguments]) == 0
    output = capsys.readouterr()
    lines = [line.partition("=") for line in output.out.splitlines() if "=" in line]
    return {name.removeprefix("export "): value for name, _, value in lines}, output.err


@pytest.mark.parametrize("language", TRUST)
def test_env_when_a_language_is_named(language: str, key_file: Path, capsys: Captured) -> None:
    """Each language gets the names under which its libraries look for certificates."""
    record(key_file, http="https://127.0.0.1:2", ca="/some where/ca.pem")

    found, words = printed(capsys, "--language", language)

    expected = OURS | GOOGLES | TRUST[language] | {"RINGBACK_CA_FILE"}
    assert expected == {name for name in found if "ENDPOINT" not in name}
    assert ("https://127.0.0.1:1", "'/some where/ca.pem'") == (
        found["RINGBACK_ADDRESS"],
        found["RINGBACK_CA_FILE"],
    )
    assert ("keytool" in words) is (language == "java")


def test_env_when_nothing_is_encrypted(key_file: Path, capsys: Captured) -> None:
    """Nothing is to be trusted then, and gcloud is led to the HTTP port."""
    record(key_file)

    found, _ = printed(capsys)

    gcloud = {name: value for name, value in found.items() if name.startswith("CLOUDSDK")}
    assert OURS | GOOGLES | set(gcloud) == set(found)
    assert {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS": "http://127.0.0.1:2/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWEXECUTIONS": "http://127.0.0.1:2/",
    } == gcloud


def test_env_when_metadata_are_served(
    key_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key file, which libraries would prefer, makes way; so should gcloud's credentials."""
    record(key_file, metadata="127.0.0.1:3")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    (tmp_path / "application_default_credentials.json").touch()

    found, words = printed(capsys, "--language=node")

    assert OURS | METADATA == set(found)
    assert found["GCE_METADATA_IP"] == "127.0.0.1:3"
    assert "application_default_credentials.json" in words


def test_env_when_node_would_call_google(key_file: Path, capsys: Captured) -> None:
    """Without metadata, Node's library sends assertions to Google: that is said."""
    record(key_file)

    assert "--metadata-address" in printed(capsys, "--language=node")[1]


def test_env_when_gcloud_would_trust_others(
    key_file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that keeps gcloud from trusting the server is named."""
    record(key_file, http="https://127.0.0.1:2", ca="/ca.pem")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/other.pem")

    assert "gcloud trusts what REQUESTS_CA_BUNDLE say" in printed(capsys)[1]


def test_env_when_only_the_variables_know(
    key_file: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server elsewhere is known by what was set before."""
    (key_file.parent / "server.json").unlink()
    monkeypatch.setenv("RINGBACK_ADDRESS", "https://flows.example.org:8787")
    monkeypatch.setenv("RINGBACK_CREDENTIALS", str(key_file))

    found, _ = printed(capsys)

    assert found["RINGBACK_ADDRESS"] == "https://flows.example.org:8787"
    assert found["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS"].startswith("http://127.0.0.1:")
