"""A token endpoint such as Google's, on the loopback interface, and key files that name it."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt

from ringback_server.auth.key_file import key_file_content
from ringback_server.auth.keys import new_account_key
from tests.engine.outbound.upstream import Connection, Upstream, upstream

EMAIL = "caller@project.iam.gserviceaccount.com"
_ID_KEY = "a key that signs what nobody here verifies"


@dataclass(slots=True)
class GoogleEndpoint:
    """What the endpoint was asked, and what it gave."""

    #: the claims of each assertion
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    assertions: list[str] = field(default_factory=list[str])
    tokens: list[str] = field(default_factory=list[str])
    #: seconds that tokens are valid
    lifetime: int = 3_600
    #: refuses tokens for this audience, with the assertion in its words
    failing_for: str | None = None
    server: Upstream | None = None

    def talk(self, connection: Connection) -> None:
        """Answer requests for tokens."""
        headers = {"Content-Type": "application/json"}
        while request := connection.read():
            form = dict(parse_qsl(request.body.decode()))
            self.assertions.append(form["assertion"])
            claims = jwt.decode(form["assertion"], options={"verify_signature": False})
            if self.failing_for == claims.get("target_audience", ""):
                error = {"error": "invalid_grant", "error_description": f"no: {form['assertion']}"}
                connection.answer(400, json.dumps(error).encode(), headers)
                continue
            self.asked.append(claims)
            connection.answer(200, json.dumps(self._token(claims)).encode(), headers)

    def key_file(self, path: Path) -> Path:
        """Write a service account's key file that leads here."""
        record, pem = new_account_key(EMAIL, 0.0)
        url = self.server.url("/token") if self.server else "http://127.0.0.1:9/token"
        content = key_file_content(
            project="p", kid=record.kid, private_key=pem, email=EMAIL, client_id="1", token_uri=url
        )
        path.write_text(json.dumps(content))
        return path

    def _token(self, claims: dict[str, Any]) -> dict[str, object]:
        if audience := claims.get("target_audience"):
            now = int(time.time())
            whole = {"aud": audience, "iat": now, "exp": now + self.lifetime, "n": len(self.tokens)}
            self.tokens.append(jwt.encode(whole, _ID_KEY, "HS256"))
            return {"id_token": self.tokens[-1]}
        self.tokens.append(f"ya29.{len(self.tokens)}.{'secret' * 20}")
        return {"access_token": self.tokens[-1], "expires_in": self.lifetime}


@contextmanager
def google_endpoint() -> Generator[GoogleEndpoint]:
    """Run a token endpoint."""
    endpoint = GoogleEndpoint()
    with upstream(endpoint.talk) as endpoint.server:
        yield endpoint
