"""Callbacks of senders that sign them instead of sending a token."""

from __future__ import annotations

from collections.abc import Mapping

from ringback_server.auth.webhooks.message import SignedMessage
from ringback_server.auth.webhooks.senders import Sender
from ringback_server.control import callbacks
from ringback_server.control.caller import Backend, Caller, resolved
from ringback_server.control.request_map import CallbackRequest
from ringback_server.model.names import CallbackName
from ringback_server.model.resources import SentCallback


def identify(backend: Backend, name: CallbackName | None, message: SignedMessage) -> Sender | None:
    """Return who signed a request to a callback URL; None if nobody did, or if it is none."""
    workflow = None if name is None else resolved(backend, name.parent.parent)
    return backend.senders.identify(workflow, message)


def send(
    caller: Caller, sender: Sender, name: CallbackName, request: CallbackRequest
) -> SentCallback | Mapping[str, object]:
    """Send what somebody signed, as `callbacks.send` does; a repetition is a duplicate.

    What resumes nothing, because the vendor only makes itself known, is returned as the answer to
    that, once it is sure that callbacks may be sent there.
    """
    if sender.handshake is None:
        return callbacks.send(caller, name, request)
    callbacks.probe(caller, name)
    return sender.handshake
