"""The pages of a login: /authorize for browsers, /device for codes that other programs show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.types import Receive

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.browsers import (
    Asked,
    BrowserLogins,
    RedirectedError,
    UnknownClientError,
)
from ringback_server.auth.oauth.metadata import AUTHORIZE, DEVICE
from ringback_server.errors import MethodNotAllowedError, RingbackError
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.oauth_browser import CSRF, Browser
from ringback_server.gateway.oauth_forms import form_of, parameters, read_form
from ringback_server.gateway.oauth_html import facts, form, page, paragraph, problem, redirect
from ringback_server.gateway.oauth_providers import WAIT, provider_forms
from ringback_server.gateway.status import STATUSES
from ringback_server.gateway.workers import Workers
from ringback_server.model.logins import Login

_REFRESH: Final = 3
_CONTINUE: Final = "<button>Continue</button>"
_CODE_FIELD: Final = (
    '<p><label>Code <input name="user_code" value="{}" size="11" maxlength="20" '
    'autocomplete="off" autofocus required></label></p>'
)
_APPROVE: Final = "Somebody who may approve logins lets you in with this command:"
_WARNING: Final = "Go on only if it was you who began this just now."

_Page = Callable[[HttpRequest, Browser, Mapping[str, str]], Answer]


class Pages:
    """Answers browsers: by GET with a page, by POST to the form on it."""

    def __init__(
        self,
        logins: BrowserLogins,
        approval: Approval,
        workers: Workers,
        *,
        secure: bool,
        providers: tuple[str, ...] = (),
    ) -> None:
        """Take the logins; `secure`: cookies go over TLS alone.

        `providers` are the names of those through whom people log in.
        """
        self._providers = providers
        self._logins = logins
        self._approval = approval
        self._workers = workers
        self._secure = secure

    async def authorize(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer at the authorization endpoint."""
        return await self._answer(request, receive, self._show_login, self._begin_login)

    async def wait(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer a browser that waits."""
        return await self._answer(request, receive, self._show_wait, None)

    async def device(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer a person who was given a user code."""
        return await self._answer(request, receive, self._ask_code, self._show_device)

    async def _answer(
        self, request: HttpRequest, receive: Receive, shown: _Page, sent: _Page | None
    ) -> Answer:
        methods = ("GET", "HEAD", "POST") if sent else ("GET", "HEAD")
        if request.method not in methods:
            raise MethodNotAllowedError("This is a page.", allow=", ".join(methods))
        body = await read_form(request, receive)
        browser = Browser(request, secure=self._secure)

        def work() -> Answer:
            if sent is None or request.method != "POST":
                return shown(request, browser, parameters(request.raw_query))
            given = form_of(request, body)
            if not browser.sent(request, given):
                return problem("The form has expired. Begin again.", status=HTTPStatus.FORBIDDEN)
            return sent(request, browser, given)

        try:
            return await self._workers.run(work)
        except OAuthError as error:
            return problem(error.description, status=error.status)
        except RingbackError as error:
            return problem(error.message, status=STATUSES[type(error)].code)

    def _read(self, given: Mapping[str, str]) -> Asked | Answer:
        """Return what a program asks for, or the answer to what is no valid request."""
        try:
            return self._logins.read(given)
        except UnknownClientError:
            return problem("The program that sent you here is not known to this server.")
        except RedirectedError as error:
            return redirect(error.location)

    def _show_login(
        self, _request: HttpRequest, browser: Browser, given: Mapping[str, str]
    ) -> Answer:
        asked = self._read(given)
        if isinstance(asked, Answer):
            return asked
        told = facts({"Program": asked.client_id, "Asks for": asked.scope})
        hidden = {**given, CSRF: browser.csrf}
        body = told + paragraph(_WARNING) + form(AUTHORIZE, hidden, _CONTINUE)
        return page("Log in to Ringback", body, headers=browser.headers)

    def _begin_login(
        self, request: HttpRequest, browser: Browser, given: Mapping[str, str]
    ) -> Answer:
        asked = self._read(given)
        if isinstance(asked, Answer):
            return asked
        self._logins.begin(asked, browser=browser.value, address=request.address)
        return redirect(WAIT, headers=browser.headers)

    def _show_wait(
        self, _request: HttpRequest, browser: Browser, _given: Mapping[str, str]
    ) -> Answer:
        login = self._logins.waiting(browser.value) if browser.known else None
        if login is None:
            return problem("No login waits in this browser. Begin again in your program.")
        if not login.pending:
            location = self._logins.end(login)
            return redirect(location) if location else problem("The login has ended.")
        code = self._logins.user_code(login, browser.value)
        ways = provider_forms(self._providers, browser)
        body = ways + paragraph(self._approve) + _command(code)
        body += paragraph("This page goes on by itself.")
        return page("Waiting for approval", body, refresh=_REFRESH)

    def _ask_code(
        self, _request: HttpRequest, browser: Browser, given: Mapping[str, str]
    ) -> Answer:
        field = _CODE_FIELD.format(escape(given.get("user_code", "")[:20]))
        body = form(DEVICE, {CSRF: browser.csrf}, field + _CONTINUE)
        return page("Log in to Ringback", body, headers=browser.headers)

    def _show_device(
        self, request: HttpRequest, browser: Browser, given: Mapping[str, str]
    ) -> Answer:
        typed = given.get("user_code", "")
        login = self._approval.find(typed, f"page {request.address}", stranger=True)
        code = typed.strip().upper()
        # A browser's login is approved through a provider in that browser alone.
        ways = "" if login.redirection else provider_forms(self._providers, browser, code)
        body = _facts_of(login) + paragraph(_WARNING) + ways
        body += paragraph(self._approve) + _command(code)
        return page("Waiting for approval", body)

    @property
    def _approve(self) -> str:
        return f"Or: {_APPROVE}" if self._providers else _APPROVE


def _facts_of(login: Login) -> str:
    begun = datetime.fromtimestamp(login.create_time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    told = {"Program": login.client_id, "Asks for": login.scope, "Begun": begun}
    return facts({**told, "From": login.address or "an address that is not known"})


def _command(code: str) -> str:
    return f"<p><code>ringback auth approve {escape(code)}</code></p>"
