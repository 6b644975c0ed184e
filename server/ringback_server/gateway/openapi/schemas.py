"""JSON schemas of messages, as REST writes and reads them."""

from __future__ import annotations

import json
from collections.abc import Container
from functools import lru_cache
from importlib.resources import files

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

import ringback.v1
from ringback_server.gateway.json_messages import is_json_text

Schema = dict[str, object]

_PACKAGE = "ringback.v1."
_REQUEST = "Request"
_BEHAVIORS = field_behavior_pb2.FieldBehavior
_INTEGER: Schema = {"type": "integer", "format": "int32"}
# 64 bits are text in JSON, for many readers of it have no more than 53.
_LONG: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
_BYTES: Schema = {"type": "string", "contentEncoding": "base64"}
_KINDS: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: _INTEGER,
    FieldDescriptor.CPPTYPE_UINT32: _INTEGER,
    FieldDescriptor.CPPTYPE_INT64: _LONG,
    FieldDescriptor.CPPTYPE_UINT64: _LONG,
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}
#: messages of protobuf whose JSON form is their own
_WELL_KNOWN: dict[str, Schema] = {
    "google.api.HttpBody": {},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    },
    "google.protobuf.BoolValue": {"type": "boolean"},
    "google.protobuf.BytesValue": _BYTES,
    "google.protobuf.DoubleValue": {"type": "number"},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$",
    },
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Int32Value": _INTEGER,
    "google.protobuf.Int64Value": _LONG,
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.StringValue": {"type": "string"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Value": {},
}


@lru_cache(maxsize=1)
def _comments() -> dict[str, str]:
    """Return what the protos say of each thing in them, which descriptors do not keep."""
    found: dict[str, str] = json.loads(files(ringback.v1).joinpath("comments.json").read_bytes())
    return found


def comment(full_name: str) -> str:
    """Return what the protos say of something; empty for what is not of them."""
    return _comments().get(full_name, "")


def behaves(field: FieldDescriptor, behavior: field_behavior_pb2.FieldBehavior.ValueType) -> bool:
    """Tell whether a field is marked as `REQUIRED`, `OUTPUT_ONLY` or the like."""
    return behavior in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


class Schemas:
    """The schemas of all messages that were asked for, and of those in them."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def message(self, descriptor: Descriptor) -> Schema:
        """Return the schema of a message: a reference, if it has a name of its own."""
        own = _WELL_KNOWN.get(descriptor.full_name)
        if own is not None:
            return dict(own)
        name = descriptor.full_name.removeprefix(_PACKAGE)
        if name not in self.components:
            # Before its fields, for a message may hold itself.
            self.components[name] = {}
            self.components[name] |= self.object(descriptor)
        return {"$ref": f"#/components/schemas/{name}"}

    def object(self, descriptor: Descriptor, without: Container[str] = ()) -> Schema:
        """Return the schema of a message itself, `without` some fields."""
        shown = [field for field in descriptor.fields if field.name not in without]
        schema: Schema = {
            "type": "object",
            "properties": {field.json_name: self.field(field) for field in shown},
            "additionalProperties": False,
        }
        # Only of requests: answers leave out what has its default.
        required = [field.json_name for field in shown if behaves(field, _BEHAVIORS.REQUIRED)]
        if required and descriptor.name.endswith(_REQUEST):
            schema["required"] = required
        return _described(schema, descriptor.full_name)

    def field(self, field: FieldDescriptor) -> Schema:
        """Return the schema of a field."""
        schema = self._value(field)
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            value: object = self._value(message.fields_by_name["value"])
            schema = Schema(type="object", additionalProperties=value)
        elif field.is_repeated:
            schema = Schema(type="array", items=schema)
        if behaves(field, _BEHAVIORS.OUTPUT_ONLY):
            schema["readOnly"] = True
        if behaves(field, _BEHAVIORS.INPUT_ONLY):
            schema["writeOnly"] = True
        return _described(schema, field.full_name)

    def _value(self, field: FieldDescriptor) -> Schema:
        if is_json_text(field):
            return {}
        if field.message_type is not None:
            message = field.message_type
            return {} if message.GetOptions().map_entry else self.message(message)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return dict(_BYTES)
        return dict(_KINDS[field.cpp_type])

    def _enum(self, descriptor: EnumDescriptor) -> Schema:
        name = descriptor.full_name.removeprefix(_PACKAGE)
        values = [value.name for value in descriptor.values]
        schema: Schema = {"type": "string", "enum": values}
        self.components[name] = _described(schema, descriptor.full_name)
        return {"$ref": f"#/components/schemas/{name}"}


def _described(schema: Schema, full_name: str) -> Schema:
    said = comment(full_name)
    return {**schema, "description": said} if said else schema
