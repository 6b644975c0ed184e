"""A small service with every kind of field, for tests of the transcoder alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.api import annotations_pb2, http_pb2, httpbody_pb2
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.message import Message

from ringback_server.api.google_names import describing_pool
from ringback_server.api.table import Method, Service
from ringback_server.control.caller import Caller
from ringback_server.gateway.transcoder import Transcoder

Field = descriptor_pb2.FieldDescriptorProto

_SCALARS = {
    "name": Field.TYPE_STRING,
    "count": Field.TYPE_INT32,
    "big": Field.TYPE_INT64,
    "ratio": Field.TYPE_DOUBLE,
    "is_open": Field.TYPE_BOOL,
    "raw_data": Field.TYPE_BYTES,
    "page_size": Field.TYPE_UINT32,
}
_MESSAGES = {
    "create_time": ".google.protobuf.Timestamp",
    "time_span": ".google.protobuf.Duration",
    "update_mask": ".google.protobuf.FieldMask",
    "book": ".library.Book",
    "maybe": ".google.protobuf.BoolValue",
    "big_or_none": ".google.protobuf.Int64Value",
    "text_or_none": ".google.protobuf.StringValue",
    "anything": ".google.protobuf.Struct",
    "file": ".google.api.HttpBody",
}
_IMPORTED = (
    timestamp_pb2,
    duration_pb2,
    field_mask_pb2,
    wrappers_pb2,
    struct_pb2,
    httpbody_pb2,
    annotations_pb2,
)
_RULES: Mapping[str, http_pb2.HttpRule] = {
    "GetBook": http_pb2.HttpRule(get="/v1/{name=shelves/*/books/*}"),
    "ListBooks": http_pb2.HttpRule(
        get="/v1/{name=shelves/*}/books",
        additional_bindings=[http_pb2.HttpRule(get="/v1/books")],
    ),
    "UpdateBook": http_pb2.HttpRule(patch="/v1/{book.name=shelves/*/books/*}", body="book"),
    "CreateBook": http_pb2.HttpRule(post="/v1/{name=shelves/*}/books", body="book"),
    "BurnBook": http_pb2.HttpRule(post="/v1/{name=shelves/*/books/*}:burn", body="*"),
    "ReadFile": http_pb2.HttpRule(get="/v1/files/{name=**}"),
    "WriteFile": http_pb2.HttpRule(put="/v1/files/{name=**}", body="file", response_body="file"),
    "ReadPage": http_pb2.HttpRule(get="/v1/{book.name=books/*}/pages/{count}/{is_open}/{color}"),
    "ReadFirstPage": http_pb2.HttpRule(get="/v1/{book.name=books/*}/pages/first/true/{color}"),
    "NameOf": http_pb2.HttpRule(get="/v1/names/{name}", response_body="name"),
    "BookOf": http_pb2.HttpRule(post="/v1/bookOf", body="*", response_body="book"),
    "BooksOf": http_pb2.HttpRule(post="/v1/booksOf", body="books", response_body="books"),
    "TagsOf": http_pb2.HttpRule(post="/v1/tagsOf", body="tags", response_body="tags"),
    "StretchOf": http_pb2.HttpRule(post="/v1/spanOf", body="time_span", response_body="time_span"),
    "LabelsOf": http_pb2.HttpRule(post="/v1/labelsOf", body="labels", response_body="labels"),
    "Look": http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="*", path="/v1/looks/{name}")),
    "Peek": http_pb2.HttpRule(custom=http_pb2.CustomHttpPattern(kind="HEAD", path="/v1/books")),
    "Hidden": http_pb2.HttpRule(),
}


def _file(rules: Mapping[str, http_pb2.HttpRule]) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="library.proto", package="library")
    file.syntax = "proto3"
    for module in _IMPORTED:
        file.dependency.append(module.DESCRIPTOR.name)
    color = file.enum_type.add(name="Color")
    for number, name in enumerate(("COLOR_UNSPECIFIED", "RED", "BLUE")):
        color.value.add(name=name, number=number)
    book = file.message_type.add(name="Book")
    book.field.add(name="name", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
    book.field.add(name="page_count", number=2, type=Field.TYPE_INT64, label=Field.LABEL_OPTIONAL)
    _add_request(file)
    service = file.service.add(name="Library")
    for name, rule in rules.items():
        method = service.method.add(
            name=name, input_type=".library.Request", output_type=".library.Request"
        )
        method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    return file


def _add_request(file: descriptor_pb2.FileDescriptorProto) -> None:
    request = file.message_type.add(name="Request")
    for number, (name, kind) in enumerate(_SCALARS.items(), 1):
        request.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    for number, (name, kind_name) in enumerate(_MESSAGES.items(), 21):
        request.field.add(
            name=name,
            number=number,
            type=Field.TYPE_MESSAGE,
            type_name=kind_name,
            label=Field.LABEL_OPTIONAL,
        )
    request.field.add(
        name="color",
        number=41,
        type=Field.TYPE_ENUM,
        type_name=".library.Color",
        label=Field.LABEL_OPTIONAL,
    )
    request.field.add(name="tags", number=42, type=Field.TYPE_STRING, label=Field.LABEL_REPEATED)
    request.field.add(
        name="books",
        number=43,
        type=Field.TYPE_MESSAGE,
        type_name=".library.Book",
        label=Field.LABEL_REPEATED,
    )

    _add_labels(request)


def _add_labels(request: descriptor_pb2.DescriptorProto) -> None:
    entry = request.nested_type.add(name="LabelsEntry")
    entry.options.map_entry = True
    for number, name in enumerate(("key", "value"), 1):
        entry.field.add(name=name, number=number, type=Field.TYPE_STRING, label=1)
    request.field.add(
        name="labels",
        number=44,
        type=Field.TYPE_MESSAGE,
        type_name=".library.Request.LabelsEntry",
        label=Field.LABEL_REPEATED,
    )


_POOL = descriptor_pool.Default()
_POOL.Add(_file(_RULES))
REQUEST: type[Message] = message_factory.GetMessageClass(
    _POOL.FindMessageTypeByName("library.Request")
)
BOOK: type[Message] = message_factory.GetMessageClass(_POOL.FindMessageTypeByName("library.Book"))


def _echo(message: Message, _caller: Caller) -> Message:
    return message


def _library(pool: descriptor_pool.DescriptorPool, names: Iterable[str]) -> Service:
    return Service(
        descriptor=pool.FindServiceByName("library.Library"),
        methods={name: Method(request=REQUEST, answer=_echo) for name in names},
    )


def with_rules(rules: Mapping[str, http_pb2.HttpRule]) -> Service:
    """Return a library that has other rules."""
    pool = describing_pool(*(module.DESCRIPTOR for module in _IMPORTED))
    pool.Add(_file(rules))
    return _library(pool, rules)


TRANSCODER = Transcoder([_library(_POOL, _RULES)])
