"""How an execution ended that gave no result."""

from __future__ import annotations

from dataclasses import dataclass

from ringback.v1.executions_pb2 import Execution
from ringback_client.errors import ClientError
from ringback_client.json_values import JsonValue, read_json


class WaitTimeoutError(ClientError, TimeoutError):
    """What was waited for has not happened in time; the execution goes on."""


class ExecutionEndedError(ClientError):
    """The execution has ended, and what was waited for will not happen."""

    def __init__(self, execution: Execution) -> None:
        """Take an execution that has ended."""
        state = Execution.State.Name(execution.state)
        super().__init__(f"The execution {execution.name} has ended as {state}.")
        #: the execution, with all that is known of it
        self.execution = execution


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFrame:
    """A step that an error passed through."""

    step: str
    #: `main` or a subworkflow
    routine: str
    #: where the step begins in the source, each from 1; 0 if that is not known
    line: int
    column: int

    def __str__(self) -> str:
        return f'in step "{self.step}", routine "{self.routine}", line: {self.line}'


class ExecutionFailedError(ClientError):
    """The execution ended without a result: it is FAILED, CANCELLED or UNAVAILABLE."""

    def __init__(self, execution: Execution) -> None:
        """Take an execution that has ended, with its error."""
        state = Execution.State.Name(execution.state)
        words = execution.error.context or execution.state_error.details
        super().__init__(
            f"The execution {execution.name} ended as {state}. {words}".strip(),
            next_step=f"See all with: ringback executions describe {execution.name}",
        )
        #: the execution, with all that is known of it
        self.execution = execution
        #: FAILED, CANCELLED or UNAVAILABLE
        self.state = state
        #: the error value that was raised: a dict with `message`, `tags`, …, or what was raised
        self.payload: JsonValue = _value(execution.error.payload)
        #: the error in words
        self.context = execution.error.context
        #: the steps that it passed through, innermost first
        self.stack = tuple(
            StackFrame(
                step=element.step,
                routine=element.routine,
                line=element.position.line,
                column=element.position.column,
            )
            for element in execution.error.stack_trace.elements
        )


def _value(payload: str) -> JsonValue:
    """Return an error value; one that is no JSON, as it is of a cancelled execution, is a text."""
    try:
        return read_json(payload)
    except ValueError:
        return payload
