"""Keys of service accounts: those made here, and the public halves of those made elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ringback_server.auth.keys import (
    PrivateKey,
    PublicKey,
    account_key_of,
    new_private_key,
    private_pem,
    read_public_key,
)
from ringback_server.model.resources import AccountKey

#: bytes of the largest certificate or key that is read
MAX_UPLOAD: Final = 16 * 1024

_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_PUBLIC_KEY: Final = b"-----BEGIN PUBLIC KEY-----"
# RFC 5280, 4.1.2.5: no well-defined end.
_NO_END: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_EARLIER: Final = timedelta(minutes=5)
_LONGEST_NAME: Final = 64
# FIPS 186-5, A.1.1: 2^16 < e.
_LEAST_EXPONENT: Final = 65_537


def new_key(
    email: str, unique_id: str, *, algorithm: str, bits: int, now: float
) -> tuple[AccountKey, str]:
    """Make a key with a certificate; return its record and its private half in PEM.

    `bits` are those of an RSA key; `now` in Unix seconds.
    """
    key = new_private_key(algorithm, bits=bits)
    certificate = self_signed(key, unique_id, now)
    record = replace(account_key_of(email, key.public_key(), now), certificate=certificate)
    return record, private_pem(key)


def uploaded_key(email: str, data: bytes, now: float) -> AccountKey:
    """Return the record of a key whose public half was sent, in a certificate or alone, in PEM.

    A certificate says until when the key counts; who signed it is not looked at, for whoever may
    upload it says whose it is. Raises ValueError, which says what is wrong.
    """
    if len(data) > MAX_UPLOAD:
        raise ValueError(f"it must have at most {MAX_UPLOAD} bytes")
    data = data.strip()
    if data.startswith(_CERTIFICATE):
        return _certified(email, data, now)
    if not data.startswith(_PUBLIC_KEY):
        raise ValueError(
            "it must be a certificate (BEGIN CERTIFICATE) or a public key (BEGIN PUBLIC KEY) in PEM"
        )
    key = _checked(data.decode("ascii", "replace"))
    return replace(account_key_of(email, key, now), uploaded=True)


def _checked(pem: str) -> PublicKey:
    """Read a public key; raise ValueError for one that nobody should use."""
    key = read_public_key(pem)
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        if numbers.e < _LEAST_EXPONENT or numbers.n % 2 == 0:
            raise ValueError(f"an RSA key must have an exponent of {_LEAST_EXPONENT} or more")
    return key


def _certified(email: str, data: bytes, now: float) -> AccountKey:
    try:
        certificate = x509.load_pem_x509_certificate(data)
        held = certificate.public_key()
        pem = held.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise ValueError("the certificate cannot be read") from None
    key = _checked(pem.decode())
    moment = datetime.fromtimestamp(now, UTC)
    if moment >= certificate.not_valid_after_utc:
        raise ValueError("the certificate has expired")
    if moment < certificate.not_valid_before_utc:
        raise ValueError("the certificate is not valid yet")
    return replace(
        account_key_of(email, key, now),
        uploaded=True,
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        expire_time=certificate.not_valid_after_utc.timestamp(),
    )


def self_signed(
    key: PrivateKey, unique_id: str, now: float, lifetime: timedelta | None = None
) -> str:
    """Return a certificate of a key in PEM, as Google's keys have one, named by the account.

    `now` in Unix seconds; without a lifetime it has no end.
    """
    begin = datetime.fromtimestamp(now, UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, unique_id[:_LONGEST_NAME])])
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - _EARLIER)
        .not_valid_after(begin + lifetime if lifetime else _NO_END)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    digest = None if isinstance(key, Ed25519PrivateKey) else SHA256()
    return unsigned.sign(key, digest).public_bytes(Encoding.PEM).decode()
