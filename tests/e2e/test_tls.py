"""TLS with the server's own certificates, and the variables that lead other programs there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ringback_client import Client
from tests.certificates import caller
from tests.e2e.process import environment, ringback, serving
from tests.e2e.test_official_client import EXPECTED, PROGRAM
from tests.waiting import PATIENCE

CLOUDSDK_CA = "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"
FIRST = "- first:\n    return: 1\n"


def evaluated(home: Path, *arguments: str, **variables: str) -> dict[str, str]:
    """Return the environment of a shell after `eval "$(ringback env …)"`."""
    command = " ".join(("env", *arguments))
    done = subprocess.run(
        ["/bin/sh", "-c", f'eval "$("$PROGRAM" {command})" && env -0'],
        env=environment(home, {"PROGRAM": str(Path(sys.executable).with_name("ringback"))})
        | variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "Using the server at" in done.stderr
    return dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)


def curl(*arguments: str | Path) -> str:
    """Run curl, which must succeed."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs curl")
    command = [program, "--silent", "--show-error", "--fail", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout


def test_serve_when_self_signed(tmp_path: Path) -> None:
    """Command line, curl and Google's client trust the server's own authority."""
    home = tmp_path / "it's $HOME"
    home.mkdir()
    with serving(home / "data", "--tls-self-signed", home=home) as server:
        (home / "w.yaml").write_text(FIRST)
        ringback("deploy", "w", "--source", "w.yaml", home=home)
        result = ringback("run", "w", home=home).strip()
        variables = evaluated(home, "--language=python")
        keys = curl(
            "--cacert", variables["RINGBACK_CA_FILE"], f"{server.http}/.well-known/jwks.json"
        )
        ringback("--quiet", "executions", "list", "w", home=home)
        # From the variables alone, without the record of the server.
        (home / "data" / "server.json").rename(home / "hidden.json")
        shutil.rmtree(home / ".local")
        env = environment(home) | variables
        listed = subprocess.run(
            [Path(sys.executable).with_name("ringback"), "executions", "list", "w"],
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        seen = subprocess.run(
            [sys.executable, PROGRAM, server.grpc, variables["GOOGLE_APPLICATION_CREDENTIALS"]],
            env=env,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )

    assert ("1", True) == (result, '"keys"' in keys)
    assert "SUCCEEDED" in listed.stdout
    assert seen.returncode == 0, seen.stderr
    assert EXPECTED == json.loads(seen.stdout) | {"workflows": EXPECTED["workflows"]}
    assert variables["RINGBACK_ADDRESS"] == f"https://{server.grpc}"


def test_env_when_another_server_was_used_before(tmp_path: Path) -> None:
    """A second `eval` leads to the server that runs now, and forgets what no longer holds."""
    with serving(tmp_path / "one", "--tls-self-signed", home=tmp_path):
        before = evaluated(tmp_path)
    with serving(tmp_path / "two", "--metadata-address=127.0.0.1:0", home=tmp_path) as server:
        after = evaluated(tmp_path, **before)

    assert before["RINGBACK_CA_FILE"] == before[CLOUDSDK_CA]
    assert after["RINGBACK_ADDRESS"] == f"http://{server.grpc}"
    assert after["CLOUDSDK_API_ENDPOINT_OVERRIDES_WORKFLOWS"] == f"{server.http}/"
    assert after["GCE_METADATA_HOST"] == after["GCE_METADATA_IP"]
    gone = {"RINGBACK_CA_FILE", "GOOGLE_APPLICATION_CREDENTIALS", CLOUDSDK_CA}
    assert not gone & set(after)


def test_serve_when_callers_need_certificates(tmp_path: Path) -> None:
    """The command line and the library show their certificate at both ports; without, it ends."""
    authority, certificate, key = caller(tmp_path)
    shows = {"RINGBACK_CLIENT_CERT": str(certificate), "RINGBACK_CLIENT_KEY": str(key)}
    asks = ("--tls-self-signed", f"--tls-client-ca={authority}")
    (tmp_path / "w.yaml").write_text(FIRST)
    with serving(tmp_path / "data", *asks, home=tmp_path) as server:

        def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [Path(sys.executable).with_name("ringback"), *arguments],
                env=environment(tmp_path, variables),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=2 * PATIENCE,
                check=False,
            )

        without = run("deploy", "w", "--source", "w.yaml")
        deployed = run("deploy", "w", "--source", "w.yaml", **shows)
        with Client(
            f"https://{server.grpc}",
            credentials=server.key_file,
            ca_file=tmp_path / "data" / "ca.pem",
            client_certificate=(certificate, key),
        ) as client:
            result: object = client.run("w")

    assert (1, 0) == (without.returncode, deployed.returncode), deployed.stderr
    assert "RINGBACK_CLIENT_CERT" in without.stderr
    assert 1 == result
