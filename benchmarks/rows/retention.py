"""What removing old executions costs those that run, and what writing costs those that read."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from types import MappingProxyType

from benchmarks import workflows
from benchmarks.asking import Asked, BenchmarkError, Sample
from benchmarks.bench import Bench
from benchmarks.figures import Check, Figure
from benchmarks.ringback import Ringback, connect, serving
from ringback_server.store.ids import new_uid
from ringback_server.store.sqlite import WAL_LIMIT

_PAUSE_SECONDS = 0.01
#: callbacks until a server that was just started is as fast as it will be
_WARMING = 30
#: executions that ended by a callback, and how often each is stored again under another name
_ENDED = 1_000
_COPIES = 100
_AGE_SECONDS = 100 * 86_400.0
#: one in so many of the old ones has a result of so many characters
_LARGE_AMONG = 100
_LARGE_RESULT = 100_000
#: so many bytes in each argument that some seconds write several times what the WAL may hold
_LARGE = 10_000
_WRITTEN = 3
_LOOK_SECONDS = 0.02
#: less than the server waits for another process's lock before it gives up
_HELD_SECONDS = 3.0
_PART_SECONDS = 0.5
_HIGH = 0.99
_BOUND = 2.0
_MB = 1_000_000

#: the kinds of reads, by their names in `load`
_CALLS: Mapping[str, str] = MappingProxyType({"get": "GetExecution", "list": "ListExecutions"})

_OLD = "SELECT COUNT(*) FROM execution WHERE phase = 3 AND end_time < ?"
_COLUMNS = "SELECT name FROM pragma_table_info('execution') WHERE name NOT IN ('id', 'uid')"
_ENLARGE = "UPDATE execution SET result = ? WHERE phase = 3 AND id % ? = 0"
_COPY_EXECUTION = "INSERT INTO execution (uid, {0}) SELECT ?, {0} FROM execution WHERE id = ?"
_COPY_PARTS = (
    "INSERT INTO endpoint SELECT ?, number, method FROM endpoint WHERE execution = ?",
    """INSERT INTO payload
       SELECT ?, seq, endpoint, uid, idempotency_key, hash, receive_time, sender, token_id,
              consumed_time, request FROM payload WHERE execution = ?""",
)


def retention(bench: Bench) -> Iterator[Figure]:
    """Measure callbacks while old executions are removed, and reads while others write."""
    home = bench.folder("retention")
    sources = {"waits": workflows.WAITS, "nothing": workflows.NOTHING}
    clients = bench.options.clients
    with serving(home, "--retention=0", **sources) as (server, load):
        load.ask("create", workflow="waits", count=_ENDED, clients=clients)
        load.ask("resume", workflow="waits", count=_ENDED, clients=clients)
        server.stop()
        _make_old(server)
        yield from _removals(bench, server, Ringback(home, "--retention=1"), load)
        with _again(server, load):
            yield from _reads(bench, server, load)


def _removals(bench: Bench, keeping: Ringback, removing: Ringback, load: Asked) -> Iterator[Figure]:
    """Measure callbacks of a server that keeps old executions, and of one that removes them."""
    removed: list[int] = []

    def callbacks(server: Ringback) -> Sample:
        asked = {"workflow": "waits", "pause": _PAUSE_SECONDS}
        with _again(server, load):
            load.ask("callbacks", count=_WARMING, **asked)
            before = _old(server)
            measured = load.sample("callbacks", count=bench.options.callbacks, **asked)
            removed.append(before - _old(server))
        return measured

    measured = bench.interleaved(
        {"keeping": partial(callbacks, keeping), "removing": partial(callbacks, removing)}
    )
    if not _old(keeping):
        raise BenchmarkError("all old executions were gone before the end: make more of them")
    alone, among = (Sample.joined(measured[name]) for name in ("keeping", "removing"))
    yield Figure(
        row="retention",
        what="old executions removed while callbacks come",
        value=sum(removed) / among.seconds,
        unit="/s",
    )
    for part in (0.5, _HIGH):
        value, calm = among.quantile(part), alone.quantile(part)
        check = Check(what="times what it is without", got=value / calm, bound=_BOUND, unit="x")
        yield Figure(
            row="retention",
            what=f"meanwhile, sent to ended, one at a time, p{part * 100:.0f}",
            value=value,
            unit="ms",
            beside={"without": calm},
            checks=[check] if part == _HIGH else (),
            rounds=[sample.quantile(part) for sample in measured["removing"]],
        )


def _reads(bench: Bench, server: Ringback, load: Asked) -> Iterator[Figure]:
    """Measure reads while nothing is written, while the writer is held up, and while it writes."""
    seconds, clients = bench.options.seconds, bench.options.clients
    argument = json.dumps("x" * _LARGE)
    creation = {"workflow": "nothing", "clients": clients, "argument": argument}
    with (
        Asked("benchmarks.load", log=server.log) as reader,
        ThreadPoolExecutor(1) as pool,
        _watched(server) as largest,
    ):
        connect(reader, server)
        reader.ask("create", workflow="waits", count=_ENDED, clients=clients)
        _read(reader, 1)
        idle = _read(reader, seconds)
        with _held_up(server):
            writing = pool.submit(load.ask, "create", count=1, **creation)
            held_up = _read(reader, min(seconds, _HELD_SECONDS))
            if writing.done():
                raise BenchmarkError("the writer was not held up")
        writing.result()
        writing = pool.submit(load.ask, "create", count=_WRITTEN * WAL_LIMIT // _LARGE, **creation)
        parts: list[Mapping[str, Sample]] = []
        while not writing.done():
            parts.append(_read(reader, _PART_SECONDS))
        writing.result()
    busy = {name: Sample.joined([part[name] for part in parts]) for name in _CALLS}
    for name, call in _CALLS.items():
        yield _read_figure(f"{call} while the writer is held up", held_up[name], idle[name])
    for name, call in _CALLS.items():
        words = f"{call} while it writes as much as it can"
        yield _read_figure(words, busy[name], idle[name], promised=False)
    size = max(largest)
    yield Figure(
        row="retention",
        what=f"largest WAL while {_WRITTEN} times its limit was written",
        value=size / _MB,
        unit="MB",
        checks=[Check(what="times its limit", got=size / WAL_LIMIT, bound=_BOUND, unit="x")],
    )


def _read_figure(what: str, got: Sample, idle: Sample, *, promised: bool = True) -> Figure:
    """Return the figure of one kind of read; `promised`: others must not slow it down."""
    high, calm = got.quantile(_HIGH), idle.quantile(_HIGH)
    check = Check(what="times what it is when idle", got=high / calm, bound=_BOUND, unit="x")
    return Figure(
        row="retention",
        what=f"{what}, p99",
        value=high,
        unit="ms",
        beside={"idle": calm},
        checks=[check] if promised else (),
    )


def _read(reader: Asked, seconds: float) -> Mapping[str, Sample]:
    """Read for some seconds, and return what came of it by the kind of call."""
    read = reader.ask("reads", workflow="waits", seconds=seconds)
    return {name: Sample(**read[name]) for name in _CALLS}


@contextmanager
def _again(server: Ringback, load: Asked) -> Generator[None]:
    """Start a server on the data of another one that has ended, and stop it."""
    try:
        server.start()
        connect(load, server)
        yield
    finally:
        server.stop()


@contextmanager
def _held_up(server: Ringback) -> Generator[None]:
    """Keep the server's writer from beginning a transaction, as a shell could."""
    with closing(_opened(server)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.rollback()


@contextmanager
def _watched(server: Ringback) -> Generator[Sequence[int]]:
    """Look at the size of the WAL, in bytes, again and again; the list grows meanwhile."""
    over, sizes = threading.Event(), [0]
    wal = server.database.with_name(f"{server.database.name}-wal")

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            sizes.append(wal.stat().st_size)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield sizes
        finally:
            over.set()
        looking.result()


def _opened(server: Ringback) -> sqlite3.Connection:
    return sqlite3.connect(server.database, isolation_level=None)


def _make_old(server: Ringback) -> None:
    """Turn what has ended into many executions that ended long ago."""
    end = time.time() - _AGE_SECONDS
    with closing(_opened(server)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE execution SET end_time = ? WHERE phase = 3", (end,))
        large = json.dumps("x" * _LARGE_RESULT)
        connection.execute(_ENLARGE, (large, _LARGE_AMONG))
        columns = ", ".join(name for (name,) in connection.execute(_COLUMNS))
        copy = _COPY_EXECUTION.format(columns)
        keys = connection.execute("SELECT id FROM execution WHERE phase = 3").fetchall()
        for (key,) in keys * _COPIES:
            made = connection.execute(copy, (new_uid(), key)).lastrowid
            for statement in _COPY_PARTS:
                connection.execute(statement, (made, key))
        connection.execute("COMMIT")


def _old(server: Ringback) -> int:
    """Count the executions that ended long ago."""
    with closing(_opened(server)) as connection:
        before = (time.time() - _AGE_SECONDS / 2,)
        return int(connection.execute(_OLD, before).fetchone()[0])
