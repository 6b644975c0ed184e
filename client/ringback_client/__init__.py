"""The Ringback client: `Client` and `AsyncClient`, and the `ringback` command line (`cli`)."""

from ringback_client.authorization import Credentials
from ringback_client.client import AsyncClient, Client
from ringback_client.errors import (
    ClientError,
    CredentialsError,
    FieldViolation,
    InvalidInputError,
    RequestError,
    ServerNotFoundError,
)
from ringback_client.failures import (
    ExecutionEndedError,
    ExecutionFailedError,
    StackFrame,
    WaitTimeoutError,
)
from ringback_client.retries import Retries
from ringback_client.verbs.executions import finished, result_of

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Credentials",
    "CredentialsError",
    "ExecutionEndedError",
    "ExecutionFailedError",
    "FieldViolation",
    "InvalidInputError",
    "RequestError",
    "Retries",
    "ServerNotFoundError",
    "StackFrame",
    "WaitTimeoutError",
    "finished",
    "result_of",
]
