"""What no token may look like, whatever it says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from ringback_server.auth.keys import public_pem, read_private_key
from ringback_server.auth.refusals import Refusal
from tests.auth.forge import base64url, forge, signing_input
from tests.auth.instances import JTI, Instance

MALFORMED = {
    "garbage": "garbage",
    "two segments": "a.b",
    "five segments (encrypted)": "a.b.c.d.e",
    "empty segments": "..",
    "letters beyond ASCII": "é.é.é",
    "surrogates": "\ud800.a.b",
    "null bytes": "\0.\0.\0",
}


@pytest.mark.parametrize("bearer", MALFORMED.values(), ids=MALFORMED.keys())
def test_bearer_is_refused_when_it_is_no_token(instance: Instance, bearer: str) -> None:
    """What is not three segments of base64url is refused as malformed."""
    assert instance.refusal(bearer) is Refusal.MALFORMED


def test_bearer_is_refused_when_empty(instance: Instance) -> None:
    """An empty bearer is a missing one."""
    assert instance.refusal("") is Refusal.MISSING


def test_bearer_is_refused_when_it_is_large(instance: Instance) -> None:
    """A genuine token over 8 KiB is refused before anything in it is looked at."""
    token = instance.access_token(permissions=["x" * 8192])

    assert instance.refusal(token) is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    "spoil", ["{}=", "{}==", "{}\n", " {}", "{} ", "{}\t", "\n{}", "{}.", ".{}"]
)
def test_bearer_is_refused_when_padded_or_spaced(instance: Instance, spoil: str) -> None:
    """Nothing is trimmed off or added to a genuine token."""
    assert instance.refusal(spoil.format(instance.access_token())) is Refusal.MALFORMED


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("junk", ["=", "\n", "+", "/", "!"])
def test_bearer_is_refused_when_a_segment_has_foreign_characters(
    instance: Instance, position: int, junk: str
) -> None:
    """Characters outside base64url are refused in each segment, never skipped."""
    segments = instance.access_token().split(".")
    segments[position] += junk

    assert instance.refusal(".".join(segments)) is Refusal.MALFORMED


def test_bearer_is_refused_when_its_last_bits_are_stray(instance: Instance) -> None:
    """A second spelling of the same signature, by bits that decoding drops, is refused."""
    token = instance.access_token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]

    decoded = [base64.urlsafe_b64decode(text.split(".")[2] + "==") for text in (token, twin)]

    assert decoded[0] == decoded[1]
    assert instance.refusal(twin) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "header",
    [b"[]", b'"x"', b"null", b"{", b"\xff", b"{} {}", b"[" * 3000, b'{"alg": NaN}'],
    ids=["list", "text", "null", "cut", "not UTF-8", "two", "deep", "NaN"],
)
def test_bearer_is_refused_when_its_header_is_no_object(instance: Instance, header: bytes) -> None:
    """A header is one strict JSON object."""
    token = forge(header, instance.access_claims(), instance.signing_pem)

    assert instance.refusal(token) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "claims",
    [b"[]", b"null", b"{", b"\xff", b'{"exp": Infinity}', b'{"exp": ' + b"9" * 5000 + b"}"],
    ids=["list", "null", "cut", "not UTF-8", "infinite", "digits"],
)
def test_bearer_is_refused_when_its_claims_are_no_object(instance: Instance, claims: bytes) -> None:
    """Claims are one strict JSON object, even when our own key signed them."""
    token = instance.sign_access(instance.access_header(), claims)

    assert instance.refusal(token) is Refusal.MALFORMED


def test_bearer_is_refused_when_a_header_member_is_repeated(instance: Instance) -> None:
    """Two readers could take different ones."""
    header = json.dumps(instance.access_header()).encode()
    header = header.replace(b"{", b'{"alg": "none", ', 1)
    token = forge(header, instance.access_claims(), instance.signing_pem)

    assert instance.refusal(token) is Refusal.MALFORMED


@pytest.mark.parametrize("twin", [b'{"sub": "x", ', b'{"deep": {"a": 1, "a": 2}, '])
def test_bearer_is_refused_when_a_claim_is_repeated(instance: Instance, twin: bytes) -> None:
    """Two readers could take different ones, at any depth."""
    claims = json.dumps(instance.access_claims()).encode().replace(b"{", twin, 1)
    token = instance.sign_access(instance.access_header(), claims)

    assert instance.refusal(token) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "member",
    ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "cty", "enc"],
)
def test_bearer_is_refused_when_its_header_brings_a_key_or_extension(
    instance: Instance, member: str
) -> None:
    """No header member may bring a key along or change how the token is read."""
    header = instance.access_header(**{member: "JWT"})

    assert instance.refusal(instance.sign_access(header, instance.access_claims())) is (
        Refusal.HEADER
    )


def test_bearer_is_accepted_when_its_header_has_a_harmless_member(instance: Instance) -> None:
    """Unknown members that change nothing are ignored, as RFC 7515 asks."""
    token = instance.sign_access(instance.access_header(note="x"), instance.access_claims())

    assert JTI == instance.authenticator.authenticate(token).token_id


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", " none", None, 1])
@pytest.mark.parametrize("signature", ["", base64url(b"x")])
def test_bearer_is_refused_when_its_algorithm_is_none(
    instance: Instance, algorithm: str | int | None, signature: str
) -> None:
    """An unsigned token is refused in every spelling."""
    signed = signing_input(instance.access_header(alg=algorithm), instance.access_claims())

    expected = Refusal.ALGORITHM if signature else Refusal.MALFORMED
    assert instance.refusal(f"{signed}.{signature}") is expected


@pytest.mark.parametrize("algorithm", ["HS256", "hs256", "es256", "ES384", "RS256", "PS256"])
def test_bearer_is_refused_when_its_algorithm_is_another(
    instance: Instance, algorithm: str
) -> None:
    """An access token is ES256, even if our own key signed another claim to that."""
    token = instance.sign_access(instance.access_header(alg=algorithm), instance.access_claims())

    assert instance.refusal(token) is Refusal.ALGORITHM


def test_bearer_is_refused_when_a_public_key_served_as_hmac_secret(instance: Instance) -> None:
    """HS256 with the public key, in the PEM that anybody can make of the JWKS, is refused."""
    key = read_private_key(instance.signing_pem.encode())
    for header, secret in (
        (instance.access_header(alg="HS256"), public_pem(key.public_key())),
        (instance.account_header(alg="HS256"), instance.keys.admin.public_key),
    ):
        signed = signing_input(header, instance.access_claims())
        mac = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)

        assert instance.refusal(f"{signed}.{base64url(mac)}") is Refusal.ALGORITHM


@pytest.mark.parametrize(
    "signature",
    [
        bytes(64),
        bytes(63) + b"\1",
        b"\1" + bytes(63),
        bytes(63),
        bytes(65),
        bytes(4000),
        b"\xff" * 64,
    ],
    ids=["zero", "r = 0", "s = 0", "short", "long", "huge", "above the order"],
)
def test_bearer_is_refused_when_its_signature_is_degenerate(
    instance: Instance, signature: bytes
) -> None:
    """Zero, short, long and out-of-range ECDSA signatures verify nothing."""
    signed = signing_input(instance.access_header(), instance.access_claims())

    assert instance.refusal(f"{signed}.{base64url(signature)}") is Refusal.SIGNATURE


def test_bearer_is_refused_when_its_signature_is_in_der(instance: Instance) -> None:
    """Only the fixed form of RFC 7518 counts."""
    from_der = b"\x30\x44\x02\x20" + b"\x01" * 32 + b"\x02\x20" + b"\x01" * 32
    signed = signing_input(instance.access_header(), instance.access_claims())

    assert instance.refusal(f"{signed}.{base64url(from_der)}") is Refusal.SIGNATURE


@pytest.mark.parametrize("kid", ["unknown", "../../etc/passwd", "' OR 1=1 --", "\0", "", None, 7])
def test_bearer_is_refused_when_its_key_is_unknown(
    instance: Instance, kid: str | int | None
) -> None:
    """A key is looked up by `kid` among ours and nowhere else."""
    for header in (instance.access_header(kid=kid), instance.account_header(kid=kid)):
        token = instance.sign_access(header, instance.access_claims())

        assert instance.refusal(token) in {Refusal.KEY_UNKNOWN, Refusal.ALGORITHM}
