"""gRPC over TLS."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from ringback.v1 import workflows_pb2
from ringback_server.errors import StartError
from ringback_server.live_tls import LiveTls
from ringback_server.rpc.server import GrpcServer
from tests.certificates import self_signed
from tests.edges import LOOPBACK
from tests.rpc.calls import PARENT, call
from tests.services import ADMIN, Service


def test_call_with_call_credentials(service: Service, tmp_path: Path) -> None:
    """Over TLS, a client's call credentials arrive and are accepted."""
    tls = self_signed(tmp_path)
    server = GrpcServer(LOOPBACK, service.admission, tls=LiveTls(*tls))
    server.start()
    credentials = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(tls[0].read_bytes()),
        grpc.access_token_call_credentials(service.token(ADMIN)),
    )
    target = f"localhost:{server.address.port}"
    with grpc.secure_channel(target, credentials) as channel:
        request = workflows_pb2.ListWorkflowsRequest(parent=PARENT)
        answer = call(channel, "ringback.v1.Workflows.ListWorkflows", request)
        server.stop(1.0)

    assert workflows_pb2.ListWorkflowsResponse() == answer


def test_listen_without_certificate(tmp_path: Path) -> None:
    """A certificate that cannot be read keeps the server from starting, in one clear line."""
    with pytest.raises(StartError) as caught:
        LiveTls(tmp_path / "no.pem", tmp_path / "no.key")

    assert "no.pem" in str(caught.value)
