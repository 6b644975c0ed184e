"""Server reflection: which services there are, and their protos; with a token or without.

The protos are public, and a tool that looks for them has no token yet. They come from a pool of
their own, which has our files under both of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as pb

from ringback_server.api.google_names import describing_pool
from ringback_server.api.table import Service
from ringback_server.api.waiting import WaitingRoom
from ringback_server.errors import QuotaExceededError
from ringback_server.rpc.arrivals import ANYBODY
from ringback_server.rpc.health import NAME as HEALTH
from ringback_server.rpc.messages import reader

#: the second is what the first was called before; their messages are the same
NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")

#: requests of one stream; a tool asks once per symbol it meets
_MAX_REQUESTS = 1_000


class Reflection:
    """Answers from a pool that holds everything about some services."""

    def __init__(
        self, services: Sequence[Service], room: WaitingRoom, waiting: ThreadPoolExecutor
    ) -> None:
        """Take the services; a stream holds a seat of the room and a thread of `waiting`."""
        names = (name for service in services for name in service.names)
        self.services = tuple(sorted({*names, *NAMES, HEALTH}))
        self._room = room
        self._pool = _pool(service.descriptor.file for service in services)
        # grpcio runs a behaviour that has this attribute on that pool instead of the server's.
        self.experimental_thread_pool = waiting

    def __call__(
        self, requests: Iterator[pb.ServerReflectionRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ServerReflectionResponse]:
        """Answer the requests of a stream one by one."""
        try:
            with self._room.seat(ANYBODY):
                yield from self._answers(requests)
        except QuotaExceededError as error:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, error.message)

    def _answers(
        self, requests: Iterator[pb.ServerReflectionRequest]
    ) -> Iterator[pb.ServerReflectionResponse]:
        for _, request in zip(range(_MAX_REQUESTS), requests, strict=False):
            try:
                response = self._answer(request)
            except KeyError:
                response = _refuse(grpc.StatusCode.NOT_FOUND, "There is no such thing.")
            response.original_request.CopyFrom(request)
            response.valid_host = request.host
            yield response

    def _answer(self, request: pb.ServerReflectionRequest) -> pb.ServerReflectionResponse:
        kind = request.WhichOneof("message_request")
        if kind == "list_services":
            services = [pb.ServiceResponse(name=name) for name in self.services]
            return pb.ServerReflectionResponse(
                list_services_response=pb.ListServiceResponse(service=services)
            )
        if kind == "file_by_filename":
            return _files(self._pool.FindFileByName(request.file_by_filename))
        if kind == "file_containing_symbol":
            return _files(self._pool.FindFileContainingSymbol(request.file_containing_symbol))
        if kind == "file_containing_extension":
            asked = request.file_containing_extension
            extended = self._pool.FindMessageTypeByName(asked.containing_type)
            found = self._pool.FindExtensionByNumber(extended, asked.extension_number)
            return _files(self._pool.FindFileContainingSymbol(found.full_name))
        if kind == "all_extension_numbers_of_type":
            return self._extensions(request.all_extension_numbers_of_type)
        return _refuse(grpc.StatusCode.INVALID_ARGUMENT, "The request asks for nothing.")

    def _extensions(self, name: str) -> pb.ServerReflectionResponse:
        extended = self._pool.FindMessageTypeByName(name)
        numbers = [extension.number for extension in self._pool.FindAllExtensions(extended)]
        return pb.ServerReflectionResponse(
            all_extension_numbers_response=pb.ExtensionNumberResponse(
                base_type_name=name, extension_number=sorted(numbers)
            )
        )


def reflection_handlers(reflection: Reflection) -> list[grpc.GenericRpcHandler]:
    """Make the handlers, one for each name that the service goes by."""
    method = grpc.stream_stream_rpc_method_handler(
        reflection, reader(pb.ServerReflectionRequest, pb.ServerReflectionRequest()), _write
    )
    return [
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        for name in NAMES
    ]


def _pool(files: Iterable[FileDescriptor]) -> DescriptorPool:
    default = descriptor_pool.Default()
    older = default.FindFileContainingSymbol(NAMES[1])
    pool = describing_pool(*files, default.FindFileContainingSymbol(HEALTH), older)
    proto = descriptor_pb2.FileDescriptorProto()
    older.CopyToProto(proto)
    text = text_format.MessageToString(proto).replace("v1alpha", "v1")
    pool.Add(text_format.Parse(text, descriptor_pb2.FileDescriptorProto()))
    return pool


def _files(file: FileDescriptor) -> pb.ServerReflectionResponse:
    """Return a file and all that it imports."""
    found: dict[str, bytes] = {}

    def add(descriptor: FileDescriptor) -> None:
        if descriptor.name not in found:
            proto = descriptor_pb2.FileDescriptorProto()
            descriptor.CopyToProto(proto)
            found[descriptor.name] = proto.SerializeToString()
            for dependency in descriptor.dependencies:
                add(dependency)

    add(file)
    return pb.ServerReflectionResponse(
        file_descriptor_response=pb.FileDescriptorResponse(file_descriptor_proto=found.values())
    )


def _refuse(code: grpc.StatusCode, message: str) -> pb.ServerReflectionResponse:
    error = pb.ErrorResponse(error_code=int(code.value[0]), error_message=message)
    return pb.ServerReflectionResponse(error_response=error)


def _write(response: pb.ServerReflectionResponse) -> bytes:
    return response.SerializeToString()
