"""What a server shows and asks for in TLS, read again when its files change.

Whoever renews certificates replaces files, one after the other. So what is read holds until files
that fit together have been read, and each handshake looks whether they have changed.
"""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from ringback_server.errors import StartError

_log = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsMaterial:
    """What was read at one time; PEM, and the same for Python's TLS."""

    certificate: bytes
    key: bytes
    #: whose certificates callers must have; None if they need none
    client_ca: bytes | None
    context: ssl.SSLContext


class LiveTls:
    """A certificate chain and its key, and the authorities of callers. Threads may share it."""

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Take files in PEM and read them; raise StartError if they cannot be used."""
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        # Guards the two below; held while files are read, so that they are read once.
        self._lock = threading.Lock()
        self._stamp = self._stamped()
        self._material = self._read()

    @property
    def asks_callers(self) -> bool:
        """Whether callers need certificates."""
        return self._client_ca is not None

    def current(self) -> TlsMaterial:
        """Return what the files hold now, or what they held when they last fitted together."""
        with self._lock:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._material = self._read()
                except StartError as error:
                    _log.warning("TLS goes on with the certificate it has: %s", error)
                else:
                    _log.info("TLS has read %s again", self._certificate)
            return self._material

    def server_context(self) -> ssl.SSLContext:
        """Return a context for a listener: each handshake is made with what holds then."""
        context = self._read().context

        def choose(handshake: ssl.SSLSocket | ssl.SSLObject, _name: object, _: object) -> None:
            handshake.context = self.current().context

        # OpenSSL asks this whether the caller names a server or not.
        context.sni_callback = choose
        return context

    def _stamped(self) -> _Stamp:
        """Return what changes when a file does; one that is not there is no reason to fail yet."""
        found: list[tuple[int, int, int]] = []
        for path in filter(None, (self._certificate, self._key, self._client_ca)):
            try:
                about = path.stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((about.st_mtime_ns, about.st_size, about.st_ino))
        return tuple(found)

    def _read(self) -> TlsMaterial:
        try:
            certificate, key = self._certificate.read_bytes(), self._key.read_bytes()
            client_ca = self._client_ca.read_bytes() if self._client_ca else None
        except OSError as error:
            raise StartError(f"cannot read {error.filename}: {error.strerror}") from None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError) as error:
            raise StartError(f"cannot use {self._certificate} with {self._key}: {error}") from None
        if client_ca is not None:
            _ask(context, self._client_ca, client_ca)
        return TlsMaterial(certificate=certificate, key=key, client_ca=client_ca, context=context)


def _ask(context: ssl.SSLContext, path: Path | None, client_ca: bytes) -> None:
    """Ask callers for certificates of an authority; raise StartError."""
    try:
        context.load_verify_locations(cadata=client_ca.decode("ascii"))
    except (ValueError, ssl.SSLError) as error:
        raise StartError(f"cannot use --tls-client-ca {path}: {error}") from None
    context.verify_mode = ssl.CERT_REQUIRED
