"""Callback endpoints: sending to them and listing them.

How a payload and a wait find one another is told in `advances`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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
from ringback_server.model.uids import uid_text
from ringback_server.store.database import Connection, Database, Parameters
from ringback_server.store.endpoint_lists import endpoints_of
from ringback_server.store.endpoints import Endpoint, find, place_of
from ringback_server.store.listing import Found, Query
from ringback_server.store.records import Committed, Delivery
from ringback_server.store.resumptions import Awaited, Resumption, awaited, resume

_BY_KEY = """
SELECT uid, receive_time, hash FROM payload
 WHERE execution = ? AND endpoint = ? AND idempotency_key = ?
"""

_INSERT = """
INSERT INTO payload (execution, seq, endpoint, uid, idempotency_key, hash, receive_time, sender,
                     token_id, consumed_time, request)
VALUES (:execution, :seq, :endpoint, :uid, :idempotency_key, :hash, :receive_time, :sender,
        :token_id, :consumed_time, :request)
"""

_GIVE = "UPDATE waiter SET payload = ? WHERE execution = ? AND number = ?"
_MAKE_RUNNABLE = "UPDATE execution SET phase = 1 WHERE id = ? AND phase = 2"


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was received."""

    name: CallbackName
    #: None: the one that the endpoint expects
    method: str | None
    idempotency_key: str | None
    #: of method, query, body and content type; compared where there is a key
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


class Sent(msgspec.Struct, frozen=True, kw_only=True):
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
        place = place_of(name)
        return self._database.read(lambda connection: awaited(connection, place, method))

    def send(self, request: SendRequest, resumption: Resumption | None = None) -> Sent:
        """Store a payload and give it to the endpoint's oldest waiter, if there is one.

        What its execution then does, the `resumption`, is stored with it if it still applies.

        A repeat of a request that was stored is told so also after the execution has ended: its
        sender may not have heard the first answer. Raise, in this order: NotFoundError
        (CALLBACK_NOT_FOUND), MethodNotAllowedError, IdempotencyConflictError, NotFoundError
        (EXECUTION_ENDED), InboxFullError.
        """
        place = place_of(request.name)
        return self._database.write(
            lambda connection: _send(connection, request, place, resumption)
        )

    def send_all(self, requests: Sequence[SendRequest]) -> _Outcomes:
        """Send callbacks in their order, in one transaction; see `send`.

        Errors that concern one of them alone are among the outcomes.
        """
        placed = [(request, place_of(request.name)) for request in requests]

        def send_all(connection: Connection) -> _Outcomes:
            return [attempt(_send, connection, request, place) for request, place in placed]

        return self._database.write(send_all)

    def expected_method(self, name: CallbackName) -> tuple[str, bool]:
        """Return the HTTP method that an endpoint expects, and whether its execution has ended.

        Raise NotFoundError (CALLBACK_NOT_FOUND).
        """
        place = place_of(name)
        found = self._database.read(lambda connection: _found(connection, name, place))
        return found.method, found.ended

    def list(self, parent: ExecutionName, query: Query) -> Found[CallbackEndpoint]:
        """Return a page of endpoints, by their numbers; or NotFoundError.

        They are OPEN, which they are until their execution has ended, or LATE, those with payloads
        that nothing consumed before that.
        """
        return endpoints_of(parent).run(self._database, query)


def _send(
    connection: Connection,
    request: SendRequest,
    place: Parameters,
    resumption: Resumption | None = None,
) -> Sent:
    """Send a callback; whatever refuses it does so before anything is written."""
    found = _found(connection, request.name, place)
    if not found.ended and request.method not in {None, found.method}:
        raise MethodNotAllowedError(allow=found.method)
    duplicate = _duplicate(connection, found, request)
    if duplicate is not None:
        return _sent(found, duplicate)
    if found.ended:
        raise execution_has_ended(request.name)
    if found.wait is None:
        if found.kept >= request.inbox_limit:
            raise InboxFullError
        _store(connection, found, request)
        return _sent(found, _answer(request, Outcome.BUFFERED))
    answer = _answer(request, Outcome.RESUMED)
    if resumption is not None and resumption.follows(found):
        _store(connection, found, request, consumed=resumption.advance.time)
        return _sent(found, answer, committed=resume(connection, resumption))
    _store(connection, found, request)
    connection.execute(_GIVE, (found.next_seq, found.execution, found.wait))
    connection.execute(_MAKE_RUNNABLE, (found.execution,))
    delivery = Delivery(wait=found.wait, payload=request.payload, received=request.receive_time)
    return _sent(found, answer, delivery)


def _found(connection: Connection, name: CallbackName, place: Parameters) -> Endpoint:
    found = find(connection, place)
    if found is None:
        raise NotFoundError(
            f"{name} was not found.", reason="CALLBACK_NOT_FOUND", resource=resource(name)
        )
    return found


def _sent(
    found: Endpoint,
    answer: SentCallback,
    delivery: Delivery | None = None,
    committed: Committed | None = None,
) -> Sent:
    return Sent(
        answer=answer,
        execution_key=found.execution,
        workflow_key=found.workflow,
        delivery=delivery,
        committed=committed,
    )


def execution_has_ended(name: CallbackName) -> NotFoundError:
    """Return what a callback is refused with that comes too late."""
    return NotFoundError(
        f"{name.parent} has ended.", reason="EXECUTION_ENDED", resource=resource(name.parent)
    )


def _duplicate(
    connection: Connection, found: Endpoint, request: SendRequest
) -> SentCallback | None:
    """Return the answer to a repeated request, the one to the first but for its outcome."""
    if request.idempotency_key is None:
        return None
    parameters = (found.execution, found.number, request.idempotency_key)
    row = connection.execute(_BY_KEY, parameters).fetchone()
    if row is None:
        return None
    uid, receive_time, request_hash = row
    if request_hash != request.request_hash:
        raise IdempotencyConflictError
    return SentCallback(
        payload_id=_payload_id(uid), outcome=Outcome.DUPLICATE, receive_time=receive_time
    )


def _store(
    connection: Connection, found: Endpoint, request: SendRequest, consumed: float | None = None
) -> None:
    """Store a payload; of one that is consumed at once, at a Unix time, only who sent it when."""
    parameters = {
        "execution": found.execution,
        "seq": found.next_seq,
        "endpoint": found.number,
        "uid": request.payload_id,
        "idempotency_key": request.idempotency_key,
        "hash": request.request_hash or None,
        "receive_time": request.receive_time,
        "sender": request.sender,
        "token_id": request.token_id,
        "consumed_time": consumed,
        "request": request.payload if consumed is None else None,
    }
    connection.execute(_INSERT, parameters)


def _answer(request: SendRequest, outcome: Outcome) -> SentCallback:
    return SentCallback(
        payload_id=_payload_id(request.payload_id),
        outcome=outcome,
        receive_time=request.receive_time,
    )


def _payload_id(uid: bytes) -> str:
    return uid_text(uid)
