"""Errors as gRPC statuses, with their details as `google.rpc.Status`."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.rpc.status_pb2 import Status

from ringback_server import errors
from ringback_server.api.statuses import CODES, status_of

DETAILS_KEY = "grpc-status-details-bin"

_BY_NUMBER = {int(code.value[0]): code for code in grpc.StatusCode}

#: the status of each error that a caller can be told
STATUSES: dict[type[errors.RingbackError], grpc.StatusCode] = {
    error: _BY_NUMBER[code] for error, code in CODES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a refused call is answered with."""

    code: grpc.StatusCode
    message: str
    #: a serialized google.rpc.Status
    details: bytes


#: the answer to anything unexpected, which says nothing about what happened
INTERNAL = Refusal(
    code=grpc.StatusCode.INTERNAL,
    message="Internal error.",
    details=Status(code=13, message="Internal error.").SerializeToString(),
)

#: the answer to a call whose caller has gone, or waits no longer
EXPIRED = Refusal(
    code=grpc.StatusCode.DEADLINE_EXCEEDED,
    message="The deadline of the call had passed before it was begun.",
    details=Status(code=4, message="The deadline had passed.").SerializeToString(),
)


def refusal(error: errors.RingbackError) -> Refusal:
    """Return the status of an error; what would not fit in headers is left out."""
    status = status_of(error)
    return Refusal(
        code=STATUSES[type(error)], message=status.message, details=status.SerializeToString()
    )
