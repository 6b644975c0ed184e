"""One HTTP request, for a token: it follows no redirect and no proxy."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from ringback_client.errors import CredentialsError, ServerNotFoundError

_TIMEOUT_SECONDS = 10.0

#: a certificate to show and its key, in PEM
Identity: TypeAlias = tuple[Path, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer, with the names that google-auth expects."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def fetch(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT_SECONDS,
    ca_file: Path | None = None,
    identity: Identity | None = None,
) -> Fetched:
    """Send a request, trusting the system's certificates or those of `ca_file`.

    Who asks for a certificate is shown that of `identity`.

    Raises ServerNotFoundError when nobody answers within `timeout` seconds, CredentialsError when
    `url` is none or a file cannot be used.
    """
    connection, path = _connect(url, timeout, _Trust(ca_file, identity))
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Fetched(
            status=response.status, headers=dict(response.getheaders()), data=response.read()
        )
    except ssl.SSLCertVerificationError as error:
        raise ServerNotFoundError(
            f"The certificate of {url} is not trusted: {error.verify_message}.",
            next_step="Set RINGBACK_CA_FILE to the certificate to trust.",
        ) from error
    except (OSError, http.client.HTTPException) as error:
        if identity is None and _may_want_certificate(url, error):
            raise ServerNotFoundError(
                f"{url} ended the connection: it may take callers with a certificate only.",
                next_step="Set RINGBACK_CLIENT_CERT and RINGBACK_CLIENT_KEY to files in PEM.",
            ) from error
        raise ServerNotFoundError(
            f"The token endpoint {url} cannot be reached: {error}",
            next_step="Start the server with: ringback serve",
        ) from error
    finally:
        connection.close()


def _may_want_certificate(url: str, error: Exception) -> bool:
    """Tell whether a connection ended as those do that show no certificate: some say why."""
    ended = isinstance(error, ssl.SSLEOFError | ConnectionResetError | BrokenPipeError)
    said = isinstance(error, ssl.SSLError) and "CERTIFICATE_REQUIRED" in (error.reason or "")
    return url.startswith("https:") and (ended or said)


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whom to trust, and what to show."""

    ca_file: Path | None
    identity: Identity | None

    def context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise CredentialsError(
                f"{self.ca_file} holds no certificate to trust.",
                next_step="Set RINGBACK_CA_FILE to a file of certificates in PEM.",
            ) from error
        if self.identity is not None:
            self._show(context, *self.identity)
        return context

    def _show(self, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            raise CredentialsError(
                f"Cannot use the certificate {certificate} with the key {key}: {error}.",
                next_step="Set RINGBACK_CLIENT_CERT and RINGBACK_CLIENT_KEY to files in PEM.",
            ) from error


def _connect(url: str, timeout: float, trust: _Trust) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection that is not made yet, and what to ask for over it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CredentialsError(f"{url!r}, the key file's token_uri, is not a URL.") from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if host and parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout), path
    if host and parts.scheme == "https":
        context = trust.context()
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context), path
    raise CredentialsError(f"{url!r}, the key file's token_uri, is not a URL.")
