"""Query parameters: those that are fields of a request, and those about the answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from ringback_server.gateway.json_messages import invalid
from ringback_server.gateway.selection import Selection

#: parameters of Google's REST interfaces that change nothing here
IGNORED = frozenset(
    {"$.xgafv", "$key", "$quotaUser", "key", "quotaUser", "uploadType", "upload_protocol"}
)
FORMATS = frozenset({"alt", "$alt"})
PRETTY = frozenset({"prettyPrint", "$prettyPrint"})
SELECTIONS = frozenset({"fields", "$fields"})
_HEADER = "send the token in the header Authorization: Bearer TOKEN"
#: parameters of Google's REST interfaces that are refused, and what to do instead
_REFUSED = {
    "access_token": _HEADER,
    "oauth_token": _HEADER,
    "callback": "there is no JSONP here",
    "$callback": "there is no JSONP here",
}
#: messages that are one value in JSON, so that a query parameter can hold them
_TEXTUAL = frozenset(
    {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
)
_WRAPPER = re.compile(r"google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_NUMERIC = frozenset(
    {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
    | {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64}
    | {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the answer is to be written."""

    enums_as_numbers: bool = False
    pretty: bool = True
    #: the fields to write, None for all
    fields: Selection | None = None


def split_format(
    query: Sequence[tuple[str, str]], kinds: Sequence[str] = ("json",)
) -> tuple[Format, list[tuple[str, str]]]:
    """Take the parameters that are about the answer, such as `$alt`, out of a query.

    `kinds` are those that there are: the first is what the answer is anyway. Raise
    InvalidArgumentError for a parameter with another value, or that cannot be heeded.
    """
    enums_as_numbers, pretty, fields = False, True, None
    rest: list[tuple[str, str]] = []
    for key, value in query:
        if key in FORMATS:
            enums_as_numbers = _alternative(key, value, kinds)
        elif key in PRETTY:
            pretty = _boolean(key, value)
        elif key in SELECTIONS:
            fields = Selection.parse(key, value)
        elif key in _REFUSED:
            raise invalid(key, f"Query parameter {key!r} is not taken: {_REFUSED[key]}.")
        elif key not in IGNORED:
            rest.append((key, value))
    return Format(enums_as_numbers=enums_as_numbers, pretty=pretty, fields=fields), rest


def field_path(descriptor: Descriptor, key: str) -> tuple[FieldDescriptor, ...]:
    """Return the fields that a dotted path leads through, in JSON names or proto names.

    Raise InvalidArgumentError naming a path that leads nowhere, or through what is repeated.
    """
    path: list[FieldDescriptor] = []
    message: Descriptor | None = descriptor
    for step in key.split("."):
        if message is None or (path and path[-1].is_repeated):
            raise _unknown(key)
        field = message.fields_by_name.get(step) or message.fields_by_camelcase_name.get(step)
        if field is None:
            raise _unknown(key)
        path.append(field)
        message = field.message_type
    return tuple(path)


def parameters_document(
    descriptor: Descriptor, pairs: Iterable[tuple[str, str]], taken: Collection[str] = ()
) -> dict[str, object]:
    """Return the JSON document that parameters stand for; a dot leads into a message.

    `taken` are the paths, in proto names, of what the URL's path and the body say. Raise
    InvalidArgumentError naming a parameter that is unknown, is taken or given twice, or that
    cannot be given in a query.
    """
    made: dict[str, object] = {}
    for key, text in pairs:
        path = field_path(descriptor, key)
        names = [field.name for field in path]
        if not {".".join(names[:end]) for end in range(1, len(names) + 1)}.isdisjoint(taken):
            raise invalid(key, f"Query parameter {key[:80]!r} cannot be given here.")
        target = made
        for field in path[:-1]:
            target = cast("dict[str, object]", target.setdefault(field.name, {}))
        _put(target, path[-1], key, text)
    return made


def is_leaf(field: FieldDescriptor) -> bool:
    """Tell whether one parameter, or one for each value, can hold a field."""
    message = field.message_type
    return (
        message is None
        or message.full_name in _TEXTUAL
        or _WRAPPER.fullmatch(message.full_name) is not None
    )


def _put(target: dict[str, object], field: FieldDescriptor, key: str, text: str) -> None:
    value = _leaf(field, key, text)
    if field.is_repeated:
        cast("list[object]", target.setdefault(field.name, [])).append(value)
    elif field.name in target:
        raise invalid(key, f"Query parameter {key!r} is given more than once.")
    else:
        target[field.name] = value


def _leaf(field: FieldDescriptor, key: str, text: str) -> object:
    if not is_leaf(field):
        inside = "" if field.is_repeated else f"; its fields can, as {key}.NAME"
        raise invalid(
            key, f"Query parameter {key[:80]!r} is a message, which none can hold{inside}."
        )
    if field.message_type is not None:
        name = field.message_type.full_name
        if name == "google.protobuf.FieldMask":
            return re.sub(r"_([a-z])", lambda match: match[1].upper(), text)
        return text if name in _TEXTUAL else _leaf(field.message_type.fields[0], key, text)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _boolean(key, text)
    if field.cpp_type in _NUMERIC and not re.fullmatch(r"[A-Za-z0-9.+-]+", text, re.ASCII):
        raise invalid(key, f"Query parameter {key!r} must be a number.")
    is_number = field.enum_type is not None and re.fullmatch(r"-?\d{1,10}", text, re.ASCII)
    return int(text) if is_number else text


def _boolean(key: str, text: str) -> bool:
    # Lower case is JSON's; some of Google's clients are written in Python and send `True`.
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise invalid(key, f"Query parameter {key!r} must be true or false.")
    return value


def _alternative(key: str, value: str, kinds: Sequence[str]) -> bool:
    """Return whether enums are to be numbers."""
    kind, *options = (part.strip() for part in value.split(";"))
    if kind not in kinds or not set(options) <= {"enum-encoding=int"}:
        told = f"{key} must be {kinds[0]} or {kinds[0]};enum-encoding=int, not {value[:80]!r}"
        raise invalid(key, f"{told}. Protobuf messages are taken and given over gRPC.")
    return bool(options)


def _unknown(key: str) -> Exception:
    name = key[:80]
    return invalid(name, f"Unknown query parameter {name!r}.")
