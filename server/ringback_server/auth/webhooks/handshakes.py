"""Signed requests that only ask whether somebody is there: they resume nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from ringback_server.auth.webhooks.message import SignedMessage
from ringback_server.model.signatures import Scheme


def json_fields(body: bytes) -> Mapping[str, object]:
    """Return the fields of a JSON object; none if the body is not one."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def handshake(scheme: Scheme, message: SignedMessage) -> Mapping[str, object] | None:
    """Return what a vendor that makes itself known is answered; None for any other message.

    Slack sends `url_verification` when a URL is entered and wants its challenge back. GitHub sends
    `ping` when a webhook is made; its header is not signed, so the body has to be a ping's too.
    """
    if scheme is Scheme.SLACK:
        fields = json_fields(message.body)
        challenge = fields.get("challenge")
        if fields.get("type") == "url_verification" and isinstance(challenge, str):
            return {"challenge": challenge}
    if scheme is Scheme.GITHUB and message.header("x-github-event") == "ping":
        fields = json_fields(message.body)
        return {} if "zen" in fields and "hook_id" in fields else None
    return None
