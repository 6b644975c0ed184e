"""How the pages know a browser again, and that a form is one of theirs."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ringback_server.auth.oauth.opaque import Kind, new_opaque
from ringback_server.gateway.exchange import HttpRequest

_SECONDS = 900
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
#: the parameter of a form that other sites cannot know
CSRF = "csrf"


class Browser:
    """One browser, by a cookie that it was given before or is given now."""

    def __init__(self, request: HttpRequest, *, secure: bool) -> None:
        """Read the cookie of a request; `secure`: it goes over TLS alone."""
        # A name with this prefix cannot be set by another host, or without TLS.
        self._name = "__Host-ringback-login" if secure else "ringback-login"
        self._secure = secure
        known = _cookie(request, self._name)
        self.known = known is not None
        self.value = known or new_opaque(Kind.COOKIE)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What gives it the cookie, or gives it again."""
        flags = f"Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax"
        secure = "; Secure" if self._secure else ""
        return (("Set-Cookie", f"{self._name}={self.value}; {flags}{secure}"),)

    @property
    def csrf(self) -> str:
        """What its forms have, so that no page of another site can send one."""
        return hmac.new(self.value.encode(), b"ringback form", hashlib.sha256).hexdigest()

    def sent(self, request: HttpRequest, form: Mapping[str, str]) -> bool:
        """Tell whether a form is one that a page of ours gave this browser."""
        told = form.get(CSRF, "").encode()
        return (
            self.known
            and hmac.compare_digest(told, self.csrf.encode())
            and request.header("sec-fetch-site") in {None, "same-origin"}
            and _from_us(request)
        )


def _from_us(request: HttpRequest) -> bool:
    origin = request.header("origin")
    return origin is None or urlsplit(origin).netloc == request.header("host")


def _cookie(request: HttpRequest, name: str) -> str | None:
    found = [
        value.strip()
        for key, header in request.headers
        if key == "cookie"
        for pair in header.split(";")
        for key_, _, value in [pair.partition("=")]
        if key_.strip() == name
    ]
    return found[0] if len(found) == 1 and _VALUE.fullmatch(found[0]) else None
