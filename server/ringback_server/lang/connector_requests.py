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
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
#: what stays as it is in a name that has slashes
_RESERVED: Final = "/:@!$&'()*+,;=~"

_BODY, _QUERY = "body", "query"
#: what may name a region: some services' connectors have the one, others' the other
_PLACES: Final = ("location", "region")
#: the region of what has none, at the service's own server
_GLOBAL: Final = "global"
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
    method, places = served(method, given), _place_names(method)
    given = {name: value for name, value in given.items() if name not in places}
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
    elif name in _place_names(method):
        served(method, {name: value})
    else:
        known = {**method.options, **own}
        values = dict(_flattened({name: value}, known))
        for whole in values:
            _check_name(method, whole, known)
        list(_pairs(method, values, known))
        check_shapes(method, method.resource, values)
        for keeps_slashes, whole in _PLACEHOLDER.findall(method.resource.template):
            if whole in values:
                part = values[whole]
                _part(method, method.resource, whole, part, keeps_slashes=bool(keeps_slashes))


def check_shapes(method: Method, resource: Resource, values: Mapping[str, Value]) -> None:
    """Raise a ValueError for a name that does not look as the service's document has it.

    It may be sent all the same: documents do not know all that services take.
    """
    for keeps_slashes, name in _PLACEHOLDER.findall(resource.template):
        if keeps_slashes and name in values:
            text = _scalar(method, name, values[name])
            if not _is_alike(resource, name, text):
                shape = _shape(resource.arguments[name].pattern)
                raise value_error(
                    f"{method.name}(): {name} is {text[:200]!r}, but such names are like {shape}"
                )


def check_places(method: Method, arguments: Mapping[str, Value]) -> None:
    """Raise a ValueError if arguments name two regions."""
    first, *others = _places(method, arguments) or [None]
    if any(other != first for other in others):
        names = " and ".join(_place_names(method))
        raise value_error(f"{method.name}(): {names} must not name two regions")


def served(method: Method, arguments: Mapping[str, Value]) -> Method:
    """Return a method as the server has it of the region that arguments name, if they do.

    Raises a ValueError if there is none, or if they name two.
    """
    check_places(method, arguments)
    places = _places(method, arguments)
    if not places or (places[0] == _GLOBAL and _GLOBAL not in method.regions):
        return method
    place = places[0]
    if not isinstance(place, str) or place not in method.regions:
        name = next(name for name in _place_names(method) if arguments.get(name) is not None)
        raise value_error(f"{method.name}(): {name} must be the name of a region")
    root = method.regions[place]
    return replace(method, root=root, base=root + method.base.removeprefix(method.root))


def accepts(method: Method, name: str) -> bool:
    """Tell whether a call may have an argument of a name."""
    known = {**method.options, **method.resource.arguments}
    return (
        name in known
        or name == _QUERY
        or (name == _BODY and method.takes_body)
        or name in _place_names(method)
        or any(other.startswith(f"{name}.") for other in known)
    )


def argument_names(method: Method) -> list[str]:
    """Return the names of a method's own arguments, those that it needs first."""
    own = method.resource.arguments
    names = sorted(own, key=lambda name: (not own[name].required, name))
    return [*names, *([_BODY] if method.takes_body else [])]


def _place_names(method: Method) -> list[str]:
    """Return the arguments that choose a region, and are none of the method's own."""
    own = method.resource.arguments
    return [name for name in _PLACES if name not in own] if method.regions else []


def _places(method: Method, arguments: Mapping[str, Value]) -> list[Value]:
    found = (arguments.get(name) for name in _place_names(method))
    return [place for place in found if place is not None]


def _part(
    method: Method, resource: Resource, name: str, value: Value, *, keeps_slashes: bool
) -> str:
    """Return an argument as a part of the path."""
    text = _scalar(method, name, value)
    if (
        not text
        or has_dot_segments(text)
        or (keeps_slashes and _has_holes(text) and not _is_alike(resource, name, text))
        or (keeps_slashes and _CONTROLS.search(text))
    ):
        raise value_error(f"{method.name}(): {name} is {text[:200]!r}, which names nothing")
    return _quoted(text, _RESERVED if keeps_slashes else "~")


def _has_holes(text: str) -> bool:
    return "" in text.split("/")


def _is_alike(resource: Resource, name: str, text: str) -> bool:
    """Tell whether a name looks as its document has it, if that says how."""
    argument = resource.arguments.get(name)
    return argument is None or re.search(argument.pattern, text) is not None


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
    """Return a pattern, the first of several, as people write names: `projects/*/topics/*`."""
    first = pattern.partition("$|^")[0]
    return first.strip("^$").replace("[^/]+", "*").replace(".*", "**")
