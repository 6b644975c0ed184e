"""A machine's state as bytes, for this version of Ringback and later ones.

Nothing in it depends on how the program was compiled: frames are at places of the source, and
variables have names. Layout: the magic bytes, the version, a CRC-32 of the rest, and MessagePack.
"""

from __future__ import annotations

import zlib

import msgspec

from ringback_server.lang.effects import Wait
from ringback_server.lang.errors import StateError
from ringback_server.lang.host import Host
from ringback_server.lang.program import Program
from ringback_server.lang.strands import Frame, State, Strand, Suspension
from ringback_server.lang.values import Reference, Value, wrap

_MAGIC = b"RBS"
_VERSION = 1
_HEADER = len(_MAGIC) + 1 + 4

#: MessagePack extension type of a Reference
_REFERENCE = 1


class _Frame(msgspec.Struct, array_like=True):
    routine: str
    place: str
    variables: dict[str, object]


class _Wait(msgspec.Struct, array_like=True):
    number: int
    endpoint: int | None
    deadline: float | None
    expiry: str | None


class _Strand(msgspec.Struct, array_like=True):
    id: int
    parent: int | None
    wait: _Wait | None
    frames: list[_Frame]


class _State(msgspec.Struct):
    steps: int
    endpoints: int
    next_strand: int
    next_wait: int
    #: parents before their children
    strands: list[_Strand]


def _encode(value: object) -> msgspec.msgpack.Ext:
    if isinstance(value, Reference):
        return msgspec.msgpack.Ext(_REFERENCE, value.name.encode())
    raise NotImplementedError(type(value))


def _decode(code: int, data: memoryview) -> object:
    if code == _REFERENCE:
        return Reference(bytes(data).decode())
    raise StateError(f"unknown kind of value: {code}")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode)
_DECODER = msgspec.msgpack.Decoder(_State, ext_hook=_decode)


def pack(state: State) -> bytes:
    """Return the state of a machine that has not ended."""
    packed = _ENCODER.encode(
        _State(
            steps=state.host.steps,
            endpoints=state.host.endpoints,
            next_strand=state.next_strand,
            next_wait=state.next_wait,
            strands=[_packed_strand(strand) for strand in state.strands.values()],
        )
    )
    return b"".join([_MAGIC, bytes([_VERSION]), zlib.crc32(packed).to_bytes(4, "big"), packed])


def unpack(program: Program, packed: bytes, host: Host) -> State:
    """Return the state that was packed; raises StateError."""
    if len(packed) < _HEADER or packed[: len(_MAGIC)] != _MAGIC:
        raise StateError("this is not a packed state")
    if packed[len(_MAGIC)] != _VERSION:
        raise StateError(f"version {packed[len(_MAGIC)]} of packed states is unknown")
    content = packed[_HEADER:]
    if zlib.crc32(content) != int.from_bytes(packed[_HEADER - 4 : _HEADER], "big"):
        raise StateError("the packed state is damaged")
    try:
        read = _DECODER.decode(content)
        strands = [_strand(program, strand, host) for strand in read.strands]
    except (msgspec.MsgspecError, ValueError) as error:
        raise StateError(f"the packed state cannot be read: {error}") from error
    host.steps, host.endpoints = read.steps, read.endpoints
    host.memory = sum(frame.size for strand in strands for frame in strand.frames)
    return State(
        program=program,
        host=host,
        strands={strand.id: strand for strand in strands},
        next_strand=read.next_strand,
        next_wait=read.next_wait,
    )


def _packed_strand(strand: Strand) -> _Strand:
    suspension = strand.suspension
    wait = None
    if suspension is not None:
        known = suspension.wait
        wait = _Wait(known.number, known.endpoint, known.deadline, suspension.expiry)
    frames = [_packed_frame(frame) for frame in strand.frames]
    return _Strand(strand.id, strand.parent, wait, frames)


def _packed_frame(frame: Frame) -> _Frame:
    routine, slots = frame.routine, frame.slots
    variables = {
        name: slots[slot] for name, slot in routine.slots.items() if slots[slot] is not None
    }
    return _Frame(routine.name, routine.places[frame.pc], variables)


def _strand(program: Program, packed: _Strand, host: Host) -> Strand:
    suspension = None
    if packed.wait is not None:
        wait = Wait(packed.wait.number, packed.wait.endpoint, packed.wait.deadline)
        suspension = Suspension(wait, packed.wait.expiry)
    frames = [_frame(program, frame, host) for frame in packed.frames]
    if not frames:
        raise StateError("a strand has no frame")
    return Strand(id=packed.id, parent=packed.parent, frames=frames, suspension=suspension)


def _frame(program: Program, packed: _Frame, host: Host) -> Frame:
    routine = program.routines.get(packed.routine)
    if routine is None:
        raise StateError(f"the program has no routine {packed.routine!r}")
    if packed.place not in routine.labels:
        raise StateError(f"routine {packed.routine!r} has no place {packed.place!r}")
    frame = Frame.of(routine, host)
    frame.pc = routine.labels[packed.place]
    for name, plain in packed.variables.items():
        if name not in routine.slots:
            raise StateError(f"routine {packed.routine!r} has no variable {name!r}")
        value: Value = wrap(plain)
        frame.slots[routine.slots[name]] = value
    return frame
