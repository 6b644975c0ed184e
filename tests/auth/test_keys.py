"""Keys: names, forms, and what is not accepted as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from ringback_server.auth.keys import (
    new_account_key,
    new_signing_key,
    private_pem,
    public_jwk,
    public_pem,
    read_public_key,
    read_signing_key,
    thumbprint,
)

VECTORS = Path(__file__).with_name("vectors")


def test_thumbprint_is_that_of_rfc_7638() -> None:
    """The example of section 3.1 gives the value printed there."""
    vector = json.loads((VECTORS / "rfc7638.json").read_text())
    key = RSAAlgorithm.from_jwk(vector["jwk"])
    assert isinstance(key, rsa.RSAPublicKey)

    assert vector["thumbprint"] == thumbprint(key)
    assert {**vector["jwk"], "kid": "k", "use": "sig"} == public_jwk(key, "k") | {
        "kid": "k",
        "alg": "RS256",
    }


def test_new_keys_are_named_by_their_thumbprint() -> None:
    """A signing key is ES256, an account's RSA of 2048 bits."""
    signing = new_signing_key(5.0)
    account, private = new_account_key("a@b", 6.0)

    assert signing.kid == thumbprint(read_signing_key(signing.private_key).public_key())
    assert ("ES256", 5.0) == (signing.algorithm, signing.create_time)
    public = read_public_key(account.public_key)
    assert isinstance(public, rsa.RSAPublicKey)
    assert (2048, account.kid) == (public.key_size, thumbprint(public))
    assert "PRIVATE KEY" in private
    assert "PRIVATE KEY" not in repr(account)


def test_public_key_is_refused_when_weak_or_of_another_kind() -> None:
    """Short RSA keys, other curves, private keys and garbage are not taken."""
    weak = RSAPublicNumbers(65537, 2**1023 + 1155).public_key()
    curve = ec.generate_private_key(ec.SECP384R1())
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    for pem in (
        "",
        "garbage",
        public_pem(weak),
        public_pem(curve.public_key()),
        edwards.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        new_signing_key(0.0).private_key,
    ):
        with pytest.raises(ValueError, match="public key"):
            read_public_key(pem)


def test_signing_key_is_refused_without_a_word_of_it() -> None:
    """Another curve, a public key and garbage are not signing keys."""
    curve = ec.generate_private_key(ec.SECP384R1())
    for pem in ("", "secret", private_pem(curve), public_pem(curve.public_key())):
        with pytest.raises(ValueError, match="the signing key") as caught:
            read_signing_key(pem)
        assert caught.value.__cause__ is None
