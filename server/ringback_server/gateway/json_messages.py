"""Messages as JSON, as Google's REST interfaces write and read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from ringback.v1 import annotations_pb2
from ringback_server.errors import FieldViolation, InvalidArgumentError

#: messages that are one string in JSON, so that a query parameter can hold them
_TEXTUAL = frozenset(
    {
        "google.protobuf.Timestamp",
        "google.protobuf.Duration",
        "google.protobuf.FieldMask",
    }
)
_BOOLEANS = {"true": True, "false": False}


def read_json(text: bytes, field: str) -> object:
    """Decode a JSON body; raise InvalidArgumentError naming `field`."""
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise invalid(field, f"The body is not valid JSON: {error}") from None


def fill(message: Message, document: object, field: str) -> None:
    """Merge a JSON document into a message; raise InvalidArgumentError for what does not fit."""
    if not isinstance(document, dict):
        raise invalid(field, "The body must be a JSON object.")
    try:
        json_format.ParseDict(cast("dict[str, object]", document), message)
    except (json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise invalid(field, str(error)) from None


def query_document(descriptor: Descriptor, pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Return the JSON document that query parameters stand for.

    A dot leads into a message. Raise InvalidArgumentError naming a parameter that is unknown,
    cannot be given in a query, or is given twice.
    """
    document: dict[str, object] = {}
    for key, text in pairs:
        target, message = document, descriptor
        *steps, last = key.split(".")
        for step in steps:
            field = _field(message, step, key)
            if field.message_type is None or field.is_repeated:
                raise _unknown(key)
            message = field.message_type
            target = cast("dict[str, object]", target.setdefault(field.name, {}))
        _put(target, _field(message, last, key), key, text)
    return document


def to_json(message: Message, pool: DescriptorPool, *, enums_as_numbers: bool = False) -> bytes:
    """Print a message; `pool` knows what its `Any` fields hold. Defaults are left out."""
    document = json_document(message, pool, enums_as_numbers=enums_as_numbers)
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def json_document(
    message: Message, pool: DescriptorPool, *, enums_as_numbers: bool = False
) -> dict[str, object]:
    """Return a message as `to_json` prints it."""
    document = cast(
        "dict[str, object]",
        json_format.MessageToDict(
            message, use_integers_for_enums=enums_as_numbers, descriptor_pool=pool
        ),
    )
    if _has_json_text(message.DESCRIPTOR):
        _show_json_text(message, document)
    return document


def invalid(field: str, message: str) -> InvalidArgumentError:
    """Make the error for one bad field, parameter or body."""
    shown = message[:1_000]
    return InvalidArgumentError(shown, violations=(FieldViolation(field=field, description=shown),))


def _field(descriptor: Descriptor, name: str, key: str) -> FieldDescriptor:
    found = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
    if found is None:
        raise _unknown(key)
    return found


def _unknown(key: str) -> InvalidArgumentError:
    name = key[:80]
    return invalid(name, f"Unknown query parameter {name!r}.")


def _put(target: dict[str, object], field: FieldDescriptor, key: str, text: str) -> None:
    value = _leaf(field, key, text)
    if field.is_repeated:
        cast("list[object]", target.setdefault(field.name, [])).append(value)
    elif field.name in target:
        raise invalid(key, f"Query parameter {key!r} is given more than once.")
    else:
        target[field.name] = value


def _leaf(field: FieldDescriptor, key: str, text: str) -> object:
    if field.message_type is not None:
        if field.message_type.full_name not in _TEXTUAL:
            raise _unknown(key)
        is_mask = field.message_type.full_name == "google.protobuf.FieldMask"
        return re.sub(r"_([a-z])", lambda match: match[1].upper(), text) if is_mask else text
    if field.type == FieldDescriptor.TYPE_BOOL:
        if text not in _BOOLEANS:
            raise invalid(key, f"Query parameter {key!r} must be true or false.")
        return _BOOLEANS[text]
    is_number = field.enum_type is not None and re.fullmatch(r"\d{1,9}", text)
    return int(text) if is_number else text


@lru_cache(maxsize=256)
def _has_json_text(descriptor: Descriptor) -> bool:
    return _reaches_json_text(descriptor, set())


def _reaches_json_text(descriptor: Descriptor, seen: set[str]) -> bool:
    seen.add(descriptor.full_name)
    return any(
        _is_json_text(field)
        or (
            field.message_type is not None
            and field.message_type.full_name not in seen
            and _reaches_json_text(field.message_type, seen)
        )
        for field in descriptor.fields
    )


def _is_json_text(field: FieldDescriptor) -> bool:
    return field.GetOptions().Extensions[annotations_pb2.json_text]


def _show_json_text(message: Message, document: dict[str, object]) -> None:
    """Replace each JSON text in `document`, the JSON form of `message`, by its value."""
    for field, value in message.ListFields():
        if _is_json_text(field):
            document[field.json_name] = json.loads(value)
        elif field.message_type is not None and _has_json_text(field.message_type):
            shown = document[field.json_name]
            messages = value if field.is_repeated else [value]
            documents = shown if field.is_repeated else [shown]
            for part, printed in zip(
                cast("list[Message]", messages),
                cast("list[dict[str, object]]", documents),
                strict=True,
            ):
                _show_json_text(part, printed)
