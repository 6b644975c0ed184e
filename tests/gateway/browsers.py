"""A browser, as far as the pages of a login need one: cookies, forms and redirections."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import httpx

# Not a checkbox: nobody has ticked it.
_FIELD = re.compile(r'(?<!type="checkbox" )name="([^"]*)" value="([^"]*)"')
_CODE = re.compile(r"ringback auth approve ([A-Z]{4}-[A-Z]{4})")


class Browser:
    """Keeps cookies, and sends the forms of pages back to where they are from."""

    def __init__(self, base_url: str) -> None:
        """Take where the server is; another name for it in a URL is that one."""
        self.client = httpx.Client(base_url=base_url, timeout=10.0)

    def get(self, url: str) -> httpx.Response:
        """Ask for a page of the server, and follow no redirection."""
        parts = urlsplit(url)
        return self.client.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def send(self, page: httpx.Response, **more: str) -> httpx.Response:
        """Send the form on a page."""
        fields = {**fields_of(page), **more}
        return self.client.post(page.request.url.path, data=fields)

    def send_to_provider(self, page: httpx.Response, **more: str) -> httpx.Response:
        """Send the form that leads from a page to a provider."""
        return self.client.post("/authorize/provider", data={**fields_of(page), **more})

    def begin(self, url: str) -> str:
        """Begin the login that a program asks for; return the user code."""
        begun = self.send(self.get(url))
        assert (303, "/authorize/wait") == (begun.status_code, begun.headers["Location"])
        return user_code(self.get("/authorize/wait"))

    def end(self) -> str:
        """Return where the browser is sent once the login is decided."""
        decided = self.get("/authorize/wait")
        assert 303 == decided.status_code
        return str(decided.headers["Location"])


def onward(page: httpx.Response) -> str:
    """Return where a page sends the browser at once."""
    found = re.search(r'content="0; url=([^"]*)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def fields_of(page: httpx.Response) -> dict[str, str]:
    """Return the fields of the form on a page."""
    return {html.unescape(name): html.unescape(value) for name, value in _FIELD.findall(page.text)}


def user_code(page: httpx.Response) -> str:
    """Return the user code that a page shows."""
    found = _CODE.search(page.text)
    assert found is not None, page.text
    return found[1]
