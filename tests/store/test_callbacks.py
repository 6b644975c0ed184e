"""Sending callbacks and listing endpoints."""

from __future__ import annotations

from uuid import UUID

import pytest

from ringback_server.errors import (
    IdempotencyConflictError,
    InboxFullError,
    MethodNotAllowedError,
    NotFoundError,
)
from ringback_server.model.resources import CallbackEndpoint, Outcome, SentCallback
from ringback_server.store import Store
from ringback_server.store.listing import Query
from ringback_server.store.payloads import unpack
from ringback_server.store.records import Delivery
from tests import listed
from tests.replacing import replace
from tests.store.making import (
    SENDER,
    Made,
    awaiting,
    commit,
    create,
    deploy,
    ends,
    get,
    listening,
    request,
    send,
    waits,
)


def _endpoints(store: Store, made: Made, *, late: bool = False) -> list[CallbackEndpoint]:
    return listed.endpoints(store, made.name, late=late)


def _available(store: Store, made: Made, *, late: bool = False) -> list[tuple[str, ...]]:
    return [e.available_payloads for e in _endpoints(store, made, late=late)]


def test_send_when_a_step_waits(store: Store) -> None:
    """The payload is handed to the wait, and the execution can be moved on."""
    made = awaiting(store, deploy(store))
    callback = request(made.callback())
    sent = store.callbacks.send(callback)

    payload_id = str(UUID(bytes=callback.payload_id))
    answer = SentCallback(payload_id=payload_id, outcome=Outcome.RESUMED, receive_time=20.0)
    assert answer == sent.answer
    assert made.key == sent.execution_key
    assert Delivery(wait=1, payload=callback.payload) == sent.delivery
    assert {"body": "hello"} == unpack(callback.payload)
    assert [made.key] == store.executions.runnable(after=0, limit=5)


def test_send_when_nothing_waits(store: Store) -> None:
    """The payload is kept for a later await and wakes nobody."""
    made = listening(store, deploy(store))
    sent = send(store, made)

    assert (Outcome.BUFFERED, None) == (sent.answer.outcome, sent.delivery)
    assert [] == store.executions.runnable(after=0, limit=5)
    assert [(sent.answer.payload_id,)] == _available(store, made)


@pytest.mark.parametrize("number", [1, 7, 2**32 - 1])
def test_send_when_the_endpoint_is_unknown(store: Store, number: int) -> None:
    """An endpoint that was not created is not found."""
    made = awaiting(store, deploy(store))
    with pytest.raises(NotFoundError) as raised:
        send(store, made, endpoint=number)

    assert "CALLBACK_NOT_FOUND" == raised.value.reason


def test_send_when_the_name_is_not_exact(store: Store) -> None:
    """A callback's name matches in all its parts."""
    made = awaiting(store, deploy(store))
    other = awaiting(store, store.workflows.get(made.name.parent))
    name = made.callback()
    for wrong in (
        replace(name, project="100000000000"),
        replace(name, workflow="other"),
        replace(name, callback="x"),
        replace(name, callback=other.callback().callback),
        replace(name, execution=other.name.execution),
        replace(name, execution="x"),
    ):
        with pytest.raises(NotFoundError) as raised:
            store.callbacks.send(request(wrong))
        assert "CALLBACK_NOT_FOUND" == raised.value.reason
        with pytest.raises(NotFoundError):
            store.callbacks.expected_method(wrong)


@pytest.mark.parametrize("key", [None, "other"])
def test_send_when_the_execution_has_ended(store: Store, key: str | None) -> None:
    """An ended execution takes no callbacks, and stores nothing."""
    made = listening(store, deploy(store))
    store.callbacks.send(request(made.callback(), key="k"))
    commit(store, made, ends())
    with pytest.raises(NotFoundError) as raised:
        store.callbacks.send(request(made.callback(), key=key))

    assert "EXECUTION_ENDED" == raised.value.reason
    assert [1] == [len(ids) for ids in _available(store, made, late=True)]


def test_send_again_when_the_execution_has_ended(store: Store) -> None:
    """Who did not hear the answer to a callback with a key learns it by asking again."""
    made = awaiting(store, deploy(store))
    first = store.callbacks.send(request(made.callback(), key="k"))
    commit(store, made, ends())
    again = store.callbacks.send(request(made.callback(), key="k"))

    assert (Outcome.DUPLICATE, None) == (again.answer.outcome, again.delivery)
    assert first.answer.payload_id == again.answer.payload_id


def test_send_when_the_method_differs(store: Store) -> None:
    """Another method is refused with the right one, and its absence means the right one."""
    made = awaiting(store, deploy(store))
    with pytest.raises(MethodNotAllowedError) as raised:
        store.callbacks.send(request(made.callback(), method="GET"))

    assert "POST" == raised.value.allow
    assert ("POST", False) == store.callbacks.expected_method(made.callback())
    sent = store.callbacks.send(request(made.callback(), method=None))
    assert Outcome.RESUMED is sent.answer.outcome


def test_send_when_it_is_repeated(store: Store) -> None:
    """A repeat under the same key gets the first answer, before and after it was consumed."""
    made = awaiting(store, deploy(store))
    first = store.callbacks.send(request(made.callback(), key="k", time=20.0))
    duplicate = replace(first.answer, outcome=Outcome.DUPLICATE)

    again = store.callbacks.send(request(made.callback(), key="k", time=21.0))
    assert (duplicate, None) == (again.answer, again.delivery)
    commit(store, made, waits(consumed=[1], opened=[(2, 0)]))
    again = store.callbacks.send(request(made.callback(), key="k", time=22.0))
    assert (duplicate, None) == (again.answer, again.delivery)
    assert [()] == _available(store, made)
    assert 1 == _endpoints(store, made)[0].waiters


def test_send_when_a_key_is_used_for_something_else(store: Store) -> None:
    """Another request under a used key is a conflict; on another endpoint it is not."""
    made = create(store, deploy(store), waits(endpoints=[0, 1]))
    store.callbacks.send(request(made.callback(0), "one", key="k"))
    with pytest.raises(IdempotencyConflictError):
        store.callbacks.send(request(made.callback(0), "two", key="k"))

    other = store.callbacks.send(request(made.callback(1), "two", key="k"))
    assert Outcome.BUFFERED is other.answer.outcome
    assert [1, 1] == [len(ids) for ids in _available(store, made)]


def test_send_when_the_inbox_is_full(store: Store) -> None:
    """Beyond its limit an endpoint refuses what would have to be kept, and only that."""
    made = create(store, deploy(store), waits(endpoints=[0, 1]))
    first = store.callbacks.send(request(made.callback(0), key="k", limit=2))
    store.callbacks.send(request(made.callback(0), limit=2))
    with pytest.raises(InboxFullError):
        store.callbacks.send(request(made.callback(0), limit=2))

    store.callbacks.send(request(made.callback(1), limit=2))
    repeated = store.callbacks.send(request(made.callback(0), key="k", limit=2))
    assert first.answer.payload_id == repeated.answer.payload_id
    # A payload that a wait took no longer counts, though it is not consumed yet.
    commit(store, made, waits(opened=[(1, 0)]))
    store.callbacks.send(request(made.callback(0), limit=2))
    with pytest.raises(InboxFullError):
        store.callbacks.send(request(made.callback(0), limit=2))


def test_list_when_endpoints_are_active(store: Store) -> None:
    """Endpoints come in the order of their creation, in pages, with who waits for what."""
    made = create(store, deploy(store), waits(endpoints=[0, 1, 2], opened=[(1, 1), (2, 1), (3, 2)]))
    early = [send(store, made, str(n)).answer.payload_id for n in range(3)]
    first = store.callbacks.list(made.name, Query(limit=2))
    second = store.callbacks.list(made.name, Query(limit=2, after=first.rest))

    assert [2, 1] == [len(first.rows), len(second.rows)]
    endpoints = [endpoint for _, endpoint in (*first.rows, *second.rows)]
    assert [str(made.callback(n)) for n in range(3)] == [e.name for e in endpoints]
    assert [0, 2, 1] == [e.waiters for e in endpoints]
    assert [tuple(early), (), ()] == [e.available_payloads for e in endpoints]
    assert {"POST"} == {e.method for e in endpoints}
    assert [] == _endpoints(store, made, late=True)


def test_list_when_payloads_came_too_late(store: Store) -> None:
    """An ended execution has no active endpoints, but its unconsumed payloads stay listed."""
    made = create(store, deploy(store), waits(endpoints=[0, 1, 2], opened=[(1, 0)]))
    send(store, made, "consumed")
    late = [send(store, made, "late", endpoint=n).answer.payload_id for n in (0, 2, 2)]
    commit(store, made, ends(consumed=[1]))

    assert [] == _endpoints(store, made)
    assert [(late[0],), (late[1], late[2])] == _available(store, made, late=True)
    assert {0} == {e.waiters for e in _endpoints(store, made, late=True)}


def test_list_when_the_execution_is_unknown(store: Store) -> None:
    """There is nothing to list of an execution that is not there."""
    made = awaiting(store, deploy(store))
    with pytest.raises(NotFoundError) as raised:
        listed.endpoints(store, replace(made.name, workflow="x"))

    assert "EXECUTION_NOT_FOUND" == raised.value.reason


def test_send_when_the_payload_is_consumed(store: Store) -> None:
    """A consumed payload is kept for audit without what was in it."""
    made = awaiting(store, deploy(store))
    send(store, made, "a secret")
    commit(store, made, replace(waits(consumed=[1]), time=25.0))
    sql = "SELECT request, consumed_time, sender, token_id FROM payload"

    rows = store.database.read(lambda c: c.execute(sql).fetchall())
    assert [(None, 25.0, SENDER, f"token of {SENDER}")] == rows
    assert () == store.executions.load(made.key).deliveries
    assert get(store, made).start_time == 11.0
