"""A stand-in for the server, at the seam: real gRPC and HTTP, and answers that a test writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from ringback.v1 import (
    batches_pb2,
    callback_signatures_pb2,
    callbacks_pb2,
    executions_pb2,
    logs_pb2,
    operations_pb2,
    workflows_pb2,
)

SERVICES = tuple(
    service
    for module in (
        batches_pb2,
        callback_signatures_pb2,
        callbacks_pb2,
        executions_pb2,
        logs_pb2,
        operations_pb2,
        workflows_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)

Answer = Callable[[Message], Message]


class RefusalError(Exception):
    """What a call is refused with."""

    def __init__(self, status: status_pb2.Status) -> None:
        """Take the status with its details."""
        super().__init__(status.message)
        self.status = status


@dataclass(slots=True)
class StandIn:
    """Answers each method as told, and keeps what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    #: what each call of a streaming method is answered with; a status breaks it
    streams: dict[str, list[list[Message | grpc.StatusCode]]] = field(
        default_factory=dict[str, list[list[Message | grpc.StatusCode]]]
    )
    asked: list[tuple[str, Message]] = field(default_factory=list[tuple[str, Message]])
    authorizations: set[str] = field(default_factory=set[str])

    def answer(self, method: str, *answers: Message | status_pb2.Status) -> None:
        """Answer calls of `method` one after the other; the last answer holds for ever."""
        left = list(answers)

        def take(_: Message) -> Message:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, status_pb2.Status):
                raise RefusalError(answer)
            return answer

        self.answers[method] = take

    def last(self, method: str) -> Message:
        """Return the last request that `method` was called with."""
        return [request for name, request in self.asked if name == method][-1]

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return what a gRPC server needs to serve this."""
        return [
            grpc.method_handlers_generic_handler(
                service.full_name,
                {method.name: self._handler(method) for method in service.methods},
            )
            for service in SERVICES
        ]

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Message, Message]:
        def handle(request: Message, context: grpc.ServicerContext) -> Message:
            self.asked.append((method.name, request))
            metadata = dict(context.invocation_metadata())
            self.authorizations.add(str(metadata.get("authorization", "")))
            try:
                return self.answers[method.name](request)
            except RefusalError as refusal:
                details = refusal.status.SerializeToString()
                context.set_trailing_metadata((("grpc-status-details-bin", details),))
                codes = {code.value[0]: code for code in grpc.StatusCode}
                context.abort(codes[refusal.status.code], refusal.status.message)

        def stream(request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
            self.asked.append((method.name, request))
            for answer in self.streams[method.name].pop(0):
                if isinstance(answer, grpc.StatusCode):
                    context.abort(answer, "It breaks.")
                yield answer

        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(
                stream,
                request_deserializer=GetMessageClass(method.input_type).FromString,
                response_serializer=_serialize,
            )
        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=_serialize,
        )


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def serve_grpc(stand_in: StandIn) -> tuple[grpc.Server, str]:
    """Start a gRPC server on a free port, and return it and its address."""
    server = grpc.server(ThreadPoolExecutor(4), handlers=stand_in.handlers())
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


class TokenEndpoint(ThreadingHTTPServer):
    """A token endpoint that gives out `token-1`, `token-2`, … or what `reply` says."""

    daemon_threads = True

    def __init__(self) -> None:
        """Start on a free port of the loopback interface."""
        super().__init__(("127.0.0.1", 0), _TokenHandler)
        self.forms: list[dict[str, list[str]]] = []
        self.reply: tuple[int, Sequence[tuple[str, str]], bytes] | None = None
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}/token"

    def stop(self) -> None:
        """Stop it and wait until it has stopped."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def take(self, form: dict[str, list[str]]) -> tuple[int, Sequence[tuple[str, str]], bytes]:
        """Keep a request's form, and return status, headers and body of the answer."""
        self.forms.append(form)
        token = {
            "access_token": f"token-{len(self.forms)}",
            "expires_in": 3600,
            "token_type": "Bearer",
        }
        return self.reply or (
            200,
            (("Content-Type", "application/json"),),
            json.dumps(token).encode(),
        )


class _TokenHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        endpoint = self.server
        if not isinstance(endpoint, TokenEndpoint):
            raise TypeError
        length = int(self.headers["Content-Length"])
        status, headers, body = endpoint.take(parse_qs(self.rfile.read(length).decode()))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""
