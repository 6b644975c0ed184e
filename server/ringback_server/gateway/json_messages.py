"""Messages as JSON, as Google's REST interfaces write and read them."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from ringback.v1 import annotations_pb2
from ringback_server.errors import FieldViolation, InvalidArgumentError

_UNKNOWN = re.compile(
    r'has no field named "(?P<name>.*)" at "\w+\.?(?P<place>.*)"\.\s+'
    r'Available Fields\(except extensions\): "(?P<known>.*)"',
    re.DOTALL,
)


def read_json(text: bytes, field: str) -> object:
    """Decode a JSON body; raise InvalidArgumentError naming `field`."""
    try:
        return cast("object", json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise invalid(field, f"The body is not valid JSON: {error}") from None


def fill(message: Message, document: object, field: str) -> None:
    """Merge a JSON document into a message; raise InvalidArgumentError for what does not fit."""
    if not isinstance(document, dict):
        raise invalid(field, "The body must be a JSON object.")
    try:
        json_format.ParseDict(cast("dict[str, object]", document), message)
    except (json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise _misfit(field, str(error)) from None


def to_json(message: Message, pool: DescriptorPool, *, enums_as_numbers: bool = False) -> bytes:
    """Print a message; `pool` knows what its `Any` fields hold. Defaults are left out."""
    return printed(json_document(message, pool, enums_as_numbers=enums_as_numbers))


def json_document(
    message: Message, pool: DescriptorPool, *, enums_as_numbers: bool = False
) -> dict[str, object]:
    """Return the JSON form of a message; `pool` knows what its `Any` fields hold."""
    document = cast(
        "dict[str, object]",
        json_format.MessageToDict(
            message, use_integers_for_enums=enums_as_numbers, descriptor_pool=pool
        ),
    )
    if _has_json_text(message.DESCRIPTOR):
        _show_json_text(message, document)
    return document


def printed(document: object, *, pretty: bool = True) -> bytes:
    """Print a JSON document, on several lines or on one."""
    if pretty:
        return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def invalid(field: str, message: str) -> InvalidArgumentError:
    """Make the error for one bad field, parameter or body."""
    shown = message[:1_000]
    return InvalidArgumentError(shown, violations=(FieldViolation(field=field, description=shown),))


def is_json_text(field: FieldDescriptor) -> bool:
    """Tell whether the JSON form of a field is the value that its text holds."""
    return field.GetOptions().Extensions[annotations_pb2.json_text]


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _misfit(field: str, text: str) -> InvalidArgumentError:
    """Make the error for a document that does not fit, from what the parser says of it."""
    unknown = _UNKNOWN.search(text)
    if unknown is None:
        return invalid(field, text)
    path = ".".join(filter(None, (unknown["place"], unknown["name"])))[:200]
    known = ", ".join(re.findall(r"'(\w+)'", unknown["known"])) or "none"
    return invalid(path, f"There is no field {path!r} in this request; here are {known}.")


@lru_cache(maxsize=256)
def _has_json_text(descriptor: Descriptor) -> bool:
    return _reaches_json_text(descriptor, set())


def _reaches_json_text(descriptor: Descriptor, seen: set[str]) -> bool:
    seen.add(descriptor.full_name)
    return any(
        is_json_text(field)
        or (
            field.message_type is not None
            and field.message_type.full_name not in seen
            and _reaches_json_text(field.message_type, seen)
        )
        for field in descriptor.fields
    )


def _show_json_text(message: Message, document: dict[str, object]) -> None:
    """Replace each JSON text in `document`, the JSON form of `message`, by its value."""
    for field, value in message.ListFields():
        if is_json_text(field):
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
