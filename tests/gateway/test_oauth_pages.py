"""The pages of a login."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.auth.oauth.desk import CLI, answered, asking
from tests.edges import http_edge
from tests.gateway.browsers import Browser, fields_of, user_code
from tests.services import VIEWER, Service


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    """Open a browser at a server."""
    with http_edge(service) as client:
        opened = Browser(str(client.base_url))
        with opened.client:
            yield opened


def approve(service: Service, code: str) -> None:
    """Approve a login as VIEWER."""
    approval = service.backend.approval
    approval.approve(approval.find(code, "tests"), VIEWER)


def asked(**changes: str) -> str:
    """Return the URL with which a program asks for a login."""
    return str(httpx.URL("/authorize", params=asking(**changes)))


def test_login_when_it_is_approved(service: Service, browser: Browser) -> None:
    """A page shows the code until the login is approved, and then leads back to the program."""
    code = browser.begin(asked())

    waiting = browser.get("/authorize/wait")
    assert (200, code) == (waiting.status_code, user_code(waiting))
    assert '<meta http-equiv="refresh" content="3">' in waiting.text
    approve(service, code)
    answer = answered(browser.end())
    assert ("s", "urn:ringback:one") == (answer["state"], answer["iss"])
    assert 400 == browser.get("/authorize/wait").status_code


def test_pages_when_a_browser_reads_them(browser: Browser) -> None:
    """Nothing may be loaded, framed or kept, and forms go to this server alone."""
    for page in (browser.get(asked()), browser.get("/device"), browser.get("/authorize")):
        headers = page.headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
        assert ("no-store", "nosniff", "DENY", "same-origin") == (
            headers["Cache-Control"],
            headers["X-Content-Type-Options"],
            headers["X-Frame-Options"],
            headers["Referrer-Policy"],
        )
        assert "<script" not in page.text
    cookie = browser.get("/device").headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; Max-Age=900; HttpOnly; SameSite=Lax")


def test_form_when_it_is_not_from_our_page(browser: Browser) -> None:
    """Without the cookie, with another token or from another site, nothing begins."""
    page = browser.get(asked())
    fields = fields_of(page)
    cookie = {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}
    with httpx.Client(base_url=browser.client.base_url) as stranger:
        answers = [
            stranger.post("/authorize", data=fields),
            stranger.post("/authorize", data={**fields, "csrf": "0" * 64}, headers=cookie),
            stranger.post(
                "/authorize", data=fields, headers={**cookie, "Origin": "https://example.org"}
            ),
            stranger.post("/authorize", data=fields, headers={**cookie, "Origin": "null"}),
            stranger.post(
                "/authorize", data=fields, headers={**cookie, "Sec-Fetch-Site": "cross-site"}
            ),
            stranger.post("/authorize", data=asking(), headers=cookie),
        ]

    assert [403] * 6 == [answer.status_code for answer in answers]
    assert 303 == browser.send(page).status_code


def test_login_when_another_browser_looks(browser: Browser) -> None:
    """A login is the browser's that began it: another finds none."""
    browser.begin(asked())
    with httpx.Client(base_url=browser.client.base_url) as stranger:
        for cookie in ({}, {"Cookie": f"ringback-login={'x' * 43}"}):
            assert 400 == stranger.get("/authorize/wait", headers=cookie).status_code


def test_request_when_nobody_may_be_told(browser: Browser) -> None:
    """An unknown program or place is a page, and no browser is sent there."""
    for changes in ({"client_id": "<script>"}, {"redirect_uri": "https://example.org/"}):
        page = browser.get(asked(**changes))

        assert (400, None) == (page.status_code, page.headers.get("Location"))
        assert "<script>" not in page.text
    twice = browser.get(f"{asked()}&state=t")
    assert 400 == twice.status_code


def test_request_when_the_program_may_be_told(browser: Browser) -> None:
    """The browser takes the error to the program."""
    answer = browser.get(asked(response_type="token"))

    assert 303 == answer.status_code
    assert "unsupported_response_type" == answered(answer.headers["Location"])["error"]


def test_page_when_the_request_has_markup(browser: Browser) -> None:
    """What a program sends is text, whatever it looks like."""
    state = "\"><script>alert(1)</script>&'"
    page = browser.get(asked(state=state))

    assert "<script" not in page.text
    assert state == fields_of(page)["state"]


def test_device_page_when_a_code_is_typed(service: Service, browser: Browser) -> None:
    """It shows who asks, and with which command that is approved."""
    shown = browser.client.post("/device_authorization", data={"client_id": CLI}).json()
    empty = browser.get(f"/device?user_code={shown['user_code']}")
    assert shown["user_code"] == fields_of(empty)["user_code"]
    page = browser.send(empty, user_code=shown["user_code"].lower())

    assert (200, shown["user_code"]) == (page.status_code, user_code(page))
    assert "127.0.0.1" in page.text
    approve(service, shown["user_code"])
    assert 404 == browser.send(empty).status_code


def test_device_page_when_codes_are_guessed(browser: Browser) -> None:
    """Ten wrong ones, and the page takes no more for a while; what is no code is no guess."""
    page = browser.get("/device")
    assert 400 == browser.send(page, user_code="<b>").status_code
    found = [browser.send(page, user_code="BBBB-BBBB").status_code for _ in range(11)]

    assert [*[404] * 10, 429] == found


@pytest.mark.parametrize("path", ["/authorize", "/authorize/wait", "/device"])
def test_page_when_the_method_is_another(browser: Browser, path: str) -> None:
    """Pages take what browsers send."""
    answer = browser.client.put(path)

    assert (405, True) == (answer.status_code, "GET, HEAD" in answer.headers["Allow"])
    assert "" == browser.client.head(path).text
