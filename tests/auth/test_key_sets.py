"""Key sets of issuers: which keys count, and which one a token names."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ringback_server.auth.key_sets import MAX_KEYS, KeySetError, read_key_set
from tests.oidc_issuer import IssuerKey

_KEYS = {name: IssuerKey.new(name, f"a-{name}") for name in ("ES256", "RS256", "EdDSA")}


def _algorithms(*jwks: object) -> list[str]:
    found = read_key_set(json.dumps({"keys": jwks}).encode())
    return [key.algorithm for key in found.keys]


@pytest.mark.parametrize("algorithm", _KEYS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"alg": None},
        {"use": None},
        {"key_ops": ["verify"]},
        {"use": None, "key_ops": ["verify", "sign"]},
        {"kid": None},
        {"x5c": ["AAAA"], "x5t": "AAAA", "x5u": "https://evil.test", "ext": True},
    ],
    ids=repr,
)
def test_key_counts_when_it_is_for_signatures(algorithm: str, changes: dict[str, object]) -> None:
    """Use, operations and algorithm may be said or not; certificates are not looked at."""
    assert [algorithm] == _algorithms(_KEYS[algorithm].jwk(**changes))


@pytest.mark.parametrize("algorithm", _KEYS)
@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"use": "SIG"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": {"verify": 1}},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "PS256"},
        {"alg": "RSA-OAEP"},
        {"alg": ["RS256", "ES256", "EdDSA"]},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "P-384"},
        {"kty": "EC", "crv": "secp256k1"},
        {"kty": "OKP", "crv": "Ed448"},
        {"kty": "OKP", "crv": "X25519"},
        {"kty": None},
        {"kty": ["RSA"]},
        {"crv": "P-521"},
        {"kid": 7},
        {"kid": "a\nb"},
        {"d": "AAAA"},
        {"x": None, "n": None},
        {"x": "", "n": ""},
        {"x": "AA", "n": "AA"},
        {"x": "!!", "n": "!!"},
        {"x": 1, "n": 1},
        {"x": "A" * 42, "n": "A" * 42},
    ],
    ids=repr,
)
def test_key_is_left_out_when_there_is_any_doubt(
    algorithm: str, changes: dict[str, object]
) -> None:
    """Keys for encryption, of other kinds, spoilt, or with their private half do not count."""
    good = IssuerKey.new("ES256", "good")

    assert ["ES256"] == _algorithms(_KEYS[algorithm].jwk(**changes), good.jwk())


@pytest.mark.parametrize("bits", [1024, 2040])
def test_rsa_key_is_left_out_when_it_is_short(bits: int) -> None:
    """RSA keys have 2048 bits or more."""
    jwk = json.loads(RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, bits).public_key()))
    jwk.pop("key_ops", None)

    assert [] == _algorithms({**jwk, "kid": "short"})


@pytest.mark.parametrize("exponent", [1, 2, 65536, 2**32 + 1, 2**2000 + 1])
def test_rsa_key_is_left_out_when_its_exponent_is_odd(exponent: int) -> None:
    """An exponent of 1 verifies anything, and a huge one takes long."""
    size = (exponent.bit_length() + 7) // 8
    text = base64.urlsafe_b64encode(exponent.to_bytes(size, "big")).rstrip(b"=").decode()

    assert [] == _algorithms(_KEYS["RS256"].jwk(e=text))


def test_rsa_key_is_left_out_when_it_is_huge() -> None:
    """A modulus of more than 8192 bits costs more than it protects."""
    text = base64.urlsafe_b64encode(b"\xff" * 2049).rstrip(b"=").decode()

    assert [] == _algorithms(_KEYS["RS256"].jwk(n=text))


def test_elliptic_key_is_left_out_when_it_is_not_on_the_curve() -> None:
    """A point of another curve is no key."""
    other = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key()))

    assert [] == _algorithms(_KEYS["ES256"].jwk(x=other["x"], y=other["y"]))


def test_key_is_found_by_id_and_algorithm() -> None:
    """Each names one key; the same id with two keys of an algorithm names none."""
    one, two = IssuerKey.new("ES256", "same"), IssuerKey.new("ES256", "same")
    other = IssuerKey.new("EdDSA", "same")
    found = read_key_set(json.dumps({"keys": [one.jwk(), other.jwk()]}).encode())
    twins = read_key_set(json.dumps({"keys": [one.jwk(), two.jwk()]}).encode())

    assert "EdDSA" == (found.find("same", "EdDSA") or found.keys[0]).algorithm
    assert "ES256" == (found.find("same", "ES256") or found.keys[1]).algorithm
    assert found.find("same", "RS256") is None
    assert found.find("Same", "ES256") is None
    assert found.find("", "ES256") is None
    assert twins.find("same", "ES256") is None


def test_key_without_id_is_found_when_it_is_the_only_one() -> None:
    """A token with an id never means a key without one."""
    nameless = _KEYS["ES256"].jwk(kid=None)
    found = read_key_set(json.dumps({"keys": [nameless]}).encode())

    assert found.find("", "ES256") == found.keys[0]
    assert found.find("", "RS256") is None
    assert found.find("a-ES256", "ES256") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [NaN]}',
        b"\xff",
        json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode(),
    ],
)
def test_key_set_is_refused_when_it_is_none(content: bytes) -> None:
    """What is no key set is an error, and has too many keys as well."""
    with pytest.raises(KeySetError):
        read_key_set(content)


def test_key_set_may_be_empty() -> None:
    """An issuer may take all its keys away."""
    assert [] == _algorithms()
    assert [] == _algorithms(1, "x", None, [])
