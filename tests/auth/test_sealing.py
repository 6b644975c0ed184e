"""Secrets at rest."""

from __future__ import annotations

import pytest

from ringback_server.auth.sealing import Sealer
from ringback_server.errors import CorruptDataError

_ONE, _TWO = bytes(32), bytes(range(32))
_SECRET, _CONTEXT = b"a secret", "table.column/key"


def _complaint(sealer: Sealer, sealed: bytes, context: str = _CONTEXT) -> str:
    with pytest.raises(CorruptDataError) as caught:
        sealer.open(sealed, context)
    assert _SECRET.decode() not in caught.value.message
    return caught.value.message


def test_a_secret_opens_for_the_key_and_the_context_that_sealed_it() -> None:
    """What was sealed comes back, also in another process with the same key."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert Sealer(_ONE).open(sealed, _CONTEXT) == _SECRET


def test_a_sealed_secret_shows_nothing_and_never_looks_the_same() -> None:
    """The stored form holds no part of the secret, and two of them differ."""
    sealer = Sealer(_ONE)
    first, second = (sealer.seal(_SECRET, _CONTEXT) for _ in range(2))
    assert first.startswith(b"sealed1:")
    assert _SECRET not in first
    assert first != second


def test_a_secret_is_marked_as_plain_when_there_is_no_key() -> None:
    """Without a key the stored form says that it is not encrypted."""
    sealer = Sealer()
    assert not sealer.sealing
    assert sealer.seal(_SECRET, _CONTEXT) == b"plain1:" + _SECRET
    assert sealer.open(b"plain1:" + _SECRET, _CONTEXT) == _SECRET


def test_a_sealed_secret_is_refused_when_there_is_no_key() -> None:
    """The message says which settings are missing."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert "--seal-key-file" in _complaint(Sealer(), sealed)


def test_a_sealed_secret_is_refused_when_the_key_is_another() -> None:
    """The message says that it is the key, and how a key is changed."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert "--seal-old-key-file" in _complaint(Sealer(_TWO), sealed)


def test_an_old_key_opens_nothing_when_it_is_not_to_renew() -> None:
    """After the start that changed the key, what the old one sealed is refused."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert "another key" in _complaint(Sealer(_TWO, old=[_ONE]), sealed)


@pytest.mark.parametrize("place", [0, 3, 8, 15, 16, 27, 28, -1])
def test_a_sealed_secret_is_refused_when_a_bit_of_it_changed(place: int) -> None:
    """Form, name of the key, nonce, text and tag: all of it is authenticated."""
    sealed = bytearray(Sealer(_ONE).seal(_SECRET, _CONTEXT))
    sealed[place] ^= 1
    assert _complaint(Sealer(_ONE), bytes(sealed))


@pytest.mark.parametrize("length", [0, 7, 8, 12, 16, 20, 28, 43])
def test_a_sealed_secret_is_refused_when_it_was_cut_short(length: int) -> None:
    """No length leads to anything but a refusal."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert _complaint(Sealer(_ONE), sealed[:length])


def test_a_sealed_secret_is_refused_when_it_was_moved() -> None:
    """A value does not open in the place of another."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    assert "not where it was sealed" in _complaint(Sealer(_ONE), sealed, "table.column/other")


def test_a_plain_secret_is_refused_when_there_is_a_key() -> None:
    """With a key nothing plain is taken for sealed: each start renews what there is."""
    assert _complaint(Sealer(_ONE), b"plain1:" + _SECRET)


def test_a_secret_is_sealed_anew_when_it_is_plain_or_of_an_old_key() -> None:
    """Renewing leads from each earlier form to the present one."""
    sealer = Sealer(_TWO, old=[_ONE])
    for before in (b"plain1:" + _SECRET, Sealer(_ONE).seal(_SECRET, _CONTEXT)):
        renewed = sealer.renew(before, _CONTEXT)
        assert Sealer(_TWO).open(renewed, _CONTEXT) == _SECRET


def test_a_secret_is_left_as_it_is_when_it_needs_no_renewal() -> None:
    """Renewing writes nothing where there is nothing to do."""
    for sealer in (Sealer(), Sealer(_ONE), Sealer(_ONE, old=[_ONE])):
        sealed = sealer.seal(_SECRET, _CONTEXT)
        assert sealer.renew(sealed, _CONTEXT) == sealed


def test_a_secret_is_refused_for_renewal_when_no_key_opens_it() -> None:
    """Neither without a key, nor with others, nor in another place, nor in an unknown form."""
    sealed = Sealer(_ONE).seal(_SECRET, _CONTEXT)
    for sealer, context in ((Sealer(), _CONTEXT), (Sealer(_TWO), _CONTEXT), (Sealer(_ONE), "x")):
        with pytest.raises(CorruptDataError):
            sealer.renew(sealed, context)
    with pytest.raises(CorruptDataError):
        Sealer(_ONE).renew(b"sealed2:" + _SECRET, _CONTEXT)


def test_a_sealer_is_not_made_when_the_key_has_another_length() -> None:
    """A key has 32 bytes; and it never shows in a repr."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(16))
    assert repr(Sealer(_TWO)) == "<Sealer with a key>"
