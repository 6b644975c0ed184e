"""A certificate authority of this server's own, for TLS without anybody else's.

The data dir then holds `ca.pem`, which callers are told to trust, and the server's certificate,
both with their keys. The authority may vouch for this server's names alone: whoever steals its key
can pose as no other site to those who trust it. (Not for addresses: gRPC's TLS library refuses
authorities that are bound to addresses.)
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ringback_server.errors import StartError
from ringback_server.setting_values import unspecified

_log = logging.getLogger(__name__)

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_CA_LIFE: Final = timedelta(days=3652)
# The most that Apple's systems accept of an authority that a user added.
_LIFE: Final = timedelta(days=825)
_RENEW_BEFORE: Final = timedelta(days=180)
# Clocks of other machines may be late.
_EARLIER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a server needs to speak TLS, and what its callers trust; all in PEM."""

    certificate: Path
    key: Path
    #: None: whatever they trust already
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def lasts(self, now: datetime) -> bool:
        return now + _RENEW_BEFORE < self.certificate.not_valid_after_utc


def self_signed(directory: Path, hosts: Iterable[str], now: float) -> TlsFiles:
    """See to an authority and a certificate for `hosts` and for this machine itself.

    Both stay as they are until they near their end (`now` is in Unix seconds) or other hosts are
    wanted. Raises StartError when files cannot be read or written.
    """
    moment = datetime.fromtimestamp(now, UTC)
    wanted = tuple(dict.fromkeys([*_LOCAL, *(host for host in hosts if not unspecified(host))]))
    files = TlsFiles(
        directory / "server-cert.pem", directory / "server-key.pem", directory / "ca.pem"
    )
    try:
        authority = _authority(directory, wanted, moment)
        pair = _read(files.certificate, files.key)
        if pair is None or not pair.lasts(moment) or not _fits(pair, authority, wanted):
            pair = _server_pair(authority, wanted, moment)
            _write(pair, files.certificate, files.key)
            _log.info("made a certificate for %s", ", ".join(wanted))
    except OSError as error:
        raise StartError(f"cannot use {error.filename}: {error.strerror}") from error
    return files


def _authority(directory: Path, hosts: Sequence[str], now: datetime) -> _Pair:
    certificate, key = directory / "ca.pem", directory / "ca-key.pem"
    known = _read(certificate, key)
    if known is not None and known.lasts(now) and _permits(known.certificate, hosts):
        return known
    made = _ca_pair(hosts, now)
    _write(made, certificate, key)
    if known is not None:
        _log.warning("%s is new: callers that trusted the one before must trust it", certificate)
    return made


def _permits(authority: x509.Certificate, hosts: Iterable[str]) -> bool:
    try:
        bounds = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return True  # an operator's own, put in its place
    permitted = set(bounds.permitted_subtrees or ())
    return {name for name in map(_name, hosts) if isinstance(name, x509.DNSName)} <= permitted


def _fits(pair: _Pair, authority: _Pair, hosts: Iterable[str]) -> bool:
    """Tell whether a certificate is for the hosts and of this authority."""
    extensions = pair.certificate.extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    return set(names) == set(map(_name, hosts)) and issuer == _issuer_id(authority)


def _ca_pair(hosts: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ringback (this server alone)")])
    names = [name for name in map(_name, hosts) if isinstance(name, x509.DNSName)]
    builder = (
        _builder(subject, subject, key, now, _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.NameConstraints(names, None), critical=True)
    )
    return _Pair(builder.sign(key, SHA256()), key)


def _server_pair(authority: _Pair, hosts: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ringback server")])
    builder = (
        _builder(subject, authority.certificate.subject, key, now, _LIFE)
        .add_extension(x509.SubjectAlternativeName(map(_name, hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_issuer_id(authority), critical=False)
    )
    return _Pair(builder.sign(authority.key, SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    start = now - _EARLIER
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_id(authority: _Pair) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _read(certificate: Path, key: Path) -> _Pair | None:
    """Return the pair, None if it is not there, damaged, or not one; raises OSError."""
    try:
        public = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    return _Pair(public, private) if public.public_key() == private.public_key() else None


def _write(pair: _Pair, certificate: Path, key: Path) -> None:
    """Write both; a crash between the two leaves what `_read` takes for no pair."""
    private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_file(key, private, 0o600)
    _write_file(certificate, pair.certificate.public_bytes(Encoding.PEM), 0o644)


def _write_file(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
