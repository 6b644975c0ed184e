"""What is remembered of the steps of an execution (SPEC 6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class StepType(IntEnum):
    """What a step entry stands for; numbers as in `StepEntry.StepType`."""

    STEP_TYPE_UNSPECIFIED = 0
    STEP_ASSIGN = 1
    STEP_STD_LIB_CALL = 2
    STEP_CONNECTOR_CALL = 3
    STEP_SUBWORKFLOW_CALL = 4
    STEP_CALL = 5
    STEP_SWITCH = 6
    STEP_CONDITION = 7
    STEP_FOR = 8
    STEP_FOR_ITERATION = 9
    STEP_PARALLEL_FOR = 10
    STEP_PARALLEL_BRANCH = 11
    STEP_PARALLEL_BRANCH_ENTRY = 12
    STEP_TRY_RETRY_EXCEPT = 13
    STEP_TRY = 14
    STEP_RETRY = 15
    STEP_EXCEPT = 16
    STEP_RETURN = 17
    STEP_RAISE = 18
    STEP_GOTO = 19


class StepState(IntEnum):
    """How far a step entry is; numbers as in `StepEntry.State`."""

    STATE_UNSPECIFIED = 0
    STATE_IN_PROGRESS = 1
    STATE_SUCCEEDED = 2
    STATE_FAILED = 3
    STATE_CANCELLED = 4


class ProgressType(IntEnum):
    """What `number` of a step entry counts; numbers as in `StepEntryMetadata.ProgressType`."""

    PROGRESS_TYPE_UNSPECIFIED = 0
    PROGRESS_TYPE_FOR = 1
    PROGRESS_TYPE_SWITCH = 2
    PROGRESS_TYPE_RETRY = 3
    PROGRESS_TYPE_PARALLEL_FOR = 4
    PROGRESS_TYPE_PARALLEL_BRANCH = 5


class StepBegun(NamedTuple):
    """A step entry as it begins; entries are numbered from 1."""

    id: int
    #: the entry that it is inside of; 0: none
    parent: int
    #: the branch or iteration that runs it; 0: none
    thread: int
    routine: str
    step: str
    type: StepType
    #: Unix seconds
    time: float
    progress: ProgressType = ProgressType.PROGRESS_TYPE_UNSPECIFIED
    #: from 1; 0: it is not one of several
    number: int = 0
    #: of how many, if that is recorded; 0: it is not
    expected: int = 0


class StepEnded(NamedTuple):
    """The end of the step entry `id`."""

    id: int
    time: float
    state: StepState
    #: the error that it ended with, as JSON text; None also for those that an error only went by
    exception: str | None = None
    #: JSON text of each variable that was recorded
    variables: tuple[tuple[str, str], ...] | None = None
    #: names of variables that were too large to record
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHistory:
    """What an advance adds to the history of its execution."""

    begun: tuple[StepBegun, ...] = ()
    ended: tuple[StepEnded, ...] = ()
    #: how many steps of the execution have no entry so far, because there were too many
    unrecorded: int = 0

    def __bool__(self) -> bool:
        return bool(self.begun or self.ended or self.unrecorded)

    def __add__(self, later: StepHistory) -> StepHistory:
        return StepHistory(
            begun=self.begun + later.begun,
            ended=self.ended + later.ended,
            unrecorded=max(self.unrecorded, later.unrecorded),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """A step entry as it is shown."""

    #: the full resource name
    name: str
    begun: StepBegun
    state: StepState
    #: Unix seconds; of the end, once there is one
    update_time: float
    exception: str | None = None
    children: tuple[int, ...] = ()
    #: neighbours inside the same entry; 0: none
    previous: int = 0
    next: int = 0
    variables: tuple[tuple[str, str], ...] | None = None
    omitted: tuple[str, ...] = ()

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts."""
        told = sum(len(name) + len(value) for name, value in self.variables or ())
        # What a row of an answer takes beside its texts, about.
        return 400 + len(self.name) + len(self.exception or "") + told
