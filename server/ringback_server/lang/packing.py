"""A machine's state as bytes, for this version of Ringback and later ones.

Nothing in it depends on how the program was compiled: frames are at places of the source, and
variables have names. Layout: the magic bytes, the version, a CRC-32 of the rest, and MessagePack.
"""

from __future__ import annotations

import zlib

import msgspec

from ringback_server.lang import branches
from ringback_server.lang.errors import StateError
from ringback_server.lang.host import Host
from ringback_server.lang.memory import plain
from ringback_server.lang.packed_waits import PackedWait, packed_suspension, suspension_of
from ringback_server.lang.program import Op, Program, RoutineCode
from ringback_server.lang.strands import Frame, State, Strand
from ringback_server.lang.values import Reference, Value, wrap
from ringback_server.model.resources import HistoryLevel

_MAGIC = b"RBS"
#: 2 added branches, 3 requests, 4 continuations, children and connectors, 5 bodies that are packed
#: once, 6 histories; a state of an earlier version is a later one without any
_VERSION = 6
#: of a state without a history: what could read it before still can
_VERSION_WITHOUT_HISTORY = 5
_READABLE = frozenset({1, 2, 3, 4, 5, 6})
_HEADER = len(_MAGIC) + 1 + 4

#: MessagePack extension type of a Reference
_REFERENCE = 1


class _Frame(msgspec.Struct, array_like=True):
    routine: str
    place: str
    variables: dict[str, object]


class _Strand(msgspec.Struct, array_like=True):
    id: int
    parent: int | None
    wait: PackedWait | None
    frames: list[_Frame]
    number: int = 0
    joining: bool = False


class _History(msgspec.Struct, array_like=True):
    level: int
    entries: int
    unrecorded: int
    bytes: int
    #: open entries by strand and frame, both in the order of the state's
    open: list[list[list[int]]]


class _State(msgspec.Struct):
    steps: int
    endpoints: int
    next_strand: int
    next_wait: int
    #: parents before their children
    strands: list[_Strand]
    turn: int = 0
    logged: int = 0
    #: left out, so that it costs nothing, unless there is one
    history: _History | msgspec.UnsetType = msgspec.UNSET


class _Recording(msgspec.Struct):
    history: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


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
_RECORDING = msgspec.msgpack.Decoder(_Recording, ext_hook=_decode)


def pack(state: State) -> bytes:
    """Return the state of a machine that has not ended."""
    history = _packed_history(state)
    packed = _ENCODER.encode(
        _State(
            steps=state.host.steps,
            endpoints=state.host.endpoints,
            next_strand=state.next_strand,
            next_wait=state.next_wait,
            strands=[_packed_strand(strand) for strand in state.strands.values()],
            turn=state.turn,
            logged=state.host.logged,
            history=history,
        )
    )
    version = _VERSION_WITHOUT_HISTORY if history is msgspec.UNSET else _VERSION
    return b"".join([_MAGIC, bytes([version]), zlib.crc32(packed).to_bytes(4, "big"), packed])


def unpack(program: Program, packed: bytes, host: Host) -> State:
    """Return the state that was packed; raises StateError."""
    content = _content(packed)
    try:
        read = _DECODER.decode(content)
        strands: dict[int, Strand] = {}
        for strand in read.strands:
            strands[strand.id] = _strand(program, strand, host, strands)
        if read.history is not msgspec.UNSET:
            _take_history(read.history, host, list(strands.values()))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StateError(f"the packed state cannot be read: {error}") from error
    host.steps, host.endpoints, host.logged = read.steps, read.endpoints, read.logged
    host.memory = sum(frame.size for strand in strands.values() for frame in strand.frames)
    return State(
        program=program,
        host=host,
        strands=strands,
        next_strand=read.next_strand,
        next_wait=read.next_wait,
        turn=read.turn,
    )


def is_recording(packed: bytes) -> bool:
    """Tell whether a packed state has a history; raises StateError."""
    if packed.startswith(_MAGIC) and packed[len(_MAGIC) :][:1] <= bytes([_VERSION_WITHOUT_HISTORY]):
        # So most states are not read for this.
        return False
    try:
        return _RECORDING.decode(_content(packed)).history is not msgspec.UNSET
    except msgspec.MsgspecError as error:
        raise StateError(f"the packed state cannot be read: {error}") from error


def _content(packed: bytes) -> bytes:
    if len(packed) < _HEADER or packed[: len(_MAGIC)] != _MAGIC:
        raise StateError("this is not a packed state")
    if packed[len(_MAGIC)] not in _READABLE:
        raise StateError(f"version {packed[len(_MAGIC)]} of packed states is unknown")
    content = packed[_HEADER:]
    if zlib.crc32(content) != int.from_bytes(packed[_HEADER - 4 : _HEADER], "big"):
        raise StateError("the packed state is damaged")
    return content


def _packed_history(state: State) -> _History | msgspec.UnsetType:
    history = state.host.history
    if history is None:
        return msgspec.UNSET
    return _History(
        level=int(history.level),
        entries=history.entries,
        unrecorded=history.unrecorded,
        bytes=history.bytes,
        open=[[frame.open or [] for frame in s.frames] for s in state.strands.values()],
    )


def _take_history(packed: _History, host: Host, strands: list[Strand]) -> None:
    """Go on recording; raises ValueError if that does not fit the strands."""
    history = host.record(HistoryLevel(packed.level))
    if history is None:
        raise ValueError("a history without a level")
    history.entries, history.unrecorded = packed.entries, packed.unrecorded
    history.bytes = packed.bytes
    for strand, frames in zip(strands, packed.open, strict=True):
        for frame, entries in zip(strand.frames, frames, strict=True):
            frame.open = entries


def _packed_strand(strand: Strand) -> _Strand:
    wait = None if strand.suspension is None else packed_suspension(strand.suspension)
    frames = [_packed_frame(frame) for frame in strand.frames]
    return _Strand(strand.id, strand.parent, wait, frames, strand.number, strand.joining)


def _packed_frame(frame: Frame) -> _Frame:
    routine, slots, own = frame.routine, frame.slots, frame.own
    variables: dict[str, object] = {
        name: plain(slots[slot])
        for name, slot in routine.slots.items()
        if slot in own and slots[slot] is not None
    }
    return _Frame(routine.name, routine.places[frame.pc], variables)


def _strand(program: Program, packed: _Strand, host: Host, others: dict[int, Strand]) -> Strand:
    if not packed.frames:
        raise StateError("a strand has no frame")
    outermost, *called = packed.frames
    routine = _routine(program, outermost)
    if packed.parent is None:
        strand = Strand(id=packed.id, frames=[Frame.of(routine, host)])
    else:
        strand = _branch(packed, routine, others)
    strand.joining = packed.joining
    _fill(strand.frames[0], outermost)
    for frame in called:
        strand.frames.append(Frame.of(_routine(program, frame), host))
        _fill(strand.frames[-1], frame)
    if packed.wait is not None:
        strand.suspension = suspension_of(packed.wait)
    return strand


def _branch(packed: _Strand, routine: RoutineCode, others: dict[int, Strand]) -> Strand:
    """Return a strand in a branch of its parent's parallel step, variables as in the parent."""
    parent = others.get(packed.parent or 0)
    frame = None if parent is None else parent.frames[-1]
    if parent is None or frame is None or frame.routine is not routine:
        raise StateError(f"strand {packed.id} has no parent in its routine")
    instruction = routine.code[frame.pc]
    if instruction[0] != Op.FORK or not branches.has_branch(instruction[3], packed.number):
        raise StateError(f"strand {packed.id} is no branch of what its parent is at")
    branches.share_variables(instruction[3], frame)
    return branches.strand_of(parent, packed.number, packed.id)


def _routine(program: Program, packed: _Frame) -> RoutineCode:
    routine = program.routines.get(packed.routine)
    if routine is None:
        raise StateError(f"the program has no routine {packed.routine!r}")
    return routine


def _fill(frame: Frame, packed: _Frame) -> None:
    """Take a frame to its place, and give its variables their values."""
    routine = frame.routine
    if packed.place not in routine.labels:
        raise StateError(f"routine {packed.routine!r} has no place {packed.place!r}")
    frame.pc = routine.labels[packed.place]
    for name, content in packed.variables.items():
        if name not in routine.slots:
            raise StateError(f"routine {packed.routine!r} has no variable {name!r}")
        value: Value = wrap(content)
        frame.slots[routine.slots[name]] = value
