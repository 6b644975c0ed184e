"""How a person is let in: by a browser on this machine, or by a code (RFC 8252, RFC 8628)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from ringback_client.credentials import SCOPE
from ringback_client.errors import CredentialsError
from ringback_client.fetching import Identity
from ringback_client.oauth import Endpoints, OAuthRefusedError, TokenAnswer, send_form

CLIENT_ID = "ringback-cli"

_SCOPE = f"{SCOPE} offline_access"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PATH = "/callback"
_SECONDS = 600.0
_LOOK_SECONDS = 0.2
_SLOWER = 5.0
_Wanted = TypeVar("_Wanted")
_DONE = b"<!doctype html><title>Ringback</title><p>You can close this page and go back."


class _DeviceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    interval: float = 5.0

    def __repr__(self) -> str:
        return f"<_DeviceAnswer {self.user_code}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Logs a person in at one authorization server."""

    endpoints: Endpoints
    ca_file: Path | None
    identity: Identity | None
    #: tells the person at the terminal something
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def by_browser(self) -> TokenAnswer | None:
        """Open a browser and wait until the person is let in; None if there is no browser.

        Raises CredentialsError if that fails or takes more than ten minutes.
        """
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        with _Listener(("127.0.0.1", 0), _Handler) as listener:
            redirect_uri = f"http://127.0.0.1:{listener.server_port}{_PATH}"
            url = self._authorization_url(redirect_uri, state, verifier)
            opening = _Opening(url)
            opening.start()
            self.say(f"Go on in the browser. If none has opened, open this page:\n{url}")
            answer = self._await_answer(listener, state, opening)
        if answer is None:
            return None
        if "error" in answer:
            raise OAuthRefusedError(answer["error"], answer.get("error_description", ""))
        form = {
            "grant_type": "authorization_code",
            "code": answer.get("code", ""),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": CLIENT_ID,
        }
        return self._send(self.endpoints.token_endpoint, form, TokenAnswer)

    def by_code(self) -> TokenAnswer:
        """Show a code and wait until the person is let in; raises CredentialsError otherwise."""
        form = {"client_id": CLIENT_ID, "scope": _SCOPE}
        shown = self._send(self.endpoints.device_authorization_endpoint, form, _DeviceAnswer)
        self.say(
            f"Open {shown.verification_uri} and enter the code {shown.user_code}\n"
            f"or have it approved with: ringback auth approve {shown.user_code}"
        )
        question = {
            "grant_type": _DEVICE_GRANT,
            "device_code": shown.device_code,
            "client_id": CLIENT_ID,
        }
        until, interval = self.now() + shown.expires_in, shown.interval
        while self.now() + interval < until:
            self.pause(interval)
            try:
                return self._send(self.endpoints.token_endpoint, question, TokenAnswer)
            except OAuthRefusedError as error:
                if error.error == "slow_down":
                    interval += _SLOWER
                elif error.error != "authorization_pending":
                    raise
        raise CredentialsError("Nobody approved the login in time.")

    def _authorization_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        hashed = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.endpoints.authorization_endpoint}?{urlencode(query)}"

    def _await_answer(
        self, listener: _Listener, state: str, opening: _Opening
    ) -> dict[str, str] | None:
        """Return the answer to our request, None if no browser could be opened.

        What others send to the port is no answer.
        """
        until = self.now() + _SECONDS
        while self.now() < until:
            if opening.failed:
                return None
            listener.timeout = _LOOK_SECONDS
            listener.handle_request()
            answer, listener.answer = listener.answer, {}
            ours = hmac.compare_digest(answer.get("state", "").encode(), state.encode())
            if ours and answer.get("iss") == self.endpoints.issuer:
                return answer
        raise CredentialsError("Nobody approved the login in time.")

    def _send(self, url: str, form: dict[str, str], wanted: type[_Wanted]) -> _Wanted:
        return send_form(url, form, wanted, ca_file=self.ca_file, identity=self.identity)


class _Opening(threading.Thread):
    """Opens a browser, beside what waits for it: some come back only when they are closed."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.failed = False

    def run(self) -> None:
        self.failed = not webbrowser.open(self._url)


class _Listener(HTTPServer):
    """Hears where the browser is sent when the login is decided."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.answer: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    #: seconds after which a connection that says nothing is closed
    timeout = 5

    def do_GET(self) -> None:
        """Take the answer."""
        parts = urlsplit(self.path)
        found = parts.path == _PATH
        if found and isinstance(self.server, _Listener):
            self.server.answer = dict(parse_qsl(parts.query))
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_DONE)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.end_headers()
        self.wfile.write(_DONE)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the path has the code."""
