"""Step entries as protobuf messages."""

from __future__ import annotations

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value

from ringback.v1 import step_entries_pb2 as pb
from ringback_server.api.messages import timestamp
from ringback_server.model.steps import StepEntry


def step_entry(found: StepEntry, *, full: bool = True) -> pb.StepEntry:
    """Show a step entry; in full, or without variables and expected iterations."""
    begun = found.begun
    shown = pb.StepEntry(
        name=found.name,
        create_time=timestamp(begun.time),
        update_time=timestamp(found.update_time),
        routine=begun.routine,
        step=begun.step,
        step_type=pb.StepEntry.StepType.Value(begun.type.name),
        state=pb.StepEntry.State.Value(found.state.name),
        entry_id=begun.id,
        navigation_info=pb.StepEntry.NavigationInfo(
            parent=begun.parent,
            children=found.children,
            next=found.next,
            previous=found.previous,
        ),
        step_entry_metadata=pb.StepEntry.StepEntryMetadata(
            thread_id=str(begun.thread or ""),
            progress_type=pb.StepEntry.StepEntryMetadata.ProgressType.Value(begun.progress.name),
            progress_number=begun.number,
            expected_iteration=begun.expected if full else 0,
        ),
    )
    if found.exception is not None:
        shown.exception.payload = found.exception
    if full and found.variables is not None:
        shown.variable_data.omitted[:] = found.omitted
        for name, text in found.variables:
            value = json_format.Parse(text, Value())
            shown.variable_data.variables[name].CopyFrom(value)
    return shown
