"""Requests of connectors: a method and the arguments of a call become one (SPEC 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from ringback_server.lang.connectors import Argument, Method, Resource
from ringback_server.lang.encoding import encoded
from ringback_server.lang.errors import type_error, value_error
from ringback_server.lang.http_messages import scalar_text
from ringback_server.lang.problems import nearest
from ringback_server.lang.urls import has_dot_segments
from ringback_server.lang.values import List, Map, Value, type_name

_PLACEHOLDER = re.compile(r"\{(\+?)([^}]+)\}")
_ENCODED = re.compile(r"(%[0-9A-Fa-f]{2})")
#: what stays as it is in a name that has slashes
_RESERVED: Final = "/:@!$&'()*+,;=~"

_BODY, _QUERY, _LOCATION = "body", "query", "location"
_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a call sends, but for its token."""

    verb: str
    url: str
    body: bytes | None = None
    content_type: str | None = None


def request_of(method: Method, arguments: Map) -> Outgoing:
    """Return the request of a call.

    Raises TypeErrors for arguments that are missing, unknown or of a wrong kind, and ValueErrors
    for those that cannot be sent.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    body = given.pop(_BODY, None) if method.takes_body else None
    if method.regions and _LOCATION not in method.resource.arguments:
        method = served(method, given.pop(_LOCATION, None))
    more = given.pop(_QUERY, None) if _QUERY not in method.resource.arguments else None
    known = {**method.options, **method.resource.arguments}
    values = dict(_flattened(given, known))
    _check_names(method, values, known)
    pairs = [*_pairs(method, values, known), *_free_pairs(method, more)]
    if isinstance(body, (str, bytes)) and method.upload is not None:
        template = Resource(template=method.upload, arguments=known)
        url = method.root + expanded(method, template, values)
        pairs = [("uploadType", "media"), *(pair for pair in pairs if pair[0] != "uploadType")]
    else:
        url = method.base + expanded(method, method.resource, values)
    data, content_type = _encoded(method, body)
    query = f"?{urlencode(pairs)}" if pairs else ""
    return Outgoing(verb=method.verb, url=url + query, body=data, content_type=content_type)


def expanded(method: Method, resource: Resource, values: Mapping[str, Value]) -> str:
    """Return a template with its arguments filled in.

    Raises a TypeError for one that is missing or no scalar, a ValueError for one that names
    nothing or something else.
    """

    def fill(place: re.Match[str]) -> str:
        keeps_slashes, name = place.groups()
        if name not in values:
            raise type_error(f"{method.name}(): argument '{name}' is missing")
        return _part(method, resource, name, values[name], keeps_slashes=bool(keeps_slashes))

    return _PLACEHOLDER.sub(fill, resource.template)


def check_argument(method: Method, name: str, value: Value) -> None:
    """Raise what a call with an argument raises, whatever its other arguments are."""
    own = method.resource.arguments
    if value is None:
        return
    if name == _BODY and method.takes_body:
        _encoded(method, value)
    elif name == _QUERY and name not in own:
        list(_free_pairs(method, value))
    elif name == _LOCATION and name not in own and method.regions:
        served(method, value)
    else:
        known = {**method.options, **own}
        values = dict(_flattened({name: value}, known))
        for whole in values:
            _check_name(method, whole, known)
        list(_pairs(method, values, known))
        for keeps_slashes, whole in _PLACEHOLDER.findall(method.resource.template):
            if whole in values:
                part = values[whole]
                _part(method, method.resource, whole, part, keeps_slashes=bool(keeps_slashes))


def served(method: Method, location: Value) -> Method:
    """Return a method as a region's own server has it; raises a ValueError if there is none."""
    if location is None:
        return method
    if not isinstance(location, str) or location not in method.regions:
        raise value_error(f"{method.name}(): location must be the name of a region")
    root = method.regions[location]
    return replace(method, root=root, base=root + method.base.removeprefix(method.root))


def accepts(method: Method, name: str) -> bool:
    """Tell whether a call may have an argument of a name."""
    known = {**method.options, **method.resource.arguments}
    return (
        name in known
        or name == _QUERY
        or (name == _BODY and method.takes_body)
        or (name == _LOCATION and bool(method.regions))
        or any(other.startswith(f"{name}.") for other in known)
    )


def argument_names(method: Method) -> list[str]:
    """Return the names of a method's own arguments, those that it needs first."""
    own = method.resource.arguments
    names = sorted(own, key=lambda name: (not own[name].required, name))
    return [*names, *([_BODY] if method.takes_body else [])]


def _part(
    method: Method, resource: Resource, name: str, value: Value, *, keeps_slashes: bool
) -> str:
    """Return an argument as a part of the path."""
    text = _scalar(method, name, value)
    pattern = resource.arguments[name].pattern if name in resource.arguments else ""
    if keeps_slashes and pattern and not re.search(pattern, text):
        raise value_error(
            f"{method.name}(): {name} is {text[:200]!r}, but must be like {_shape(pattern)}"
        )
    if not text or has_dot_segments(text):
        raise value_error(f"{method.name}(): {name} is {text[:200]!r}, which names nothing")
    return _quoted(text, _RESERVED if keeps_slashes else "~")


def _flattened(
    given: Mapping[str, Value], known: Mapping[str, Argument], prefix: str = ""
) -> Iterator[tuple[str, Value]]:
    """Yield arguments by their whole names: a map stands for names that begin with its own."""
    for name, value in given.items():
        whole = f"{prefix}{name}"
        inside = f"{whole}."
        if isinstance(value, Map) and any(other.startswith(inside) for other in known):
            yield from _flattened(value, known, inside)
        else:
            yield whole, value


def _check_names(
    method: Method, values: Mapping[str, Value], known: Mapping[str, Argument]
) -> None:
    for name in values:
        _check_name(method, name, known)
    for name, argument in method.resource.arguments.items():
        if argument.required and name not in values:
            raise type_error(f"{method.name}(): argument '{name}' is missing")


def _check_name(method: Method, name: str, known: Mapping[str, Argument]) -> None:
    if name not in known:
        names = argument_names(method)
        hint = nearest(name, names) or f"; it has {', '.join(names) or 'no arguments'}"
        raise type_error(f"{method.name}(): there is no argument '{name[:100]}'{hint}")


def _pairs(
    method: Method, values: Mapping[str, Value], known: Mapping[str, Argument]
) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if known[name].location == "path":
            continue
        items = value if isinstance(value, List) and known[name].repeated else (value,)
        for item in items:
            yield name, _scalar(method, name, item)


def _free_pairs(method: Method, more: Value) -> Iterator[tuple[str, str]]:
    """Yield what the argument `query` adds to the query."""
    if more is None:
        return
    if not isinstance(more, Map):
        raise type_error(f"{method.name}(): 'query' must be a map, not {type_name(more)}")
    for name, value in more.items():
        for item in value if isinstance(value, List) else (value,):
            yield name, _scalar(method, f"query.{name[:100]}", item)


def _scalar(method: Method, name: str, value: Value) -> str:
    return scalar_text(f"{method.name}(): '{name}'", value)


def _encoded(method: Method, body: Value) -> tuple[bytes | None, str | None]:
    """Return a body as it is sent, and its type."""
    if body is None:
        return None, None
    if isinstance(body, (Map, List)):
        return encoded(body).encode(), _JSON
    if method.upload is not None and isinstance(body, str):
        return body.encode(), _TEXT
    if method.upload is not None and isinstance(body, bytes):
        return body, _OCTETS
    raise type_error(f"{method.name}(): 'body' must be a map, not {type_name(body)}")


def _quoted(text: str, safe: str) -> str:
    """Encode what has to be; what is encoded already stays, as callers of Google's do it."""
    return "".join(
        part if _ENCODED.fullmatch(part) else quote(part, safe=safe)
        for part in _ENCODED.split(text)
    )


def _shape(pattern: str) -> str:
    """Return a pattern as people write names: `projects/*/topics/*`."""
    return pattern.strip("^$").replace("[^/]+", "*").replace(".*", "**")
