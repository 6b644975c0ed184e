"""A program that does what a server does for each kind of answer, and nothing else.

`python -m tests.durability.driver DATA_DIR FULL|OFF` answers on its standard output, a line for
each: the name of an execution, the id of a payload, the id of a revoked token.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ringback_server.store import Store
from ringback_server.store.data_dir import DataDir
from ringback_server.store.opening import store_over
from ringback_server.store.sqlite import SqliteDatabase
from tests.store.making import awaiting, deploy, send

#: what is found in the WAL for each answer
PAYLOAD = "a-payload-to-be-traced"
REVOKED = "a-token-to-be-revoked"


def _answer(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _run(store: Store) -> None:
    made = awaiting(store, deploy(store))
    _answer(made.name.execution)
    sent = send(store, made, PAYLOAD)
    _answer(sent.answer.payload_id)
    store.credentials.revoke(REVOKED, 1.0)
    _answer(f"revoked {REVOKED}")


def main(directory: Path, synchronous: str) -> None:
    """Open a store that syncs or does not, and use it."""
    data_dir = DataDir(directory)
    database = SqliteDatabase(
        data_dir.database, synchronous="FULL" if synchronous == "FULL" else "OFF"
    )
    store = store_over(database, data_dir)
    _run(store)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
