"""Packed columns: back as they were, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.errors import CorruptDataError
from ringback_server.store import packing, payloads
from tests.store.making import FAILURE, PLACE, logs

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_unpack_when_intact(request_map: dict[str, object]) -> None:
    """A request map comes back as it was packed."""
    assert request_map == payloads.unpack(payloads.pack(request_map))


@given(st.binary(min_size=1), st.data())
def test_unseal_when_a_bit_flipped(content: bytes, data: st.DataObject) -> None:
    """A single flipped bit anywhere is noticed."""
    sealed = bytearray(packing.seal(content))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(CorruptDataError):
        packing.unseal(bytes(sealed))
    assert content == packing.unseal(packing.seal(content))


@pytest.mark.parametrize("damaged", [b"", b"123", packing.seal(b"\xc1"), packing.seal(b"")])
def test_unpack_when_it_is_not_what_it_should_be(damaged: bytes) -> None:
    """What is cut off or makes no sense is damage too."""
    for unpack in (
        payloads.unpack,
        packing.unpack_entries,
        packing.unpack_failure,
        packing.unpack_steps,
    ):
        with pytest.raises(CorruptDataError):
            unpack(damaged)


def test_unpack_when_records_were_packed() -> None:
    """Steps, failures and log entries come back as they were, and nothing stays nothing."""
    entries = logs("a", "b")

    assert list(entries) == packing.unpack_entries(packing.pack_entries(entries))
    assert FAILURE == packing.unpack_failure(packing.pack_failure(FAILURE))
    assert (PLACE,) == packing.unpack_steps(packing.pack_steps((PLACE,)))
    assert None is packing.pack_failure(None)
    assert None is packing.unpack_failure(None)
    assert None is packing.pack_steps(())
    assert () == packing.unpack_steps(None)
