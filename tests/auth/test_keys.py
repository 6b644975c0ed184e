"""Keys: names, forms, and what is not accepted as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from ringback_server.auth.keys import (
    new_account_key,
    new_private_key,
    private_pem,
    public_jwk,
    public_pem,
    read_private_key,
    read_public_key,
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
    """An account's key is RSA of 2048 bits."""
    account, private = new_account_key("a@b", 6.0)

    public = read_public_key(account.public_key)
    assert isinstance(public, rsa.RSAPublicKey)
    assert (2048, account.kid) == (public.key_size, thumbprint(public))
    assert "PRIVATE KEY" in private
    assert "PRIVATE KEY" not in repr(account)


def test_public_key_is_refused_when_weak_or_of_another_kind() -> None:
    """Short RSA keys, other curves, private keys and garbage are not taken."""
    weak = RSAPublicNumbers(65537, 2**1023 + 1155).public_key()
    curve = ec.generate_private_key(ec.SECP384R1())
    edwards = ed448.Ed448PrivateKey.generate().public_key()
    for pem in (
        "",
        "garbage",
        public_pem(weak),
        public_pem(curve.public_key()),
        edwards.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        private_pem(new_private_key("ES256")),
    ):
        with pytest.raises(ValueError, match="public key"):
            read_public_key(pem)


def test_private_key_is_refused_without_a_word_of_it() -> None:
    """Another curve, a public key and garbage are no private keys of ours."""
    curve = ec.generate_private_key(ec.SECP384R1())
    for pem in ("", "secret", private_pem(curve), public_pem(curve.public_key())):
        with pytest.raises(ValueError, match="the private key") as caught:
            read_private_key(pem.encode())
        assert caught.value.__cause__ is None
