"""Callback endpoints: sending to them and listing them.

How a payload and a wait find one another is told in `advances`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ringback_server.errors import (
    IdempotencyConflictError,
    InboxFullError,
    MethodNotAllowedError,
    NotFoundError,
    RingbackError,
    attempt,
)
from ringback_server.model.names import CallbackName, ExecutionName, resource
from ringback_server.model.resources import CallbackEndpoint, Outcome, SentCallback
from ringback_server.store.database import Connection, Database, Parameters
from ringback_server.store.endpoint_lists import endpoints_of
from ringback_server.store.listing import Found, Query
from ringback_server.store.lookups import execution_parameters
from ringback_server.store.records import Committed, Delivery, Phase
from ringback_server.store.resumptions import Awaited, Resumption, awaited, resume

_ENDPOINT = """
SELECT e.id, e.phase, p.number, p.method, w.id
  FROM execution e
  JOIN workflow w ON w.id = e.workflow
  LEFT JOIN endpoint p ON p.execution = e.id AND p.number = ?
 WHERE e.uid = ? AND w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
"""

_BY_KEY = """
SELECT uid, receive_time, hash FROM payload
 WHERE execution = ? AND endpoint = ? AND idempotency_key = ?
"""

_OLDEST_FREE_WAITER = """
SELECT MIN(number) FROM waiter WHERE execution = ? AND endpoint = ? AND payload IS NULL
"""

_FREE_PAYLOADS = """
SELECT (SELECT COUNT(*) FROM payload
         WHERE execution = :execution AND endpoint = :endpoint AND consumed_time IS NULL)
     - (SELECT COUNT(*) FROM waiter
         WHERE execution = :execution AND endpoint = :endpoint AND payload IS NOT NULL)
"""

_INSERT = """
INSERT INTO payload (execution, seq, endpoint, uid, idempotency_key, hash, receive_time, sender,
                     token_id, request)
VALUES (:execution,
        (SELECT COALESCE(MAX(seq), 0) + 1 FROM payload WHERE execution = :execution),
        :endpoint, :uid, :idempotency_key, :hash, :receive_time, :sender, :token_id, :request)
"""

_GIVE_LATEST = """
UPDATE waiter SET payload = (SELECT MAX(seq) FROM payload WHERE execution = :execution)
 WHERE execution = :execution AND number = :number
"""

_MAKE_RUNNABLE = "UPDATE execution SET phase = 1 WHERE id = ? AND phase = 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A callback that was received."""

    name: CallbackName
    #: None: the one that the endpoint expects
    method: str | None
    idempotency_key: str | None
    #: of method, query, body and content type
    request_hash: bytes
    #: UUIDv7, 16 bytes
    payload_id: bytes
    #: the caller's e-mail address and the id of its token, for audit
    sender: str
    token_id: str
    receive_time: float
    #: the request map as `payloads` packs it
    payload: bytes
    #: how many payloads the endpoint may hold for later
    inbox_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a callback; with a delivery, the execution is to be woken.

    With `committed` it has gone on already: its resumption is stored.
    """

    answer: SentCallback
    execution_key: int
    workflow_key: int
    delivery: Delivery | None
    committed: Committed | None = None


# Within the class, `list` is its method.
_Outcomes = list[Sent | RingbackError]


class Callbacks:
    """The callback endpoints of all executions."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def awaited(self, name: CallbackName, method: str) -> Awaited | None:
        """Return the wait that a callback would end, with its execution; None if there is none.

        Raise CorruptDataError if the state of the execution is damaged.
        """
        place = _place(name)
        return self._database.read(lambda connection: awaited(connection, place, method))

    def send(self, request: SendRequest, resumption: Resumption | None = None) -> Sent:
        """Store a payload and give it to the endpoint's oldest waiter, if there is one.

        What its execution then does, the `resumption`, is stored with it if it still applies.

        A repeat of a request that was stored is told so also after the execution has ended: its
        sender may not have heard the first answer. Raise, in this order: NotFoundError
        (CALLBACK_NOT_FOUND), MethodNotAllowedError, IdempotencyConflictError, NotFoundError
        (EXECUTION_ENDED), InboxFullError.
        """
        place = _place(request.name)

        def send(connection: Connection) -> Sent:
            sent = _send(connection, request, place)
            if resumption is None or sent.delivery is None:
                return sent
            committed = resume(connection, resumption, sent.execution_key, sent.delivery)
            return sent if committed is None else replace(sent, delivery=None, committed=committed)

        return self._database.write(send)

    def send_all(self, requests: Sequence[SendRequest]) -> _Outcomes:
        """Send callbacks in their order, in one transaction; see `send`.

        Errors that concern one of them alone are among the outcomes.
        """
        placed = [(request, _place(request.name)) for request in requests]

        def send_all(connection: Connection) -> _Outcomes:
            return [attempt(_send, connection, request, place) for request, place in placed]

        return self._database.write(send_all)

    def expected_method(self, name: CallbackName) -> tuple[str, bool]:
        """Return the HTTP method that an endpoint expects, and whether its execution has ended.

        Raise NotFoundError (CALLBACK_NOT_FOUND).
        """
        place = _place(name)

        def read(connection: Connection) -> tuple[str, bool]:
            found = _endpoint(connection, name, place)
            return found.method, found.ended

        return self._database.read(read)

    def list(self, parent: ExecutionName, query: Query) -> Found[CallbackEndpoint]:
        """Return a page of endpoints, by their numbers; or NotFoundError.

        They are OPEN, which they are until their execution has ended, or LATE, those with payloads
        that nothing consumed before that.
        """
        return endpoints_of(parent).run(self._database, query)


def _send(connection: Connection, request: SendRequest, place: Parameters) -> Sent:
    """Send a callback; whatever refuses it does so before anything is written."""
    found = _endpoint(connection, request.name, place)
    execution, endpoint = found.execution, found.number
    if not found.ended and request.method not in {None, found.method}:
        raise MethodNotAllowedError(allow=found.method)
    duplicate = _duplicate(connection, execution, endpoint, request)
    if duplicate is not None:
        return _sent(found, duplicate)
    if found.ended:
        raise execution_has_ended(request.name)
    row = connection.execute(_OLDEST_FREE_WAITER, (execution, endpoint)).fetchone()
    waiter = None if row is None else row[0]
    if waiter is None:
        _check_room(connection, execution, endpoint, request.inbox_limit)
    _store(connection, execution, endpoint, request)
    if waiter is None:
        return _sent(found, _answer(request, Outcome.BUFFERED))
    connection.execute(_GIVE_LATEST, {"execution": execution, "number": waiter})
    connection.execute(_MAKE_RUNNABLE, (execution,))
    delivery = Delivery(wait=waiter, payload=request.payload, received=request.receive_time)
    return _sent(found, _answer(request, Outcome.RESUMED), delivery)


@dataclass(frozen=True, slots=True)
class _Found:
    """An endpoint: keys of its workflow and its execution, and its own number."""

    workflow: int
    execution: int
    number: int
    method: str
    ended: bool


def _place(name: CallbackName) -> Parameters:
    """Return where an endpoint is; worked out before the writer, which all have to wait for."""
    return (name.number, *execution_parameters(name.parent))


def _endpoint(connection: Connection, name: CallbackName, place: Parameters) -> _Found:
    row = connection.execute(_ENDPOINT, place).fetchone()
    if row is None or row[3] is None:
        raise NotFoundError(
            f"{name} was not found.", reason="CALLBACK_NOT_FOUND", resource=resource(name)
        )
    execution, phase, number, method, workflow = row
    return _Found(workflow, execution, number, method, phase == Phase.ENDED)


def _sent(found: _Found, answer: SentCallback, delivery: Delivery | None = None) -> Sent:
    return Sent(
        answer=answer,
        execution_key=found.execution,
        workflow_key=found.workflow,
        delivery=delivery,
    )


def execution_has_ended(name: CallbackName) -> NotFoundError:
    """Return what a callback is refused with that comes too late."""
    return NotFoundError(
        f"{name.parent} has ended.", reason="EXECUTION_ENDED", resource=resource(name.parent)
    )


def _duplicate(
    connection: Connection, execution: int, endpoint: int, request: SendRequest
) -> SentCallback | None:
    """Return the answer to a repeated request, the one to the first but for its outcome."""
    if request.idempotency_key is None:
        return None
    parameters = (execution, endpoint, request.idempotency_key)
    row = connection.execute(_BY_KEY, parameters).fetchone()
    if row is None:
        return None
    uid, receive_time, request_hash = row
    if request_hash != request.request_hash:
        raise IdempotencyConflictError
    return SentCallback(
        payload_id=_payload_id(uid), outcome=Outcome.DUPLICATE, receive_time=receive_time
    )


def _check_room(connection: Connection, execution: int, endpoint: int, limit: int) -> None:
    parameters = {"execution": execution, "endpoint": endpoint}
    row = connection.execute(_FREE_PAYLOADS, parameters).fetchone()
    if row is None or row[0] >= limit:
        raise InboxFullError


def _store(connection: Connection, execution: int, endpoint: int, request: SendRequest) -> None:
    parameters = {
        "execution": execution,
        "endpoint": endpoint,
        "uid": request.payload_id,
        "idempotency_key": request.idempotency_key,
        "hash": None if request.idempotency_key is None else request.request_hash,
        "receive_time": request.receive_time,
        "sender": request.sender,
        "token_id": request.token_id,
        "request": request.payload,
    }
    connection.execute(_INSERT, parameters)


def _answer(request: SendRequest, outcome: Outcome) -> SentCallback:
    return SentCallback(
        payload_id=_payload_id(request.payload_id),
        outcome=outcome,
        receive_time=request.receive_time,
    )


def _payload_id(uid: bytes) -> str:
    return str(uuid.UUID(bytes=uid))
