"""The way of a browser to an OpenID provider and back, which approves a login."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.types import Receive

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.approval import Approval
from ringback_server.auth.oauth.browsers import BrowserLogins
from ringback_server.auth.oauth.metadata import AUTHORIZE
from ringback_server.auth.oauth.provider_documents import ProviderError
from ringback_server.auth.oauth.provider_logins import (
    Attempt,
    CodeRequest,
    Person,
    ProviderLogins,
)
from ringback_server.auth.refusals import TokenError
from ringback_server.control.caller import Backend
from ringback_server.errors import (
    MethodNotAllowedError,
    OverloadedError,
    PermissionDeniedError,
    RingbackError,
)
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.oauth_browser import CSRF, Browser
from ringback_server.gateway.oauth_forms import form_of, parameters, read_form
from ringback_server.gateway.oauth_html import form, page, paragraph, problem, redirect
from ringback_server.gateway.provider_calls import ProviderCalls
from ringback_server.gateway.status import STATUSES
from ringback_server.gateway.token_audit import refused_login, store_login
from ringback_server.gateway.workers import Workers
from ringback_server.model.logins import Login

_log = logging.getLogger(__name__)

#: takes the form that leads to a provider
PROVIDER: Final = f"{AUTHORIZE}/provider"
#: where a browser waits for somebody to approve its login
WAIT: Final = f"{AUTHORIZE}/wait"
#: how often an issuer's keys are looked for, and the pause between, in seconds
_LOOKS, _PAUSE = 20, 0.3
_CONFIRMED: Final = "confirmed"
_CONFIRM: Final = (
    '<p><label><input type="checkbox" name="confirmed" value="yes" required> '
    "I began this login, and my program shows the code {}.</label></p>"
)


def provider_forms(names: tuple[str, ...], browser: Browser, user_code: str = "") -> str:
    """Return HTML with a form for each provider.

    With `user_code` a person says first that it is theirs: who sends somebody a code may be a
    stranger who wants to be let in as them (RFC 8628, 5.4).
    """
    hidden = {CSRF: browser.csrf, **({"user_code": user_code} if user_code else {})}
    confirm = _CONFIRM.format(f"<code>{escape(user_code)}</code>") if user_code else ""
    return "".join(
        form(
            PROVIDER,
            {**hidden, "provider": name},
            f"{confirm}<p><button>Log in with {escape(name)}</button></p>",
        )
        for name in names
    )


class ProviderPages:
    """Sends browsers to providers, and takes them back."""

    def __init__(
        self,
        providers: ProviderLogins,
        calls: ProviderCalls | None,
        logins: BrowserLogins,
        backend: Backend,
        workers: Workers,
        *,
        secure: bool,
    ) -> None:
        """Take the seams; `secure`: cookies go over TLS alone."""
        self._providers = providers
        self._calls = calls
        self._logins = logins
        self._approval: Approval = backend.approval
        self._audit = backend.audit
        self._clock = backend.clock
        self._workers = workers
        self._secure = secure

    async def begin(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer the form that chooses a provider."""
        if request.method != "POST":
            raise MethodNotAllowedError("This takes the form of a page.", allow="POST")
        body = await read_form(request, receive)
        return await _told(self._begin(request, body))

    async def end(self, request: HttpRequest, receive: Receive) -> Answer:
        """Answer a browser that a provider sends back."""
        if request.method != "GET":
            raise MethodNotAllowedError("This takes the answer of a provider.", allow="GET")
        await read_form(request, receive)
        return await _told(self._end(request))

    async def _begin(self, request: HttpRequest, body: bytes) -> Answer:
        browser = Browser(request, secure=self._secure)

        given = form_of(request, body)
        if not browser.sent(request, given):
            raise PermissionDeniedError("The form has expired. Begin again.")
        issuer = self._providers.issuer(given.get("provider", ""))
        login = await self._workers.run(lambda: self._login(request, browser, given))
        endpoints = await self._network.endpoints(issuer)
        place = self._providers.begin(issuer, endpoints, login, browser.value)
        link = f'<p><a href="{escape(place)}">Go on to {escape(issuer.name)}</a></p>'
        # No redirection: browsers let a form lead to origins alone that its page names, and a
        # provider may send people on to any other.
        return page(f"Log in with {issuer.name}", link, onward=place)

    def _login(self, request: HttpRequest, browser: Browser, given: Mapping[str, str]) -> Login:
        """Return the login that is to be approved; raises ProviderError and RingbackError."""
        if "user_code" not in given:
            login = self._logins.waiting(browser.value)
            if login is None or not login.pending:
                raise ProviderError("No login waits in this browser. Begin again in your program.")
            return login
        if given.get(_CONFIRMED) != "yes":
            raise ProviderError("Go back, and say that your program shows this code.")
        login = self._approval.find(given["user_code"], f"page {request.address}")
        if login.redirection is not None:
            raise ProviderError("Go on in the browser that your program opened.")
        return login

    async def _end(self, request: HttpRequest) -> Answer:
        browser = Browser(request, secure=self._secure)
        attempt, asked = self._taken(parameters(request.raw_query), browser)
        token = await self._network.id_token(attempt, asked)
        person = await self._person(attempt, token)
        return await self._workers.run(lambda: self._decide(attempt, person))

    def _taken(self, answer: Mapping[str, str], browser: Browser) -> tuple[Attempt, CodeRequest]:
        attempt = self._providers.take(answer, browser.value)
        return attempt, self._providers.code_request(attempt, answer)

    async def _person(self, attempt: Attempt, token: str) -> Person:
        """Return whom a token speaks of; a key that is not known yet is waited for."""
        for _ in range(_LOOKS):
            try:
                return await self._workers.run(lambda: self._verified(attempt, token))
            except OverloadedError:
                await asyncio.sleep(_PAUSE)
        raise ProviderError(f"The keys of {attempt.issuer.name} cannot be had. Begin again.")

    def _verified(self, attempt: Attempt, token: str) -> Person:
        try:
            return self._providers.person(attempt, token)
        except TokenError as error:
            name = attempt.issuer.name
            _log.warning("an ID token of issuer %s lets nobody in: %s", name, error)
            refused_login(self._audit, self._clock.now(), "", error.refusal.public)
            raise PermissionDeniedError(
                f"What {name} says of you cannot be verified. Begin again."
            ) from None

    def _decide(self, attempt: Attempt, person: Person) -> Answer:
        email, now = person.account, self._clock.now()
        if email is None or not self._providers.counts(email):
            refused_login(self._audit, now, person.name, "LOGIN_NOT_ALLOWED")
            why = (
                "no rule lets you in here" if email is None else "your account is gone or disabled"
            )
            raise PermissionDeniedError(
                f"You are {person.name}, and {why}. Ask whoever runs this server."
            )
        store_login(self._audit, now, person.name, email)
        self._providers.approve(attempt, email, person)
        if attempt.login.redirection is not None:
            return redirect(WAIT)
        done = paragraph(f"You are let in as {email}. Go back to your program.")
        return page("You are logged in", done)

    @property
    def _network(self) -> ProviderCalls:
        if self._calls is None:
            raise ProviderError("There is no such way to log in.")
        return self._calls


async def _told(answering: Awaitable[Answer]) -> Answer:
    """Return an answer, or a page that says why there is none."""
    try:
        return await answering
    except ProviderError as error:
        return problem(str(error), status=HTTPStatus.BAD_REQUEST)
    except OAuthError as error:
        return problem(error.description, status=error.status)
    except RingbackError as error:
        return problem(error.message, status=STATUSES[type(error)].code)
