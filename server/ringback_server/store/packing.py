"""Packed columns: msgpack after a checksum, so that damage is noticed and not acted upon."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from ringback_server.errors import CorruptDataError
from ringback_server.model.resources import Failure, LogEntry, StepPlace

T = TypeVar("T")

_CHECKSUM_BYTES = 4


class _PackedEntry(msgspec.Struct, array_like=True, frozen=True):
    """A log entry as it is stored; new fields are added at the end, with a default."""

    time: float
    severity: str
    text: str | None
    json: str | None
    step: str
    routine: str


# Made once, and before there are threads: what `msgspec` keeps about a class is not yet whole when
# another thread first asks for it, and then the process ends in a segmentation fault.
_STEPS = msgspec.msgpack.Decoder(list[tuple[str, str]])
_FAILURE = msgspec.msgpack.Decoder(Failure)
_ENTRIES = msgspec.msgpack.Decoder(list[_PackedEntry])


def seal(content: bytes) -> bytes:
    """Put a checksum in front."""
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") + content


def unseal(sealed: bytes) -> bytes:
    """Return what was sealed; raise CorruptDataError if it is no longer that."""
    content = sealed[_CHECKSUM_BYTES:]
    if zlib.crc32(content) != int.from_bytes(sealed[:_CHECKSUM_BYTES], "big"):
        raise CorruptDataError
    return content


def pack_steps(steps: Sequence[StepPlace]) -> bytes | None:
    """Pack the current steps of an execution; none need no bytes."""
    if not steps:
        return None
    return seal(msgspec.msgpack.encode([(place.routine, place.step) for place in steps]))


def unpack_steps(sealed: bytes | None) -> tuple[StepPlace, ...]:
    """Reverse `pack_steps`; raise CorruptDataError."""
    if sealed is None:
        return ()
    return tuple(StepPlace(*pair) for pair in _decode(sealed, _STEPS))


def step_names(sealed: bytes | None) -> str:
    """Return the names of packed steps as a JSON array, for SQL; damaged ones are none."""
    try:
        names = [place.step for place in unpack_steps(sealed)]
    except CorruptDataError:
        names = []
    return msgspec.json.encode(names).decode()


def pack_failure(failure: Failure | None) -> bytes | None:
    """Pack why an execution failed."""
    return None if failure is None else seal(msgspec.msgpack.encode(failure))


def unpack_failure(sealed: bytes | None) -> Failure | None:
    """Reverse `pack_failure`; raise CorruptDataError."""
    return None if sealed is None else _decode(sealed, _FAILURE)


def pack_entries(entries: Sequence[LogEntry]) -> bytes:
    """Pack the log entries of one advance."""
    packed = [_PackedEntry(e.time, e.severity, e.text, e.json, e.step, e.routine) for e in entries]
    return seal(msgspec.msgpack.encode(packed))


def unpack_entries(sealed: bytes) -> list[LogEntry]:
    """Reverse `pack_entries`; raise CorruptDataError."""
    return [
        LogEntry(
            time=e.time,
            severity=e.severity,
            text=e.text,
            json=e.json,
            step=e.step,
            routine=e.routine,
        )
        for e in _decode(sealed, _ENTRIES)
    ]


def _decode(sealed: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    try:
        return decoder.decode(unseal(sealed))
    except msgspec.MsgspecError as error:
        raise CorruptDataError from error
