"""Signatures and keys that an attacker makes: none of them counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ringback_server.auth.keys import (
    new_private_key,
    private_pem,
    public_jwk,
    public_pem,
    read_private_key,
    read_public_key,
    thumbprint,
)
from ringback_server.auth.refusals import Refusal
from tests.auth.forge import base64url, forge, signing_input
from tests.auth.instances import JTI, Instance

#: the order of P-256, FIPS 186-5 and SEC 2
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ES256_BYTES = 64
ES256_HALF = 32


def secrets_of(pem: str, jwk: dict[str, str]) -> list[bytes]:
    """Return all that an attacker could take the public key for, as a secret."""
    key = load_pem_public_key(pem.encode())
    forms = [
        key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        for encoding in (Encoding.PEM, Encoding.DER)
    ]
    if isinstance(key, EllipticCurvePublicKey):
        point = PublicFormat.UncompressedPoint
        forms += [key.public_bytes(Encoding.X962, point)]
        forms += [base64.urlsafe_b64decode(jwk[name] + "==") for name in ("x", "y")]
    texts = [pem.strip(), pem.replace("\n", "\r\n"), json.dumps(jwk), jwk.get("n", ""), ""]
    texts += [json.dumps(jwk, separators=(",", ":")), json.dumps(jwk, sort_keys=True)]
    return [*forms, *(text.encode() for text in texts)]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_token_is_refused_when_a_public_key_is_its_secret(
    instance: Instance, algorithm: str
) -> None:
    """No form of a public key that everybody has is the secret of anything."""
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    signing = read_private_key(instance.signing_pem.encode()).public_key()
    account = instance.keys.admin
    ours = (instance.access_header(alg=algorithm), public_pem(signing), public_jwk(signing, "k"))
    theirs = (
        instance.account_header(alg=algorithm),
        account.public_key,
        public_jwk(read_public_key(account.public_key), account.kid),
    )
    for header, pem, jwk in (ours, theirs):
        signed = signing_input(header, instance.access_claims())
        for secret in secrets_of(pem, jwk):
            mac = base64url(hmac.digest(secret, signed.encode(), digest))

            assert instance.refusal(f"{signed}.{mac}") is Refusal.ALGORITHM


def parts_of(token: str) -> tuple[str, int, int]:
    """Return what is signed, and both numbers of the signature."""
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return signed, int.from_bytes(raw[:ES256_HALF]), int.from_bytes(raw[ES256_HALF:])


def joined(signed: str, r: int, s: int) -> str:
    """Return the token with a signature of these numbers."""
    raw = r.to_bytes(ES256_HALF) + s.to_bytes(ES256_HALF)
    return f"{signed}.{base64url(raw)}"


def test_token_is_refused_when_r_or_s_is_out_of_range(instance: Instance) -> None:
    """Numbers at or above the order, also those equal to the right ones modulo it, are refused."""
    signed, r, s = parts_of(instance.access_token())
    top = 2 ** (8 * ES256_HALF) - 1
    wrong = [(0, 0), (0, s), (r, 0), (ORDER, s), (r, ORDER), (ORDER, ORDER), (top, s), (r, top)]
    # A library that reduces by itself would take these for the genuine ones.
    wrong += [(r + ORDER, s)] if r + ORDER <= top else []
    wrong += [(r, s + ORDER)] if s + ORDER <= top else []

    assert {Refusal.SIGNATURE} == {instance.refusal(joined(signed, *each)) for each in wrong}


def test_token_keeps_its_id_when_its_signature_is_mirrored(instance: Instance) -> None:
    """Of any ECDSA signature anybody can make a second: it is the same token, revoked with it."""
    token = instance.access_token()
    signed, r, s = parts_of(token)
    twin = joined(signed, r, ORDER - s)

    assert token != twin
    assert JTI == instance.authenticator.authenticate(twin).token_id
    instance.credentials.revocations.add(JTI)
    assert {Refusal.REVOKED} == {instance.refusal(each) for each in (token, twin)}


def test_token_is_refused_when_its_own_signature_is_in_der(instance: Instance) -> None:
    """The genuine signature in another form is no signature."""
    signed, r, s = parts_of(instance.access_token())

    assert Refusal.SIGNATURE is instance.refusal(
        f"{signed}.{base64url(encode_dss_signature(r, s))}"
    )


@pytest.mark.parametrize("size", [1, 31, 32, 63, 65, 96, 128, 4000])
def test_token_is_refused_when_its_signature_has_another_length(
    instance: Instance, size: int
) -> None:
    """A genuine signature cut short or with more behind it is refused, for both algorithms."""
    for token in (instance.access_token(), instance.account_token()):
        signed, _, signature = token.rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "==")

        changed = base64url((raw + bytes(size))[:size] if size <= len(raw) else raw + bytes(size))
        assert Refusal.SIGNATURE is instance.refusal(f"{signed}.{changed}")


KIDS = [
    "../../../../dev/null",
    "/proc/self/environ",
    "file:///dev/null",
    "https://attacker.example/key.pem",
    "http://169.254.169.254/computeMetadata/v1/",
    "x' UNION SELECT 'key' --",
    "' OR '1'='1",
    "x'; DROP TABLE account_keys; --",
    "|/bin/sleep 10",
    "$(sleep 10)",
    "{{7*7}}",
    "%00",
    "k" * 4000,
    "a\nb",
    "a\x00b",
    "\u2028",
    "k\u0131d",
    "\U0001f511",
]


@pytest.mark.parametrize("kid", KIDS, ids=ascii)
def test_token_is_refused_when_its_kid_is_an_injection(instance: Instance, kid: str) -> None:
    """A `kid` is compared with those that are there, in whatever it is written."""
    own = private_pem(new_private_key("ES256"))
    tokens = [
        forge(header, instance.access_claims(), own)
        for header in (instance.access_header(kid=kid), instance.account_header(kid=kid))
    ]

    assert {Refusal.KEY_UNKNOWN} == {instance.refusal(token) for token in tokens}


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])
def test_token_is_refused_when_it_brings_its_own_key(instance: Instance, member: str) -> None:
    """A token signed by the very key that its header brings is refused for bringing it."""
    own = new_private_key("ES256")
    public, own_kid = own.public_key(), thumbprint(own.public_key())
    values: dict[str, object] = {
        "jwk": public_jwk(public, own_kid),
        "jku": "http://127.0.0.1:9/jwks.json",
        "x5u": "http://127.0.0.1:9/chain.pem",
        "x5c": [base64.b64encode(b"certificate").decode()],
        "x5t": base64url(hashlib.sha256(b"certificate").digest()[:20]),
        "x5t#S256": base64url(hashlib.sha256(b"certificate").digest()),
    }
    for kid in (own_kid, instance.credentials.signers[0].kid):
        header = instance.access_header(kid=kid, **{member: values[member]})

        assert Refusal.HEADER is instance.refusal(
            forge(header, instance.access_claims(), private_pem(own))
        )


def test_token_is_refused_when_its_payload_is_not_encoded(instance: Instance) -> None:
    """RFC 7797's plain payloads are refused, with `crit` and without."""
    signer = instance.signing_pem
    members: list[dict[str, object]] = [
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"b64": True},
        {"crit": ["exp"]},
        {"zip": "DEF"},
    ]
    for changes in members:
        token = forge(instance.access_header(**changes), instance.access_claims(), signer)

        assert Refusal.HEADER is instance.refusal(token)
