"""The few pages that people see when they log in: plain HTML that needs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from ringback_server.gateway.answers import Answer

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}"
    "code,input{font:1.2rem ui-monospace,monospace}"
    "button{font:inherit;padding:.4rem 1.2rem}dt{font-weight:600}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(
    title: str,
    body: str,
    *,
    status: int = HTTPStatus.OK,
    refresh: int | None = None,
    onward: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    form_targets: tuple[str, ...] = (),
) -> Answer:
    """Return a page; `body` is HTML.

    `refresh`: it is asked for again after so many seconds. `onward`: where the browser goes at
    once, by GET. `form_targets` are origins that an
    answer to one of its forms may lead to.
    """
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    if onward:
        again = f'<meta http-equiv="refresh" content="0; url={escape(onward)}">'
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        f"form-action {' '.join((chr(39) + 'self' + chr(39), *form_targets))}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return Answer(
        status=int(status),
        headers=(*_guards(policy), *headers),
        body=document.encode(),
        content_type="text/html; charset=utf-8",
    )


def problem(message: str, *, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    """Return a page that says what is wrong."""
    return page("This does not work", paragraph(message), status=status)


def redirect(location: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Send a browser elsewhere, by GET."""
    guards = (("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))
    return Answer(
        status=int(HTTPStatus.SEE_OTHER), headers=(("Location", location), *guards, *headers)
    )


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def facts(pairs: Mapping[str, str]) -> str:
    """Return a list of facts."""
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs.items()
    )
    return f"<dl>{items}</dl>"


def form(action: str, hidden: Mapping[str, str], inside: str) -> str:
    """Return a form that is sent to this server; `inside` is HTML."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    return f'<form method="post" action="{escape(action)}">{fields}{inside}</form>'


def _guards(policy: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        # Not no-referrer: browsers would then say of a form that its origin is null.
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    )
