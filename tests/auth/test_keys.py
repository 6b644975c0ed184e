"""Keys: names, forms, and what is not accepted as one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
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


def test_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() -> None:
    """The key of appendix A.2 has the thumbprint of appendix A.3, and its JWK has that form."""
    public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = ed25519.Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(f"{public}="))

    assert "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" == thumbprint(key)
    expected = {"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "k", "use": "sig"}
    assert {**expected, "alg": "EdDSA"} == public_jwk(key, "k")
    assert key == read_public_key(public_pem(key))


def _small_order() -> Iterator[int]:
    """Yield the y of each point of order 1, 2, 4 and 8 of edwards25519, and its other encoding."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    # A point of order 8 doubles to one with y = 0, so that d y^4 + 2 y^2 = 1.
    for root in _roots(1 + d, prime):
        yield from _roots((root - 1) * pow(d, -1, prime) % prime, prime)
    yield from (0, 1, prime - 1, prime, prime + 1)


def _roots(square: int, prime: int) -> Iterator[int]:
    root = pow(square, (prime + 3) // 8, prime)
    for candidate in (root, root * pow(2, (prime - 1) // 4, prime) % prime):
        if candidate * candidate % prime == square % prime:
            yield from (candidate, prime - candidate)


def test_public_key_is_refused_when_its_signatures_can_be_made_up() -> None:
    """Ed25519 points of small order, in each encoding and with either sign."""
    found = sorted({*_small_order()})
    assert len(found) == 7
    for y in found:
        for sign in (0, 1 << 255):
            raw = (y | sign).to_bytes(32, "little")
            key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
            with pytest.raises(ValueError, match="Ed25519"):
                read_public_key(public_pem(key))


def test_public_key_is_refused_when_verifying_takes_long() -> None:
    """RSA keys of more than 8192 bits, or with an exponent beyond 32 bits, are not taken."""
    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    for numbers in (RSAPublicNumbers(65537, 2**8200 + 1), RSAPublicNumbers(2**33 + 1, modulus)):
        with pytest.raises(ValueError, match="8192 bits"):
            read_public_key(public_pem(numbers.public_key()))
