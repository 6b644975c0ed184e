"""Step entries as they are stored: those of one advance together, times and names once each."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from ringback_server.errors import CorruptDataError
from ringback_server.model.steps import (
    ProgressType,
    StepBegun,
    StepEnded,
    StepHistory,
    StepState,
    StepType,
)
from ringback_server.store.packing import seal, unseal

_PLAIN: Final = b"\x00"
_DEFLATED: Final = b"\x01"
#: what is shorter hardly gets shorter
_WORTH_DEFLATING: Final = 256
_FASTEST: Final = 1

# By their numbers: calling an enumeration costs more than all else of an entry.
_TYPES: Final = tuple(StepType)
_STATES: Final = tuple(StepState)
_PROGRESS: Final = tuple(ProgressType)

#: parent, thread, routine, step, type, time, progress, number, expected
_Begun = tuple[int, int, int, int, int, int, int, int, int]
#: id, time, state
_Ended = tuple[int, int, int]
#: id, exception, variables, omitted
_Told = tuple[int, str | None, list[tuple[str, str]] | None, list[str]]


class _Packed(msgspec.Struct, array_like=True):
    """Times and names are given by their index; ids of begun entries follow one another."""

    unrecorded: int
    times: list[float]
    names: list[str]
    first: int
    begun: list[_Begun]
    ended: list[_Ended]
    #: what is known of some that ended
    told: list[_Told]


# Made once, and before there are threads: see `packing`.
_DECODER = msgspec.msgpack.Decoder(_Packed)
_ENCODER = msgspec.msgpack.Encoder()


def pack_history(history: StepHistory) -> bytes:
    """Pack what one advance adds to a history."""
    times: dict[float, int] = {}
    names: dict[str, int] = {}
    begun: list[_Begun] = [
        (
            each.parent,
            each.thread,
            names.setdefault(each.routine, len(names)),
            names.setdefault(each.step, len(names)),
            int(each.type),
            times.setdefault(each.time, len(times)),
            int(each.progress),
            each.number,
            each.expected,
        )
        for each in history.begun
    ]
    ended: list[_Ended] = [
        (each.id, times.setdefault(each.time, len(times)), int(each.state))
        for each in history.ended
    ]
    told: list[_Told] = [
        (
            each.id,
            each.exception,
            None if each.variables is None else list(each.variables),
            list(each.omitted),
        )
        for each in history.ended
        if each.exception is not None or each.variables is not None
    ]
    first = history.begun[0].id if history.begun else 0
    packed = _Packed(history.unrecorded, [*times], [*names], first, begun, ended, told)
    content = _ENCODER.encode(packed)
    if len(content) < _WORTH_DEFLATING:
        return seal(_PLAIN + content)
    return seal(_DEFLATED + zlib.compress(content, _FASTEST))


def unpack_history(sealed: bytes) -> StepHistory:
    """Reverse `pack_history`; raise CorruptDataError."""
    content = unseal(sealed)
    kind, content = content[:1], content[1:]
    try:
        read = _DECODER.decode(zlib.decompress(content) if kind == _DEFLATED else content)
        return StepHistory(
            begun=tuple(_begun(read, place) for place in range(len(read.begun))),
            ended=_ended(read),
            unrecorded=read.unrecorded,
        )
    except (msgspec.MsgspecError, zlib.error, ValueError, IndexError) as error:
        raise CorruptDataError from error


def _begun(read: _Packed, place: int) -> StepBegun:
    parent, thread, routine, step, kind, time, progress, number, expected = read.begun[place]
    return StepBegun(
        read.first + place,
        parent,
        thread,
        read.names[routine],
        read.names[step],
        _TYPES[kind],
        read.times[time],
        _PROGRESS[progress],
        number,
        expected,
    )


def _ended(read: _Packed) -> tuple[StepEnded, ...]:
    told = {each[0]: each for each in read.told}
    found: list[StepEnded] = []
    for entry, time, state in read.ended:
        _, exception, variables, omitted = told.get(entry, (entry, None, None, []))
        found.append(
            StepEnded(
                entry,
                read.times[time],
                _STATES[state],
                exception,
                None if variables is None else tuple(variables),
                tuple(omitted),
            )
        )
    return tuple(found)
