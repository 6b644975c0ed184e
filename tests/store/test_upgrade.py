"""Databases that an earlier version wrote."""

from __future__ import annotations

import sqlite3
import time
from importlib.resources import files
from pathlib import Path

from ringback_server.model.names import CallbackName, ExecutionName, WorkflowName
from ringback_server.store import open_store
from ringback_server.store.callbacks import SendRequest
from ringback_server.store.ids import new_uid
from ringback_server.store.lookups import execution_id
from ringback_server.store.packing import seal
from ringback_server.store.payloads import pack
from tests.store.making import unhurried

_APPLICATION_ID = 0x52424B31
_ROOT = "a@p.iam.gserviceaccount.com"
_ADMINISTERED = ("roles/iam.serviceAccountTokenCreator", "roles/workflows.admin")
_UIDS = [new_uid() for _ in range(4)]
_WORKFLOW = WorkflowName("local", "us-central1", "w")

# As version 1 left them: one queued, one waiting on a callback, one succeeded, one cancelled.
_ROWS = (
    "INSERT INTO workflow VALUES (1, 'local', 'us-central1', 'w', 1, '', '{}', 0, 0, 1, 1, NULL)",
    "INSERT INTO revision VALUES (1, 1, 1, '000001-abc', '- a:', 'projects/p', '{}', 1)",
    "INSERT INTO endpoint VALUES (2, 0, 'POST')",
    "INSERT INTO waiter VALUES (2, 1, 0, NULL)",
    "INSERT INTO revoked_token VALUES ('t', 50)",
    "INSERT INTO service_account VALUES ('a@p.iam.gserviceaccount.com', '1', '', 0)",
    "INSERT INTO service_account VALUES ('ci@example.com', '2', 'CI', 0)",
    """INSERT INTO binding
       VALUES ('a@p.iam.gserviceaccount.com', 'roles/workflows.admin', '*', NULL)""",
    """INSERT INTO binding
       SELECT email, 'roles/iam.serviceAccountTokenCreator', '*', NULL FROM binding""",
    "INSERT INTO binding VALUES ('ci@example.com', 'roles/workflows.admin', '*', NULL)",
)
_EXECUTION = """
INSERT INTO execution (uid, workflow, revision, phase, outcome, fence, call_log_level,
                       history_level, create_time, end_time, argument, state)
VALUES (?, 1, 1, ?, ?, 0, 0, 0, 1, ?, 'null', ?)
"""


def version_one(directory: Path) -> None:
    """Write a data dir as version 1 of the schema had it."""
    directory.mkdir()
    connection = sqlite3.connect(directory / "ringback.db")
    script = files("ringback_server.store.migrations") / "0001_first.sql"
    connection.executescript(script.read_text())
    for uid, phase, outcome, ended, state in (
        (_UIDS[0], 0, None, None, None),
        (_UIDS[1], 2, None, None, seal(b"packed")),
        (_UIDS[2], 3, "SUCCEEDED", 5.0, None),
        (_UIDS[3], 3, "CANCELLED", 6.0, None),
    ):
        connection.execute(_EXECUTION, (uid, phase, outcome, ended, state))
    for statement in _ROWS:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def test_open_when_the_schema_is_the_first(tmp_path: Path) -> None:
    """Executions of version 1 are counted, go on, take callbacks and expire."""
    version_one(tmp_path / "data")
    store = open_store(tmp_path / "data")
    try:
        counted = store.census.executions()
        loaded = store.executions.load(2)
        name = ExecutionName(
            _WORKFLOW.project, _WORKFLOW.location, _WORKFLOW.workflow, execution_id(_UIDS[1])
        )
        sent = store.callbacks.send(
            SendRequest(
                name=CallbackName.of(name, 0),
                method="POST",
                idempotency_key=None,
                request_hash=b"",
                payload_id=new_uid(),
                sender="a@b",
                token_id=str(name),
                receive_time=10.0,
                payload=pack({"body": 1}),
                inbox_limit=1,
            )
        )
        removed = unhurried(store).executions(5.5, 10)
        tokens = store.expiry.revoked_tokens(60.0, 10)
        after = store.census.executions()
    finally:
        store.close()

    assert counted == {
        "QUEUED": 1,
        "ACTIVE": 1,
        "SUCCEEDED": 1,
        "CANCELLED": 1,
        "FAILED": 0,
        "UNAVAILABLE": 0,
    }
    assert (loaded.name, loaded.state, loaded.trace) == (name, b"packed", None)
    assert (sent.answer.outcome, removed, tokens) == ("RESUMED", (1, False), (1, False))
    assert after == counted | {"SUCCEEDED": 0}


def test_open_when_a_signing_key_is_of_the_first_schema(tmp_path: Path) -> None:
    """It is the plain secret that a start seals, and may have signed tokens for 12 hours."""
    version_one(tmp_path / "data")
    connection = sqlite3.connect(tmp_path / "data/ringback.db")
    connection.execute("INSERT INTO signing_key VALUES ('old', 'ES256', 'a PEM', 3.0)")
    connection.commit()
    connection.close()

    before = time.time()
    store = open_store(tmp_path / "data")
    try:
        (key,) = store.signing_keys.signing_keys()
    finally:
        store.close()

    assert (key.kid, key.algorithm, key.create_time) == ("old", "ES256", 3.0)
    assert (key.public_key, key.sealed_key) == ("", b"plain1:a PEM")
    assert before - 1 <= key.tokens_until - 43_200 <= time.time()
    assert (key.rotate_time, key.retire_time, key.revoked) == (None, None, False)


def test_open_when_there_were_no_owners(tmp_path: Path) -> None:
    """Who administered everything owns it now; accounts are found by the project they name."""
    version_one(tmp_path / "data")
    store = open_store(tmp_path / "data")
    try:
        root = {binding.role for binding in store.credentials.roles(_ROOT)}
        other = {binding.role for binding in store.credentials.roles("ci@example.com")}
        listed = [account.email for account in store.credentials.accounts("p")]
    finally:
        store.close()

    assert {*_ADMINISTERED, "roles/owner"} == root
    assert {"roles/workflows.admin"} == other
    assert [_ROOT] == listed
