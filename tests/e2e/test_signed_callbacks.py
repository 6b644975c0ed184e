"""Callbacks that vendors sign, at whole servers: restarted, killed, and with secrets replaced."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import httpx

from ringback_server.auth.webhooks.secrets import fingerprint_of
from tests.e2e.process import Server, serving
from tests.signing import OTHERS, SECRETS, SIGN, Headers, standard_webhooks
from tests.waiting import PATIENCE, until

LOCATION = "projects/local/locations/us-central1"
WORKFLOW = f"{LOCATION}/workflows/paid"
BODY = b'{"id": "evt_1"}'

#: waits for two callbacks, so that it goes on with the first and does not end
SOURCE = """
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- tell:
    call: sys.log
    args: {text: '${"Pay at " + endpoint.url}'}
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: first
- wait_again:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
    result: second
- finish:
    return: ${first.http_request.body.id + " " + second.http_request.body.id}
"""
#: for what `tests.signing.generic` signs
_RULES = {
    "header": "X-Acme-Signature",
    "timestampHeader": "X-Acme-Time",
    "prefix": "sha256=",
    "signedContent": "{timestamp}.{body}",
}


def _id(scheme: str) -> str:
    """Return the id of the signature of a scheme."""
    return scheme.lower().replace("_", "-")


def _sealed(home: Path) -> str:
    """Return the option that has a server encrypt its secrets."""
    path = home / "seal.key"
    if not path.exists():
        path.write_bytes(os.urandom(32))
        path.chmod(0o600)
    return f"--seal-key-file={path}"


def _prepare(server: Server) -> str:
    """Deploy the workflow, let it take a signature of each scheme, and return a token."""
    token = server.token()
    server.call(
        "POST",
        f"{LOCATION}/workflows",
        token,
        params={"workflowId": "paid"},
        json={"sourceContents": SOURCE},
    )
    for scheme, secret in SECRETS.items():
        made = {"scheme": scheme, "secrets": [{"value": secret}]}
        server.call(
            "POST",
            f"{WORKFLOW}/callbackSignatures",
            token,
            params={"callbackSignatureId": _id(scheme)},
            json={**made, "hmac": _RULES} if scheme == "HMAC" else made,
        ).raise_for_status()
    return token


def _replace(server: Server, token: str, scheme: str, secrets: Sequence[dict[str, str]]) -> None:
    """Give the signature of a scheme other secrets."""
    name = f"{WORKFLOW}/callbackSignatures/{_id(scheme)}"
    server.call("PATCH", name, token, json={"secrets": secrets}).raise_for_status()


def _begin(server: Server, token: str) -> tuple[str, str]:
    """Start an execution; return its name and its callback URL."""
    execution = str(server.call("POST", f"{WORKFLOW}/executions", token, json={}).json()["name"])

    def logged() -> str | None:
        entries = server.call("GET", f"{execution}/logs", token).json().get("entries", [])
        texts = [entry.get("textPayload", "") for entry in entries]
        return next((text.split()[-1] for text in texts if text.startswith("Pay at")), None)

    return execution, until(logged)


def _send(url: str, headers: Headers, body: bytes = BODY) -> tuple[int, str | None]:
    """Send what a vendor would; return the status and what came of it."""
    sent = {"Content-Type": "application/json", **headers}
    answer = httpx.post(url, headers=sent, content=body, timeout=PATIENCE)
    return answer.status_code, answer.headers.get("Ringback-Outcome")


def _outcomes(server: Server, token: str, secrets: Iterable[tuple[str, str]]) -> set[object]:
    """Return what comes of messages signed with secrets, each at an execution of its own."""
    return {
        _send(_begin(server, token)[1], SIGN[scheme](secret, BODY, time.time()))
        for scheme, secret in secrets
    }


def _result(server: Server, token: str, execution: str) -> str:
    """Return the result of an execution once it has ended well."""
    found = until(
        lambda: (
            answer
            if (answer := server.call("GET", execution, token).json())["state"] != "ACTIVE"
            else None
        )
    )
    assert found["state"] == "SUCCEEDED"
    return str(found["result"])


def _traces(home: Path, needles: Iterable[bytes]) -> list[tuple[str, bytes]]:
    """Return which files of a server, or its output, hold which of some bytes."""
    files = [path for path in (home / "data").rglob("*") if path.is_file()]
    contents = [(path.name, path.read_bytes()) for path in (*files, home / "server.log")]
    return [(name, needle) for needle in needles for name, found in contents if needle in found]


def _needles(secrets: Iterable[str]) -> list[bytes]:
    """Return secrets as they are written, and as the bytes that some stand for."""
    texts = list(secrets)
    digits = [text.removeprefix("whsec_") for text in texts]
    decoded = base64.b64decode(SECRETS["STANDARD_WEBHOOKS"].removeprefix("whsec_"))
    return [text.encode() for text in (*texts, *digits)] + [decoded]


def test_signatures_when_the_server_is_restarted(tmp_path: Path) -> None:
    """Each scheme resumes what waits, a wrong signature does not; secrets are never in clear."""
    needles = _needles((*SECRETS.values(), *OTHERS.values()))
    data, seal = tmp_path / "data", _sealed(tmp_path)
    with serving(data, seal, home=tmp_path) as server:
        token = _prepare(server)
        assert _outcomes(server, token, OTHERS.items()) == {(401, None)}
        assert _outcomes(server, token, SECRETS.items()) == {(200, "resumed")}
        assert _traces(tmp_path, needles) == []
        # That it would be found is sure: what stands beside it is.
        mark = fingerprint_of(SECRETS["GITHUB"]).encode()
        assert _traces(tmp_path, [mark]) != []
        server.kill()
        assert _traces(tmp_path, needles) == []

    with serving(data, seal, home=tmp_path) as server:
        assert _outcomes(server, token, OTHERS.items()) == {(401, None)}
        assert _outcomes(server, token, SECRETS.items()) == {(200, "resumed")}
        for scheme, secret in OTHERS.items():
            kept = {"fingerprint": fingerprint_of(SECRETS[scheme])}
            _replace(server, token, scheme, [{"value": secret}, kept])
        both = [*SECRETS.items(), *OTHERS.items()]
        assert _outcomes(server, token, both) == {(200, "resumed")}
        for scheme, secret in OTHERS.items():
            _replace(server, token, scheme, [{"fingerprint": fingerprint_of(secret)}])
        assert _outcomes(server, token, SECRETS.items()) == {(401, None)}
        assert _outcomes(server, token, OTHERS.items()) == {(200, "resumed")}
    assert _traces(tmp_path, needles) == []


def test_signed_callback_when_the_server_is_killed_after_it(tmp_path: Path) -> None:
    """What was answered 200 is not lost by kill -9, and sent again it is a duplicate."""
    data, seal = tmp_path / "data", _sealed(tmp_path)
    with serving(data, seal, home=tmp_path) as server:
        token = _prepare(server)
        began = {scheme: _begin(server, token) for scheme in SECRETS}
        sent = {s: SIGN[s](secret, BODY, time.time()) for s, secret in SECRETS.items()}
        assert {_send(began[s][1], sent[s]) for s in SECRETS} == {(200, "resumed")}
        server.kill()

    other = b'{"id": "evt_2"}'
    with serving(data, seal, home=tmp_path) as server:
        for scheme, (execution, url) in began.items():
            assert _send(url, sent[scheme]) == (200, "duplicate")
            headers = SIGN[scheme](SECRETS[scheme], other, time.time())
            if scheme == "STANDARD_WEBHOOKS":
                # Known by its id, it is the message that came before.
                assert _send(url, headers, other) == (200, "duplicate")
                headers = standard_webhooks(SECRETS[scheme], other, time.time(), "msg_2")
            assert _send(url, headers, other) == (200, "resumed")
            assert _send(url, sent[scheme]) == (200, "duplicate")
            assert _result(server, token, execution) == '"evt_1 evt_2"'
            assert _send(url, sent[scheme]) == (200, "duplicate")
