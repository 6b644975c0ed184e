"""A process that sends calls with bad tokens over gRPC, faster than a library would.

Requests are HTTP/2 frames made beforehand, a handful in a write, over several connections; the
answers are counted and not looked at further. So most of the processor is left to the server.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.answering import answer
from benchmarks.asking import BenchmarkError

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_FRAME_HEAD: Final = 9
#: an empty message: not compressed, no bytes
_EMPTY_MESSAGE: Final = bytes(5)
_PATH: Final = "/ringback.v1.Executions/GetExecution"
#: seconds between two writes of a connection
_TICK: Final = 0.005
#: how many answers may be awaited on a connection before it pauses
_MOST_PENDING: Final = 2_500


@dataclass(slots=True)
class _Connection:
    """One connection, and how far it is."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stream: int = 1
    sent: int = 0
    answered: int = 0
    #: refused by the transport, as too many were under way on the connection
    reset: int = 0

    def send(self, blocks: Sequence[bytes]) -> None:
        """Send one request for each header block."""
        frames: list[bytes] = []
        for block in blocks:
            frames.append(_frame(_HEADERS, _END_HEADERS, self.stream, block))
            frames.append(_frame(_DATA, _END_STREAM, self.stream, _EMPTY_MESSAGE))
            self.stream += 2
        self.sent += len(blocks)
        self.writer.write(b"".join(frames))

    async def receive(self) -> None:
        """Count answers, and acknowledge what has to be, until the connection ends."""
        while True:
            head = await self.reader.readexactly(_FRAME_HEAD)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == _RESET:
                self.reset += 1
            elif kind == _HEADERS and flags & _END_STREAM:
                self.answered += 1
            elif kind in {_SETTINGS, _PING} and not flags & _ACK:
                back = payload if kind == _PING else b""
                self.writer.write(_frame(kind, _ACK, 0, back))
            elif kind == _GOAWAY:
                raise BenchmarkError(f"the server goes away: {payload[8:]!r}")


class Flood:
    """Bad tokens, and where they go."""

    async def flood(
        self, address: str, token: str, rate: int, connections: int, seconds: float
    ) -> dict[str, object]:
        """Send `rate` calls a second, each with another forgery of a token that was good.

        Return how many were sent, answered and reset in a second.
        """
        host, _, port = address.rpartition(":")
        forgeries = [_header_block(address, _forged(token)) for _ in range(rate)]
        opened = [await _open(host, int(port)) for _ in range(connections)]
        receiving = [asyncio.create_task(each.receive()) for each in opened]
        begun = time.perf_counter()
        position, due = 0, 0.0
        while (passed := time.perf_counter() - begun) < seconds:
            due = min(passed * rate, due + 2 * rate * _TICK)
            for each in opened:
                room = _MOST_PENDING - (each.sent - each.answered - each.reset)
                count = min(room, int((due - position) / connections) + 1)
                if due > position and count > 0:
                    each.send([forgeries[(position + n) % rate] for n in range(count)])
                    position += count
            await asyncio.sleep(_TICK)
        lasted = time.perf_counter() - begun
        answered, reset = (sum(getattr(each, n) for each in opened) for n in ("answered", "reset"))
        for task, each in zip(receiving, opened, strict=True):
            task.cancel()
            each.writer.close()
        await asyncio.gather(*receiving, return_exceptions=True)
        return {"sent": position / lasted, "answered": answered / lasted, "reset": reset / lasted}


async def _open(host: str, port: int) -> _Connection:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, b""))
    # As much as there can be: nothing here waits for the other side to be ready.
    writer.write(_frame(_WINDOW, 0, 0, (2**31 - 1 - 65_535).to_bytes(4, "big")))
    return _Connection(reader, writer)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def _header_block(authority: str, token: str) -> bytes:
    """Return the headers of a call in HPACK (RFC 7541): literals, none of them remembered."""
    # The first two are in the static table: `:method: POST` and `:scheme: http`.
    named = (
        (":path", _PATH),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("authorization", f"Bearer {token}"),
    )
    return b"\x83\x86" + b"".join(
        b"\x00" + _text(name.encode()) + _text(value.encode()) for name, value in named
    )


def _text(text: bytes) -> bytes:
    return _length(len(text)) + text


def _length(number: int) -> bytes:
    """Return a length of 7 bits and more (RFC 7541, 5.1), without Huffman coding."""
    if number < 0x7F:
        return bytes([number])
    rest, written = number - 0x7F, bytearray([0x7F])
    while rest >= 0x80:
        written.append(rest % 0x80 + 0x80)
        rest //= 0x80
    return bytes([*written, rest])


def _forged(token: str) -> str:
    """Return a token with another `jti`: its key is known, its signature is wrong."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["jti"] = secrets.token_hex(16)
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


if __name__ == "__main__":
    asyncio.run(answer({"flood": Flood().flood}))
