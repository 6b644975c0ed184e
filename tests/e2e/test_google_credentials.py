"""A server with credentials of Google: whose tokens its workflows carry, and to whom."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e.process import RINGBACK, environment, serving
from tests.e2e.test_durability import ended, waiting
from tests.e2e.test_requests import deployed, started
from tests.engine.outbound.upstream import answering, upstream
from tests.google_endpoint import google_endpoint
from tests.waiting import PATIENCE

ASKS = """
main:
  params: [args]
  steps:
    - init: {assign: [{why: null}, {them: "${args.them}"}, {callback: "${args.callback}"}]}
    - identity: {call: http.get, args: {url: "${them}", auth: {type: OIDC, audience: a}}}
    - access: {call: http.get, args: {url: "${them}", auth: {type: OAuth2, scopes: [b, c]}}}
    - again: {call: http.get, args: {url: "${them}", auth: {type: OAuth2, scopes: [b, c]}}}
    - own:
        call: http.post
        args: {url: "${callback}", body: {event: done}, auth: {type: OAuth2}}
    - fails:
        try: {call: http.get, args: {url: "${them}", auth: {type: OIDC, audience: fails}}}
        except: {as: e, steps: [{keep: {assign: [{why: "${e}"}]}}]}
    - finish: {return: "${why}"}
"""


def test_tokens_when_there_are_credentials_of_google(tmp_path: Path) -> None:
    """Others get Google's tokens, this server its own; neither disk nor log has any."""
    with google_endpoint() as google, upstream(answering()) as them:
        option = f"--google-credentials={google.key_file(tmp_path / 'key.json')}"
        with serving(tmp_path / "data", option, "--log-level=debug", home=tmp_path) as server:
            token = server.token()
            execution, url = waiting(server, token, "POST")
            deployed(server, token, "asks", ASKS)
            google.failing_for = "fails"
            argument = {"them": them.url("/"), "callback": url}
            found = ended(server, token, started(server, token, "asks", argument))
            assert "SUCCEEDED" == ended(server, token, execution)["state"]
        kept = b"".join(path.read_bytes() for path in server.directory.iterdir() if path.is_file())
        log = server.log.read_bytes()

    why = json.loads(found["result"])
    assert ["AuthError"] == why["tags"]
    assert "no token of Google: invalid_grant" in why["message"]
    bearers = [r.headers["authorization"].removeprefix("Bearer ") for r in them.received]
    assert [google.tokens[0], google.tokens[1], google.tokens[1]] == bearers
    assert "b c" == google.asked[1]["scope"]
    assert b"invalid_grant" in log
    secrets = [secret.encode() for secret in (*google.tokens, *google.assertions)]
    assert [] == [secret for secret in secrets if secret in kept + log]


def test_start_when_credentials_of_google_are_of_no_use(tmp_path: Path) -> None:
    """A server whose credentials cannot be read says so and does not start."""
    missing = tmp_path / "none.json"
    done = subprocess.run(
        [RINGBACK, "serve", "--grpc-address=127.0.0.1:0", "--http-address=127.0.0.1:0"],
        env=environment(tmp_path, {"RINGBACK_GOOGLE_CREDENTIALS": str(missing)}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    expected = f"ringback serve: --google-credentials: cannot use {missing}: "
    assert (2, f"{expected}No such file or directory\n") == (done.returncode, done.stderr)
