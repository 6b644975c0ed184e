"""Servers that are killed at random instants under mixed load."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.torture.ledger import Answer, Entry, Ledger, Payload
from tests.torture.siege import Siege
from tests.torture.verdict import complaints

_KILLS = 20
_SECONDS = 55.0


def test_store_when_its_servers_are_killed(tmp_path: Path) -> None:
    """Everything acknowledged is there once, everything refused is not, each await ends once."""
    seed = secrets.randbelow(10**6)
    siege = Siege(tmp_path, seed)
    report = siege.run(kills=_KILLS, seconds=_SECONDS)

    assert [] == complaints(siege.directory, report.ledgers), f"seed {seed}: {report}"
    assert report.kills > 0
    ledger, entry = _an_entry(report.ledgers)
    entry.payloads.append(Payload("never sent", None, last=False, answer=Answer.ACKNOWLEDGED))
    assert any("lost" in line for line in complaints(siege.directory, [ledger]))
    ledger.entries.remove(entry)
    assert any("nobody asked" in line for line in complaints(siege.directory, [ledger]))


def _an_entry(ledgers: list[Ledger]) -> tuple[Ledger, Entry]:
    """Return an execution that is in the store, and not the only one of its workflow."""
    return next(
        (ledger, entry)
        for ledger in ledgers
        for entry in ledger.entries
        if entry.answer is Answer.ACKNOWLEDGED
        and entry.workflow not in ledger.deleted | ledger.perhaps_deleted
        and [e.workflow for e in ledger.entries].count(entry.workflow) > 1
    )
