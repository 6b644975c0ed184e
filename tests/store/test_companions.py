"""What is stored with a write: there if the write is, and once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ringback_server.errors import NotFoundError
from ringback_server.model.audit import AuditEntry
from ringback_server.store import Store, open_store
from ringback_server.store.companions import accompany, leave
from ringback_server.store.database import Connection
from tests.audit_trail.test_recorder import entry


class Asker:
    """A companion that tells its name and what the write gave."""

    def __init__(self, name: str) -> None:
        """Take the name."""
        self._name = name
        self._claimed = False

    def claim(self) -> bool:
        """Go with the first write."""
        first = not self._claimed
        self._claimed = True
        return first

    def release(self) -> None:
        """Go with another one."""
        self._claimed = False

    def entries(self, value: object) -> Sequence[AuditEntry]:
        """Tell."""
        return (entry(self._name, resource=str(value)),)


def setting(key: str) -> Callable[[Connection], str]:
    """Return an operation that stores something."""
    sql = "INSERT INTO instance (key, value) VALUES (?, '')"

    def store(connection: Connection) -> str:
        connection.execute(sql, (key,))
        return key

    return store


def failing(connection: Connection) -> str:
    """Store something, and fail."""
    setting("gone")(connection)
    raise NotFoundError


def kept(store: Store) -> list[tuple[str, str]]:
    """Return who did what."""
    stored = store.audit.after(0, 1_000)
    return [(one.entry.principal, one.entry.resource) for one in stored]


def test_entry_when_a_request_writes_twice(tmp_path: Path) -> None:
    """It goes with the first write that succeeds, and not with others."""
    store = open_store(tmp_path)
    before = accompany(Asker("a"))
    with pytest.raises(NotFoundError):
        store.database.write(failing)
    store.database.write(setting("one"))
    store.database.write(setting("two"))
    leave(before)
    store.database.write(setting("three"))

    assert [("a", "one")] == kept(store)
    store.close()


def test_entries_when_others_in_the_batch_fail(tmp_path: Path) -> None:
    """A batch that is replayed has each entry once, and none of those that failed."""
    store = open_store(tmp_path)

    def write(number: int) -> None:
        before = accompany(Asker(str(number)))
        try:
            store.database.write(failing if number % 3 == 0 else setting(f"k{number}"))
        except NotFoundError:
            pass
        finally:
            leave(before)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(300)))

    expected = {(str(number), f"k{number}") for number in range(300) if number % 3}
    assert sorted(expected) == sorted(kept(store))
    store.close()


def test_write_when_its_companion_cannot_tell(tmp_path: Path) -> None:
    """It fails by itself, as if it had not been made, and takes no other with it."""

    class Speechless(Asker):
        def entries(self, value: object) -> Sequence[AuditEntry]:
            raise ValueError(value)

    store = open_store(tmp_path)
    before = accompany(Speechless("a"))
    with pytest.raises(ValueError, match="one"):
        store.database.write(setting("one"))
    leave(before)
    store.database.write(setting("two"))

    assert (None, "") == (store.instance.get("one"), store.instance.get("two"))
    assert [] == kept(store)
    store.close()
