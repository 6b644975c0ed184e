"""Holds a ledger against the store that a server left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from ringback_server.model.names import ExecutionName, WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from ringback_server.store import Store, open_store
from ringback_server.store.logs import LogFilter
from ringback_server.store.payloads import unpack
from tests import listed
from tests.torture.client import PARENT
from tests.torture.ledger import Answer, Entry, Ledger

_MANY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store knows of one execution."""

    execution: Execution
    #: ids of payloads taken, in order, and of payloads not taken, in order
    taken: list[str]
    open: list[str]
    #: ids that answers named, of all payloads received
    payload_ids: list[str]
    #: complaints about its log
    broken_waits: list[str]


def complaints(directory: Path, ledgers: list[Ledger]) -> list[str]:
    """Return in what the store in a data dir differs from what clients were told."""
    store = open_store(directory)
    try:
        return [line for ledger in ledgers for line in _judge(store, ledger)]
    finally:
        store.close()


def _judge(store: Store, ledger: Ledger) -> Iterator[str]:
    workflows = {entry.workflow for entry in ledger.entries}
    stored: dict[str, list[Stored]] = {}
    gone = set[str]()
    for workflow in sorted(workflows):
        found = _executions(store, workflow)
        if found is None:
            gone.add(workflow)
            continue
        for execution in found:
            known = _stored(store, execution)
            stored.setdefault(_id(execution), []).append(known)
    for workflow in gone ^ ledger.deleted:
        if workflow in workflows and workflow not in ledger.perhaps_deleted:
            yield f"{workflow}: {'lost' if workflow in gone else 'deleted and still there'}"
    asked = {entry.id for entry in ledger.entries}
    yield from (f"{name}: nobody asked for it" for name in stored.keys() - asked)
    for entry in ledger.entries:
        if entry.workflow not in gone:
            for line in _judge_entry(entry, stored.get(entry.id, [])):
                yield f"{entry.id} {entry.name}: {line}"


def _judge_entry(entry: Entry, found: list[Stored]) -> Iterator[str]:
    if len(found) > 1:
        yield f"created {len(found)} times"
    if not found:
        if entry.answer is Answer.ACKNOWLEDGED:
            yield "acknowledged and not there"
        return
    stored = found[0]
    if entry.name and str(stored.execution.name) != entry.name:
        yield f"is {stored.execution.name}"
    yield from stored.broken_waits
    yield from _judge_payloads(entry, stored)
    yield from _judge_end(entry, stored)


def _judge_payloads(entry: Entry, stored: Stored) -> Iterator[str]:
    """First in, first out; everything acknowledged is there once, nothing refused is."""
    received = stored.taken + stored.open
    sent = [payload.id for payload in entry.payloads]
    if received != sorted(received, key=sent.index):
        yield f"sent {sent}, taken {stored.taken}, open {stored.open}"
    if len(set(received)) != len(received):
        yield f"a payload is there twice: {received}"
    for payload in entry.payloads:
        if payload.answer is Answer.ACKNOWLEDGED:
            if payload.id not in received:
                yield f"payload {payload.id} was acknowledged and lost"
            if stored.payload_ids.count(payload.payload_id) != 1:
                yield f"payload {payload.id} is not {payload.payload_id}"
        elif payload.answer is Answer.REFUSED and payload.id in received:
            yield f"payload {payload.id} was refused and is there"


def _judge_end(entry: Entry, stored: Stored) -> Iterator[str]:
    execution = stored.execution
    state, last = execution.state, {p.id for p in entry.payloads if p.last}
    allowed = {ExecutionState.ACTIVE, ExecutionState.SUCCEEDED}
    if entry.cancelled is not Answer.REFUSED:
        allowed.add(ExecutionState.CANCELLED)
    if entry.cancelled is Answer.ACKNOWLEDGED:
        allowed = {ExecutionState.CANCELLED}
    if state not in allowed:
        yield f"is {state}: {execution.state_detail}"
    if state is ExecutionState.SUCCEEDED:
        result = msgspec.json.decode(execution.result or "", type=list[str])
        if result != stored.taken:
            yield f"took {stored.taken} and returned {result}"
    if state is ExecutionState.ACTIVE and (stored.open or last & set(stored.taken)):
        yield f"sleeps over {stored.open} after {stored.taken}"


def _executions(store: Store, workflow: str) -> list[Execution] | None:
    """Return the executions of a workflow, None if that is gone."""
    name = WorkflowName.parse(f"{PARENT}/workflows/{workflow}")
    names = {w.name for w in listed.workflows(store, name.parent, limit=_MANY)}
    if name not in names:
        return None
    return listed.executions(store, name, limit=_MANY)


def _id(execution: Execution) -> str:
    return str(msgspec.json.decode(execution.argument)["id"])


def _stored(store: Store, execution: Execution) -> Stored:
    rows = store.database.read(
        lambda c: c.execute(
            "SELECT uid, consumed_time, request FROM payload WHERE execution = ? ORDER BY seq",
            (execution.key,),
        ).fetchall()
    )
    opened = [unpack(r)["http_request"]["body"]["id"] for _, taken, r in rows if taken is None]
    texts = _texts(store, execution.name)
    taken = [words[2] for words in map(str.split, texts) if words[0] == "got"]
    broken = list(_broken_waits(texts))
    consumed = sum(1 for _, time, _ in rows if time is not None)
    if consumed != len(taken):
        broken.append(f"consumed {consumed} payloads and took {taken}")
    return Stored(
        execution=execution,
        taken=taken,
        open=opened,
        payload_ids=[str(UUID(bytes=uid)) for uid, _, _ in rows],
        broken_waits=broken,
    )


def _texts(store: Store, name: ExecutionName) -> list[str]:
    rows = store.logs.list(name, LogFilter(), limit=_MANY, after=None)
    return [entry.text or "" for _, _, entry in rows]


def _broken_waits(texts: list[str]) -> Iterator[str]:
    """Each wait is announced once and has one outcome before the next begins."""
    for place, text in enumerate(texts):
        words, number = text.split(), place // 2
        kinds = {"await"} if place % 2 == 0 else {"got", "timeout"}
        if words[0] not in kinds or words[1] != str(number):
            yield f"log entry {place} is {text!r}"
            return
