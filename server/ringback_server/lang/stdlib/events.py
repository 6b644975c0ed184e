"""`events`: callback endpoints (SPEC 5.1)."""

from __future__ import annotations

from ringback_server.errors import InvalidArgumentError
from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.host import Host
from ringback_server.lang.stdlib.registry import Block, function
from ringback_server.lang.stdlib.sys import YEAR
from ringback_server.lang.values import Map, text_of
from ringback_server.model.names import CallbackName

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})

#: what precedes an endpoint's resource name in its URL, and how the name begins
_API = "/v1/"
_NAME = "projects/"


@function("events.create_callback_endpoint", keeps=False)
def create_callback_endpoint(host: Host, http_callback_method: str = "POST") -> dict[str, str]:
    """Open an endpoint for one HTTP method and return a map with its URL."""
    if http_callback_method not in _METHODS:
        raise value_error(
            "events.create_callback_endpoint(): 'http_callback_method' must be one of "
            f"{', '.join(sorted(_METHODS))}, not {http_callback_method[:100]!r}"
        )
    number = host.new_endpoint(http_callback_method)
    name = CallbackName.of(host.context.name, number)
    return {"url": f"{host.context.callback_base_url}{_API}{name}"}


@function("events.await_callback", blocking=True, keeps=False)
def await_callback(host: Host, callback: Map, timeout: float = 43200.0) -> Block:
    """Wait for a callback and return its request; a TimeoutError after `timeout` seconds."""
    url = callback.get("url")
    if not isinstance(url, str):
        raise type_error("events.await_callback(): 'callback' must be a map with a 'url'")
    if not 0 <= timeout <= YEAR:
        raise value_error("events.await_callback(): 'timeout' must be from 0 s to a year")
    return Block(
        endpoint=_number(host, url),
        deadline=host.after(timeout),
        expiry=f"no callback arrived within {text_of(timeout)} s",
    )


def _number(host: Host, url: str) -> int:
    _, _, rest = url.rpartition(_API + _NAME)
    try:
        name = CallbackName.parse(_NAME + rest)
    except InvalidArgumentError:
        raise value_error(f"{url[:200]!r} is not the URL of a callback endpoint") from None
    number = name.number
    if name.parent != host.context.name or number is None or number >= host.endpoints:
        raise value_error(f"{url[:400]!r} is not an endpoint of this execution")
    return number
