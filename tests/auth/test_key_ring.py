"""Signing keys: which signs, which verify, and until when."""

from __future__ import annotations

import json

import jwt
import pytest

from ringback_server.auth.key_ring import AHEAD, KeyRing
from ringback_server.auth.keys import ALGORITHMS, read_public_key, thumbprint
from ringback_server.auth.refusals import Refusal
from ringback_server.auth.sealing import Sealer
from ringback_server.errors import (
    CorruptDataError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from tests.auth.forge import opened
from tests.auth.instances import ADMIN, Instance
from tests.auth.memory_store import MemoryCredentials
from tests.replacing import replace


def _kids(instance: Instance) -> list[str]:
    """Return the ids of the published keys."""
    keys: list[dict[str, str]] = json.loads(json.dumps(instance.issuer.jwks()))["keys"]
    return [key["kid"] for key in keys]


def test_the_first_key_is_es256_and_named_by_its_thumbprint(instance: Instance) -> None:
    """It signs, and has no end yet."""
    (key,) = instance.ring.keys()
    assert (key.algorithm, key.rotate_time, key.retire_time) == ("ES256", None, None)
    assert key.kid == thumbprint(read_public_key(key.public_key))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tokens_verify_when_the_key_is_of_any_algorithm(instance: Instance, algorithm: str) -> None:
    """Ours take them, and so does an ordinary library with the published set."""
    key = instance.ring.rotate(algorithm)
    token = instance.issuer.access_token(ADMIN).token
    assert opened(token)[0] == {"typ": "at+jwt", "alg": algorithm, "kid": key.kid}
    assert instance.authenticator.authenticate(token).email == ADMIN
    published = jwt.PyJWKSet.from_dict(instance.issuer.jwks())[key.kid]
    assert jwt.PyJWS().decode(token, published, algorithms=[algorithm])


@pytest.mark.parametrize("algorithm", ["none", "ES384", "es256", "HS256", "Ed25519"])
def test_rotation_is_refused_when_the_algorithm_is_another(
    instance: Instance, algorithm: str
) -> None:
    """The refusal names those that there are, and nothing changed."""
    before = instance.ring.keys()
    with pytest.raises(InvalidArgumentError, match="ES256, RS256, EdDSA"):
        instance.ring.rotate(algorithm)
    assert instance.ring.keys() == before


def test_rotation_keeps_the_algorithm_when_none_is_named(instance: Instance) -> None:
    """A rotation changes the key and nothing else."""
    instance.ring.rotate("EdDSA")
    assert instance.ring.rotate().algorithm == "EdDSA"


def test_the_new_key_is_published_and_signs_when_rotated(instance: Instance) -> None:
    """From the return on; the old one stays published, and has no private half any more."""
    (old,) = instance.ring.keys()
    token = instance.issuer.access_token(ADMIN).token
    new = instance.ring.rotate()
    assert _kids(instance) == [new.kid, old.kid]
    assert opened(instance.issuer.access_token(ADMIN).token)[0]["kid"] == new.kid
    assert instance.authenticator.authenticate(token).email == ADMIN
    assert instance.ring.keys()[1].sealed_key is None


def test_an_old_key_verifies_until_its_last_token_has_expired(instance: Instance) -> None:
    """However long that token lives; then it is neither published nor taken."""
    short = instance.issuer.access_token(ADMIN, lifetime=60)
    long = instance.issuer.access_token(ADMIN, lifetime=43_200, resource="projects/local")
    new = instance.ring.rotate()
    instance.clock.advance(43_200)
    assert instance.refusal(short.token) is Refusal.EXPIRED
    assert instance.authenticator.authenticate(long.token).email == ADMIN
    instance.clock.advance(AHEAD + 30)
    assert _kids(instance) == [new.kid]
    assert instance.refusal(long.token) is Refusal.EXPIRED


def test_an_old_key_retires_early_when_the_overlap_is_short(instance: Instance) -> None:
    """With an overlap of a minute, tokens end after a minute, also those seen before."""
    token = instance.issuer.access_token(ADMIN).token
    instance.ring.rotate(overlap=60)
    instance.clock.advance(59.9)
    assert instance.authenticator.authenticate(token).email == ADMIN
    instance.clock.advance(0.2)
    assert instance.refusal(token) is Refusal.KEY_UNKNOWN


@pytest.mark.parametrize("overlap", [-1.0, 1e9, float("inf"), float("nan")])
def test_rotation_is_refused_when_the_overlap_makes_no_sense(
    instance: Instance, overlap: float
) -> None:
    """Negative, endless and none are refused."""
    with pytest.raises(InvalidArgumentError, match="overlap"):
        instance.ring.rotate(overlap=overlap)


def test_what_a_key_signed_is_noted_seldom(instance: Instance) -> None:
    """The date is written ahead: not for each token, and never too early."""
    first = instance.issuer.access_token(ADMIN)
    noted = instance.ring.keys()[0].tokens_until
    assert noted == first.expire_time + AHEAD
    instance.clock.advance(AHEAD)
    instance.issuer.access_token(ADMIN)
    assert instance.ring.keys()[0].tokens_until == noted
    instance.clock.advance(1)
    second = instance.issuer.access_token(ADMIN)
    assert instance.ring.keys()[0].tokens_until == second.expire_time + AHEAD


def test_all_tokens_of_a_key_end_at_once_when_it_is_revoked(instance: Instance) -> None:
    """Also those seen before; another key signs from then on."""
    token = instance.issuer.access_token(ADMIN).token
    instance.authenticator.authenticate(token)
    (old,) = instance.ring.keys()
    revoked = instance.ring.revoke(old.kid)
    assert (revoked.revoked, revoked.sealed_key) == (True, None)
    assert instance.refusal(token) is Refusal.KEY_UNKNOWN
    assert old.kid not in _kids(instance)
    assert instance.authenticator.authenticate(instance.issuer.access_token(ADMIN).token)


def test_the_signing_key_stays_when_an_older_one_is_revoked(instance: Instance) -> None:
    """Only what the revoked key signed ends."""
    (old,) = instance.ring.keys()
    new = instance.ring.rotate()
    token = instance.issuer.access_token(ADMIN).token
    instance.ring.revoke(old.kid)
    assert _kids(instance) == [new.kid]
    assert instance.authenticator.authenticate(token).email == ADMIN


def test_revoking_is_refused_when_there_is_no_such_key_or_it_has_retired(
    instance: Instance,
) -> None:
    """Each is told apart."""
    with pytest.raises(NotFoundError):
        instance.ring.revoke("none")
    (old,) = instance.ring.keys()
    instance.ring.revoke(old.kid)
    with pytest.raises(FailedPreconditionError, match="retired"):
        instance.ring.revoke(old.kid)


def test_a_token_is_signed_by_the_new_key_when_its_own_was_rotated_meanwhile(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No token leaves that outlives the key that signed it."""
    ring = instance.ring

    def rotated_first(_credentials: MemoryCredentials, _kid: str, _until: float) -> bool:
        monkeypatch.undo()
        ring.rotate()
        return False

    monkeypatch.setattr(MemoryCredentials, "note_tokens", rotated_first)
    token = instance.issuer.access_token(ADMIN).token
    assert opened(token)[0]["kid"] == ring.keys()[0].kid


def test_a_sealed_key_signs_only_with_the_key_that_sealed_it(instance: Instance) -> None:
    """Without it, and in the place of another, the private half does not open."""
    sealed = KeyRing(instance.credentials, Sealer(bytes(32)), instance.clock)
    instance.credentials.signers.clear()
    sealed.add_first()
    (key,) = sealed.keys()
    assert key.sealed_key is not None
    assert b"PRIVATE" not in key.sealed_key
    assert sealed.sign("JWT", {"a": 1}, expire_time=1.0)
    with pytest.raises(CorruptDataError, match="--seal-key-file"):
        KeyRing(instance.credentials, Sealer(), instance.clock).sign("JWT", {}, expire_time=1.0)
    instance.credentials.signers = [replace(key, kid="moved")]
    with pytest.raises(CorruptDataError, match="not where it was sealed"):
        sealed.sign("JWT", {}, expire_time=1.0)


def test_public_halves_are_kept_when_a_key_was_made_before_they_were(instance: Instance) -> None:
    """A key of an earlier version is described at the first start, and goes on."""
    token = instance.issuer.access_token(ADMIN).token
    (key,) = instance.ring.keys()
    instance.credentials.signers = [replace(key, public_key="")]
    ring = KeyRing(instance.credentials, Sealer(), instance.clock)
    ring.begin()
    assert ring.keys() == (key,)
    assert instance.authenticator.authenticate(token).email == ADMIN
