"""Audit entries at rest: small, and exactly what was stored."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ringback_server.errors import RingbackError
from ringback_server.model.audit import AuditEntry, AuditKind
from ringback_server.model.callback_ids import callback_id
from ringback_server.store import Store, open_store
from ringback_server.store.audit_packing import (
    pack,
    pack_peer,
    pack_resource,
    unpack,
    unpack_resource,
)
from ringback_server.store.audit_words import AuditWords
from ringback_server.store.ids import new_uid

_DAY = 86_400.0
_WORKFLOW = "projects/local/locations/us-central1/workflows/w"
_UID = bytes.fromhex("018f00000000700080000000000000ab")
_CALLBACK = f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}/callbacks/{callback_id(_UID, 7)}"
_PAGES = "SELECT page_count FROM pragma_page_count"


def made(number: int = 0, time: float = 1.5) -> AuditEntry:
    """Return an entry as a callback has it."""
    uid = new_uid()
    execution = f"{_WORKFLOW}/executions/{UUID(bytes=uid)}"
    return AuditEntry(
        time=time,
        project="local",
        kind=AuditKind.DATA_WRITE,
        principal="invoker@local.iam.gserviceaccount.com",
        token_id=str(uuid4()),
        method="callback",
        resource=f"{execution}/callbacks/{callback_id(uid, number)}",
        permission="workflows.callbacks.send",
        status="OK",
        reason="RESUMED",
        peer=f"127.0.0.1:{40_000 + number}",
        edge="http",
        request_id=uuid4().hex,
        payload_id=str(UUID(bytes=new_uid())),
    )


def having(name: str, text: str) -> AuditEntry:
    """Return an entry with a text in one of its fields."""
    fields = made()._asdict().items()
    return AuditEntry._make(text if field == name else value for field, value in fields)


def words(store: Store) -> set[str]:
    """Return the words that are stored."""
    found = store.database.read(lambda c: c.execute("SELECT text FROM audit_word").fetchall())
    return {text for (text,) in found}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        str(UUID(bytes=_UID)),
        UUID(bytes=_UID).hex,
        str(UUID(bytes=_UID)).upper(),
        f"{{{UUID(bytes=_UID)}}}",
        f"{UUID(bytes=_UID)}\n",
        f" {UUID(bytes=_UID).hex[1:]}",
        "٣" * 32,
        "0" * 32,
        "issuer:é\x00",
    ],
)
def test_id_when_it_is_packed(text: str) -> None:
    """It is the same afterwards, however like a UUID it looks."""
    assert text == unpack(pack(text))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "roles/owner",
        _WORKFLOW,
        f"{_WORKFLOW}/executions/",
        f"{_WORKFLOW}/executions/é",
        f"{_WORKFLOW}/executions/{str(UUID(bytes=_UID)).upper()}",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}\n",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}/",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}/callbacks/",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}/callbacks/7",
        f"{_WORKFLOW}/executions/{UUID(bytes=_UID)}/stepEntries/7",
        _CALLBACK,
        _CALLBACK.upper(),
        f"{_CALLBACK}/{UUID(bytes=_UID)}",
        f"/{UUID(bytes=_UID)}/{UUID(bytes=_UID)}",
        str(UUID(bytes=_UID)),
    ],
)
def test_resource_when_it_is_packed(name: str) -> None:
    """It is the same afterwards, whatever its ids are."""
    assert name == unpack_resource(*pack_resource(name))


@pytest.mark.parametrize(
    "peer",
    ["", ":", ":1", "inside", "unix:", "a:0", "a:01", "a:٣", "[::1]:8080", "::1", "1.2.3.4:99999"],
)
def test_peer_when_it_is_packed(peer: str) -> None:
    """It is the same afterwards, with a port or without."""
    host, port = pack_peer(peer)

    assert peer == (host if port is None else f"{host}:{port}")


def test_entries_when_their_texts_are_odd(store: Store) -> None:
    """What is read is what was stored, for each of the fields."""
    fields = made()._fields[3:-1]
    plain = [
        made(),
        made()._replace(project="", resource="", token_id="", peer="", request_id=""),
        made()._replace(time=1.8e9 + 0.123457, resource=_CALLBACK, times=3),
    ]
    odd = ["", "1", "1.5", "é'\"", "a\nb", str(uuid4()), uuid4().hex, "x" * 500]
    entries = plain + [having(name, text) for name in fields for text in odd]
    store.audit.add(entries)

    assert entries == [stored.entry for stored in store.audit.after(0, 1_000)]


def test_entry_when_a_text_has_no_characters(store: Store) -> None:
    """A token that another issuer made cannot have entries refused."""
    store.audit.add([made()._replace(principal="issuer:\ud800")])
    (stored,) = store.audit.after(0, 10)

    assert "issuer:?" == stored.entry.principal


def test_words_when_no_entry_refers_to_them(store: Store) -> None:
    """They go with the last entry that does, a few at a time; others stay."""
    for day in range(4):
        each = [made(time=day * _DAY)._replace(reason=f"{day}.{n}") for n in range(3)]
        store.audit.add(each)
    removed = [store.expiry.audit_entries(_DAY * 2, 2) for _ in range(4)]
    left = [stored.entry.reason for stored in store.audit.after(0, 100)]
    reasons = {word for word in words(store) if word[1:2] == "."}

    assert [(2, True), (2, True), (2, True), (0, True)] == removed
    assert ["2.0", "2.1", "2.2", "3.0", "3.1", "3.2"] == left
    assert set(left) == reasons
    store.audit.add([made(time=_DAY * 3)._replace(reason="0.0")])
    assert "0.0" == store.audit.after(0, 100)[-1].entry.reason


def test_words_when_entries_of_many_days_use_them(store: Store) -> None:
    """A word stays while entries refer to it, and its number does."""
    store.audit.add([made(time=0.0)])
    before = words(store)
    for day in range(1, 4):
        store.audit.add([made(time=day * _DAY)])
        store.expiry.audit_entries(day * _DAY, 100)

    assert before == words(store)
    assert ["local"] == [stored.entry.project for stored in store.audit.after(0, 100)]


def test_words_when_the_server_starts_again(tmp_path: Path) -> None:
    """Those that are there are used again."""
    found: list[set[str]] = []
    for _ in range(2):
        store = open_store(tmp_path)
        store.audit.add([made()])
        found.append(words(store))
        store.close()

    assert found[0] == found[1]


def test_words_when_the_transaction_is_undone(tmp_path: Path) -> None:
    """Words that were not stored are not taken for stored."""
    store = open_store(tmp_path)
    store.close()
    connection = sqlite3.connect(tmp_path / "ringback.db", isolation_level=None)
    audit = AuditWords()
    connection.execute("BEGIN")
    audit.store(connection, [made()])
    connection.execute("ROLLBACK")
    audit.forget()
    audit.store(connection, [made()])
    connection.close()
    store = open_store(tmp_path)

    assert ["local"] == [stored.entry.project for stored in store.audit.after(0, 10)]
    store.close()


def test_writer_when_entries_cannot_be_stored(store: Store) -> None:
    """The write fails with them, and the next has all its words."""
    store.audit.add([made()])
    unstorable = made()._replace(reason="new", times=2**70)
    with pytest.raises(RingbackError):
        store.audit.add([unstorable])
    store.audit.add([made()._replace(reason="new")])

    assert ["RESUMED", "new"] == [stored.entry.reason for stored in store.audit.after(0, 10)]


def test_entries_when_they_are_many(store: Store) -> None:
    """A callback's entry takes at most 150 bytes, with a token of its own."""
    count = 5_000
    (before,) = store.database.read(lambda c: c.execute(_PAGES).fetchall())
    store.audit.add([made(number % 10, time=number / 100) for number in range(count)])
    (after,) = store.database.read(lambda c: c.execute(_PAGES).fetchall())

    assert 150 >= (after[0] - before[0]) * 4_096 / count
