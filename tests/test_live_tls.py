"""Certificates on real sockets: renewed without a restart, and asked of callers, at both edges."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringback_server.errors import StartError
from ringback_server.gateway.routes import application
from ringback_server.gateway.server import HttpServer, address_of, listen
from ringback_server.gateway.workers import Workers
from ringback_server.live_tls import LiveTls
from ringback_server.rpc.server import GrpcServer
from ringback_server.setting_values import Address
from tests.certificates import caller, self_signed
from tests.edges import LOOPBACK
from tests.services import Service, running


@dataclass(frozen=True, slots=True)
class Edges:
    """Where the edges listen, over the same files."""

    addresses: tuple[Address, Address]
    certificate: Path
    key: Path


@contextmanager
def edges(service: Service, directory: Path, client_ca: Path | None = None) -> Generator[Edges]:
    """Serve gRPC and HTTP with a certificate of their own."""
    certificate, key = self_signed(directory)
    live = LiveTls(certificate, key, client_ca)
    listener = listen(LOOPBACK)
    pages = application(service.admission, service.oauth, Workers(threads=1))
    http = HttpServer(listener, pages, Workers(threads=1), tls=live)
    grpc = GrpcServer(LOOPBACK, service.admission, tls=live)
    for server in (grpc, http):
        server.start()
    try:
        yield Edges((grpc.address, address_of(listener, LOOPBACK)), certificate, key)
    finally:
        for server in (grpc, http):
            server.stop(0.0)


def shown(address: Address, certificate: tuple[Path, Path] | None = None) -> bytes | None:
    """Return the certificate that a listener shows, None if it does not talk to this caller."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate is not None:
        context.load_cert_chain(*certificate)
    with (
        suppress(ssl.SSLError, ConnectionError),
        socket.create_connection((address.host, address.port), 10.0) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        # A refusal comes after the handshake (TLS 1.3): somebody has to answer something.
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
        if secure.recv(1):
            return secure.getpeercert(binary_form=True)
    return None


def renewed(directory: Path, at: Edges) -> None:
    """Put other files in the place of those that are served."""
    other = directory / "other"
    other.mkdir()
    for source, target in zip(self_signed(other), (at.certificate, at.key), strict=True):
        draft = target.with_suffix(".new")
        shutil.copyfile(source, draft)
        draft.replace(target)


def der(path: Path) -> bytes:
    """Return a certificate as it is shown."""
    return ssl.PEM_cert_to_DER_cert(path.read_text())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a directory for certificates."""
    path = tmp_path / "tls"
    path.mkdir()
    return path


def test_handshake_when_certificates_are_renewed(tmp_path: Path, directory: Path) -> None:
    """New connections get the new certificate at once, at both edges, without a restart."""
    with running(tmp_path) as service, edges(service, directory) as at:
        old = der(at.certificate)
        before = [shown(address) for address in at.addresses]
        renewed(directory, at)
        after = [shown(address) for address in at.addresses]
        new = der(at.certificate)

    assert old != new
    assert ([old, old], [new, new]) == (before, after)


def test_handshake_when_files_do_not_fit(
    tmp_path: Path, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the replacement of one file and the other, what was read before is used."""
    with running(tmp_path) as service, edges(service, directory) as at, caplog.at_level("WARNING"):
        old = der(at.certificate)
        key = at.key.read_bytes()
        renewed(directory, at)
        new_key = at.key.read_bytes()
        at.key.write_bytes(key)
        between = [shown(address) for address in at.addresses]
        at.certificate.rename(directory / "aside.pem")
        missing = [shown(address) for address in at.addresses]
        (directory / "aside.pem").rename(at.certificate)
        at.key.write_bytes(new_key)
        os.utime(at.key, ns=(1, 1))
        after = [shown(address) for address in at.addresses]
        new = der(at.certificate)

    assert ([old, old], [old, old], [new, new]) == (between, missing, after)
    assert 2 == caplog.text.count("goes on with the certificate it has")


def test_handshake_when_callers_need_certificates(tmp_path: Path, directory: Path) -> None:
    """Callers with a certificate of the authority are let in, others not, and it can be renewed."""
    authority, certificate, key = caller(directory)
    _, strange, strange_key = caller(directory, name="stranger")
    with running(tmp_path) as service, edges(service, directory, authority) as at:
        mine = [shown(address, (certificate, key)) for address in at.addresses]
        none = [shown(address) for address in at.addresses]
        others = [shown(address, (strange, strange_key)) for address in at.addresses]
        own = der(at.certificate)
        shutil.copyfile(directory / "stranger-ca.pem", authority)
        swapped = [
            shown(address, pair)
            for address in at.addresses
            for pair in ((certificate, key), (strange, strange_key))
        ]

    assert ([own, own], [None, None], [None, None]) == (mine, none, others)
    assert [None, own, None, own] == swapped


def test_start_when_the_authority_cannot_be_used(directory: Path) -> None:
    """An authority that holds no certificate keeps the server from starting."""
    certificate, key = self_signed(directory)
    nothing = directory / "nothing.pem"
    nothing.write_text("nothing\n")

    with pytest.raises(StartError, match=r"--tls-client-ca .*nothing\.pem"):
        LiveTls(certificate, key, nothing)
