"""`text`: strings; places in them are counted in characters."""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus, unquote_to_bytes

from ringback_server.lang import regex
from ringback_server.lang.charsets import codec_of
from ringback_server.lang.errors import memory_limit_error, value_error
from ringback_server.lang.host import Host
from ringback_server.lang.memory import check_string_size
from ringback_server.lang.stdlib.registry import function
from ringback_server.lang.values import CELL, List, Map, size_of

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: items that are found or replaced in about the time of a step
_ITEMS_PER_STEP = 8


@function("text.encode", keeps=False)
def encode(text: str, charset: str = "UTF-8") -> bytes:
    """Return text as bytes in a character set."""
    try:
        return text.encode(_codec("text.encode", charset))
    except UnicodeError:
        raise value_error(f"text.encode(): {charset} has not all of these characters") from None


@function("text.decode", keeps=False)
def decode(data: bytes, charset: str = "UTF-8") -> str:
    """Return the text that bytes stand for in a character set."""
    try:
        return data.decode(_codec("text.decode", charset))
    except UnicodeError:
        raise value_error(f"text.decode(): 'data' is not valid {charset}") from None


@function("text.find_all", keeps=False)
def find_all(host: Host, source: str, substr: str) -> list[int]:
    """Return where a text occurs, without overlaps; an empty text occurs at every gap."""
    count = source.count(substr)
    _check_list(host, count * CELL)
    host.charge(count // _ITEMS_PER_STEP)
    if not substr:
        return list(range(count))
    places: list[int] = []
    place = source.find(substr)
    while place >= 0:
        places.append(place)
        place = source.find(substr, place + len(substr))
    return places


@function("text.find_all_regex", keeps=False)
def find_all_regex(host: Host, source: str, regexp: str) -> List:
    """Return a map with `index` and `match` for each match of a regular expression."""
    found: list[Map] = []
    size = 0
    for begin, end in regex.spans(regexp, source):
        found.append(Map.of([("index", begin), ("match", source[begin:end])]))
        size += found[-1].size
        _check_list(host, size)
    host.charge(len(found) // _ITEMS_PER_STEP)
    return List.of(found)


@function("text.match_regex", keeps=False)
def match_regex(source: str, regexp: str) -> bool:
    """Tell whether a regular expression matches anywhere in the text."""
    return regex.matches(regexp, source)


@function("text.replace_all", keeps=False)
def replace_all(host: Host, source: str, substr: str, repl: str) -> str:
    """Return the text with every occurrence of a text replaced."""
    count = source.count(substr)
    check_string_size(host, _bytes(source) + count * (_bytes(repl) - _bytes(substr)))
    host.charge(count // _ITEMS_PER_STEP)
    return source.replace(substr, repl)


@function("text.replace_all_regex", keeps=False)
def replace_all_regex(host: Host, source: str, regexp: str, repl: str) -> str:
    """Return the text with every match of a regular expression replaced by `repl`, literally."""
    pieces: list[str] = []
    last = size = 0
    added = _bytes(repl)
    for begin, end in regex.spans(regexp, source):
        pieces += (source[last:begin], repl)
        size += begin - last + added
        last = end
        check_string_size(host, size)
    host.charge(len(pieces) // _ITEMS_PER_STEP)
    pieces.append(source[last:])
    return "".join(pieces)


@function("text.split", keeps=False)
def split(host: Host, source: str, separator: str) -> list[str]:
    """Return the parts of a text between separators."""
    if not separator:
        raise value_error("text.split(): 'separator' must not be empty")
    count = source.count(separator)
    _check_list(host, (count + 1) * CELL + _bytes(source) - count * _bytes(separator))
    host.charge(count // _ITEMS_PER_STEP)
    return source.split(separator)


@function("text.substring", keeps=False)
def substring(source: str, start: int, end: int) -> str:
    """Return the characters from `start` to before `end`, as far as there are any."""
    return source[max(start, 0) : max(end, 0)]


@function("text.to_lower", keeps=False)
def to_lower(source: str) -> str:
    """Return the text in lower case."""
    return source.lower()


@function("text.to_upper", keeps=False)
def to_upper(source: str) -> str:
    """Return the text in upper case."""
    return source.upper()


@function("text.url_encode", keeps=False)
def url_encode(source: str) -> str:
    """Return the text with all but letters, digits, `-`, `.`, `_` and `~` percent-encoded."""
    return quote(source, safe="")


@function("text.url_encode_plus", keeps=False)
def url_encode_plus(source: str) -> str:
    """Return the text percent-encoded, spaces as `+`."""
    return quote_plus(source)


@function("text.url_decode", keeps=False)
def url_decode(source: str) -> str:
    """Return the text with percent-encoding resolved, and `+` as a space."""
    if _BROKEN_ESCAPE.search(source):
        raise value_error("text.url_decode(): '%' must be followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(source.replace("+", " ")).decode()
    except UnicodeError:
        raise value_error("text.url_decode(): 'source' does not stand for UTF-8") from None


def _codec(caller: str, charset: str) -> str:
    codec = codec_of(charset)
    if codec is None:
        raise value_error(f"{caller}(): unknown character set {charset[:100]!r}")
    return codec


def _bytes(text: str) -> int:
    return size_of(text) - CELL


def _check_list(host: Host, content: int) -> None:
    if CELL + content > host.limits.memory_bytes:
        raise memory_limit_error()
