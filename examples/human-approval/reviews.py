"""The reviews that executions of a workflow wait for, and the callbacks that decide them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import cast

import grpc

from ringback.v1.executions_pb2 import Execution
from ringback.v1.logs_pb2 import LogEntry
from ringback_client import Client, InvalidInputError, RequestError
from ringback_client.names import callback_target, last_segment

#: the most reviews shown at once
_AT_ONCE = 50
#: of the newest executions, how many are looked at
_NEWEST = 200


class Outcome(StrEnum):
    """What became of a decision."""

    #: it reached the execution
    SENT = "sent"
    #: somebody else had decided otherwise
    DECIDED = "decided"
    #: the execution does not wait any more
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A translation that waits for a decision."""

    #: the id of the execution that waits
    id: str
    text: str
    translation: str
    #: the resource name of the callback endpoint
    endpoint: str


class Reviews:
    """Finds and decides the reviews of one workflow. Threads may share it."""

    def __init__(self, client: Client, workflow: str) -> None:
        """Take a client of the server, and the workflow's name."""
        self._client = client
        self._workflow = workflow

    def pending(self) -> list[Review]:
        """Return the reviews that wait, oldest first; raises a ClientError."""
        newest = islice(self._client.list(self._workflow), _NEWEST)
        waiting = (item.name for item in newest if item.state == Execution.ACTIVE)
        found = (review for name in waiting for review in self._of(name))
        return list(islice(found, _AT_ONCE))[::-1]

    def decide(self, review_id: str, *, approved: bool) -> Outcome:
        """Send a decision to the execution that waits for it; raises a ClientError.

        The first decision counts. The same one again is answered like the first; another is not.
        """
        review = next(self._of(self._client.place.execution(review_id, self._workflow)), None)
        if review is None:
            return Outcome.GONE
        try:
            self._client.send_callback(
                review.endpoint, {"approved": approved}, idempotency_key="decision"
            )
        except RequestError as error:
            if error.status is grpc.StatusCode.ALREADY_EXISTS:
                return Outcome.DECIDED
            if error.status is grpc.StatusCode.NOT_FOUND:
                return Outcome.GONE
            raise
        return Outcome.SENT

    def _of(self, execution: str) -> Iterator[Review]:
        """Yield the reviews that an execution waits for."""
        try:
            waiting = {
                callback.name for callback in self._client.callbacks(execution) if callback.waiters
            }
            entries = list(self._client.logs(execution)) if waiting else []
        except RequestError as error:
            if error.status is grpc.StatusCode.NOT_FOUND:
                return
            raise
        for entry in entries:
            review = _read(entry)
            # A log can hold anything. Only an endpoint of this very execution is ever called, so
            # that no token goes to a URL that somebody wrote into a log.
            if review is not None and review.endpoint in waiting:
                yield review


def _read(entry: LogEntry) -> Review | None:
    """Return what a log entry of the step `publish` tells, None for any other."""
    if not entry.HasField("json_payload"):
        return None
    payload = json.loads(entry.json_payload)
    fields = cast("dict[str, object]", payload) if isinstance(payload, dict) else {}
    url, text, translation = (fields.get(key) for key in ("review", "text", "translation"))
    if not (isinstance(url, str) and isinstance(text, str) and isinstance(translation, str)):
        return None
    try:
        endpoint = callback_target(url).name
    except InvalidInputError:
        return None
    return Review(
        id=last_segment(entry.execution), text=text, translation=translation, endpoint=endpoint
    )
