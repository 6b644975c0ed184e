"""What a workflow sees when something fails, and may catch."""

from __future__ import annotations

from typing import Self

from ringback_server.lang.expressions import Position
from ringback_server.lang.values import List, Map, Value, to_json
from ringback_server.model.resources import StackFrame

#: the tags of errors that the service itself raises (SPEC 3.2)
TAGS = frozenset(
    {
        "AuthError",
        "ConnectionError",
        "ConnectionFailedError",
        "ExecutionError",
        "HttpError",
        "IndexError",
        "KeyError",
        "OperationError",
        "ParallelNestingError",
        "RecursionError",
        "ResourceLimitError",
        "ResponseTypeError",
        "SystemError",
        "TimeoutError",
        "TypeError",
        "UnhandledBranchError",
        "ValueError",
        "ZeroDivisionError",
    }
)


class StateError(Exception):
    """A packed state is damaged, or does not belong to this program."""


class WorkflowError(Exception):
    """An error of a workflow: `value` is a map or string, as `except` binds it.

    `position` is the innermost expression that failed, `trace` the frames at that moment; both
    are filled in on the way up, and the first to do so wins.
    """

    def __init__(self, value: Value, *, catchable: bool = True) -> None:
        super().__init__(value)
        self.value = value
        self.catchable = catchable
        self.position: Position | None = None
        self.trace: tuple[StackFrame, ...] | None = None

    def locate(self, position: Position) -> Self:
        """Remember where the error arose, unless something further inside did."""
        if self.position is None:
            self.position = position
        return self


def tagged(message: str, *tags: str) -> WorkflowError:
    """Return an error whose message is exactly the given one."""
    return WorkflowError(Map.of([("message", message), ("tags", List.of(tags))]))


def type_error(message: str) -> WorkflowError:
    """Return a TypeError: a value of the wrong type."""
    return tagged(f"TypeError: {message}", "TypeError")


def value_error(message: str) -> WorkflowError:
    """Return a ValueError: the right type, but not a value that will do."""
    return tagged(f"ValueError: {message}", "ValueError")


def key_error(key: str) -> WorkflowError:
    """Return a KeyError: a map has no such key."""
    return tagged(f"KeyError: key not found: {key}", "KeyError")


def index_error(index: int, length: int) -> WorkflowError:
    """Return an IndexError: a list has no such item."""
    return tagged(
        f"IndexError: index {index} is out of range for a list of {length} items", "IndexError"
    )


def zero_division_error() -> WorkflowError:
    """Return a ZeroDivisionError."""
    return tagged("ZeroDivisionError: division by zero", "ZeroDivisionError")


def timeout_error(message: str) -> WorkflowError:
    """Return a TimeoutError: a call's own timeout elapsed."""
    return tagged(f"TimeoutError: {message}", "TimeoutError")


def recursion_error(depth: int) -> WorkflowError:
    """Return a RecursionError: more than `depth` nested calls."""
    return tagged(f"RecursionError: more than {depth} nested subworkflow calls", "RecursionError")


def parallel_nesting_error(depth: int) -> WorkflowError:
    """Return a ParallelNestingError: more than `depth` parallel steps within one another."""
    return tagged(
        f"ParallelNestingError: more than {depth} parallel steps within one another",
        "ParallelNestingError",
    )


def unhandled_branch_error(branches: list[Map], *, truncated: bool) -> WorkflowError:
    """Return the error of a parallel step of which branches failed (SPEC 10.7)."""
    message = (
        "UnhandledBranchError: One or more branches or iterations encountered "
        "an unhandled runtime error"
    )
    pairs: list[tuple[str, Value]] = [
        ("message", message),
        ("tags", List.of(("UnhandledBranchError", "RuntimeError"))),
        ("branches", List.of(branches)),
        ("truncated", truncated),
    ]
    return WorkflowError(Map.of(pairs))


def api_error(code: int, status: str, message: str) -> WorkflowError:
    """Return the HttpError of an answer of Google's APIs: an HTTP status, its name, a sentence."""
    error = Map.of([("code", code), ("message", message), ("status", status)])
    pairs: list[tuple[str, Value]] = [
        ("message", f"HTTP server responded with error code {code}"),
        ("tags", List.of(("HttpError",))),
        ("code", code),
        ("headers", Map.of([("Content-Type", "application/json; charset=UTF-8")])),
        ("body", Map.of([("error", error)])),
    ]
    return WorkflowError(Map.of(pairs))


def resource_limit_error(message: str) -> WorkflowError:
    """Return a ResourceLimitError, which a workflow cannot catch."""
    error = tagged(f"ResourceLimitError: {message}", "ResourceLimitError")
    error.catchable = False
    return error


def memory_limit_error() -> WorkflowError:
    """Return the error of variables that grew too large; it has no stack (SPEC 3.3)."""
    error = resource_limit_error("Memory usage limit exceeded")
    error.trace = ()
    return error


def headline(value: Value) -> str:
    """Return the first line of a failure's context for an uncaught error value (SPEC 3.3).

    The service's own errors begin with their message, also when a workflow raises them again;
    what a workflow made up is a RuntimeError.
    """
    if isinstance(value, Map):
        message, tags = value.get("message"), value.get("tags")
        if isinstance(message, str) and isinstance(tags, List) and _known(tags):
            return message
    return f"RuntimeError: {to_json(value)}"


def _known(tags: List) -> bool:
    return any(isinstance(tag, str) and tag in TAGS for tag in tags)
