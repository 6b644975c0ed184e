"""From a message of Pub/Sub to the event that a workflow is given, as Eventarc makes it.

https://cloud.google.com/eventarc/docs/workflows/cloudevents
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote

from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.refusals import refused
from ringback_server.errors import InvalidArgumentError

_TOPIC_MODE = "CUSTOM_PUBSUB_"
_BINDING_MODE = "CE_PUBSUB_BINDING"
_MODE = "GCPCloudEventsMode"
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_SUBSCRIPTION = re.compile(r"projects/[^/]+/subscriptions/[^/]+")
_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_JSON = "application/json"
#: attributes of a message that carries an event begin so
_PREFIX = "ce-"
_REQUIRED = ("id", "source", "type", "specversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a push subscription sends."""

    #: says how the message becomes an event
    mode: str
    subscription: str
    message_id: str
    data: bytes
    attributes: Mapping[str, str]
    #: RFC 3339
    publish_time: str | None
    #: the message as a JSON object
    message: Mapping[str, object]


def spec_of(push: Push) -> ExecutionSpec:
    """Describe the execution that a message starts; raise InvalidArgumentError.

    It is not queued: Pub/Sub delivers again what is refused for lack of room.
    """
    _check(push)
    event = _carried(push) if push.mode == _BINDING_MODE else _published(push)
    # Ids are unique within a topic, and several subscriptions may lead here.
    delivery = f"{push.subscription} {push.message_id}".encode()
    return ExecutionSpec(
        argument=json.dumps(event, ensure_ascii=False, separators=(",", ":")),
        request_id=f"pubsub:{hashlib.sha256(delivery).hexdigest()}",
        buffered=False,
    )


def _check(push: Push) -> None:
    if not _SUBSCRIPTION.fullmatch(push.subscription):
        form = "projects/*/subscriptions/*"
        raise refused(
            "subscription", f"subscription must be {form}, got {push.subscription[:200]!r}"
        )
    if not push.message_id:
        raise refused("message.message_id", "message.messageId must be the id of the message")
    if not push.data and not push.attributes:
        raise refused("message", "message must have data or at least one attribute")


def _published(push: Push) -> dict[str, object]:
    """Return the event that a message was published."""
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": push.message_id,
        "source": f"//pubsub.googleapis.com/{_source(push)}",
        "type": _PUBLISHED,
        "datacontenttype": _JSON,
        "data": {"subscription": push.subscription, "message": push.message},
    }
    return event if push.publish_time is None else event | {"time": push.publish_time}


def _source(push: Push) -> str:
    if not push.mode:
        return push.subscription
    topic = unquote(push.mode.removeprefix(_TOPIC_MODE))
    if not push.mode.startswith(_TOPIC_MODE) or not _TOPIC.fullmatch(topic):
        known = f"{_TOPIC_MODE}projects/*/topics/* or {_BINDING_MODE}"
        raise refused(_MODE, f"{_MODE} must be {known}, got {push.mode[:200]!r}")
    return topic


def _carried(push: Push) -> dict[str, object]:
    """Return the event that a message carries: its attributes are the event's, its data too."""
    event: dict[str, object] = {
        name.removeprefix(_PREFIX): value
        for name, value in sorted(push.attributes.items())
        if name.startswith(_PREFIX)
    }
    absent = [name for name in _REQUIRED if name not in event]
    if absent:
        raise refused(
            "message.attributes",
            f"a message that carries an event has the attribute {_PREFIX}{absent[0]}",
        )
    kind = push.attributes.get("content-type", _JSON)
    event["datacontenttype"] = kind
    if not push.data:
        return event
    if kind.partition(";")[0].strip().lower() in {_JSON, "text/json"}:
        return event | {"data": _json(push.data)}
    return event | {"data_base64": base64.b64encode(push.data).decode("ascii")}


def _json(data: bytes) -> object:
    try:
        return cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise _not_json(error) from None


def _not_json(error: Exception) -> InvalidArgumentError:
    return refused("message.data", f"message.data must be JSON as its content-type says: {error}")
