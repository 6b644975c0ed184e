"""Packed states of every version so far still run to the result they would have had."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringback_server.lang.effects import Status
from ringback_server.lang.machine import Machine
from tests.lang.described import METHODS, Described
from tests.lang.layouts import padded
from tests.lang.playing import BEGIN, context, inputs, next_events, program_of
from tests.lang.recording import recording_program
from tests.replacing import replace

STATES = Path(__file__).parent.parent / "cases" / "states"


def states() -> list[Any]:
    """Return the stored states of all versions."""
    found: list[Any] = []
    for path in sorted(STATES.glob("*.yaml")):
        file = yaml.safe_load(path.read_text("utf-8"))
        found += [
            pytest.param(file, state, id=f"{path.stem}:{state['at']}") for state in file["states"]
        ]
    return found


@pytest.mark.parametrize("moved", [False, True], ids=["as-compiled", "numbered-differently"])
@pytest.mark.parametrize(("file", "state"), states())
def test_state_when_stored_by_an_earlier_version(
    file: dict[str, Any], state: dict[str, Any], *, moved: bool
) -> None:
    """A stored state unpacks and finishes with the same result, whatever instructions it meets."""
    packed = base64.b64decode(state["packed"])
    recording = file.get("recording", False)
    program = (recording_program if recording else program_of)(file["source"])
    around = replace(context(), connectors=Described(METHODS))
    machine = Machine.unpack(padded(program) if moved else program, packed, around)
    bodies, now = list(state["script"]), BEGIN
    events, now = next_events(machine, bodies, now)
    while True:
        outcome = machine.advance(inputs(events, now=now))
        if outcome.status is not Status.WAITING:
            break
        events, now = next_events(machine, bodies, now)

    assert recording is Machine.is_recording(packed)
    assert outcome.failure is None
    assert file["result"] == json.loads(outcome.result or "")


def test_pack_when_a_request_of_a_connector_is_under_way() -> None:
    """Its body is packed once, though its continuation has it too."""
    file = yaml.safe_load((STATES / "v4-connectors.yaml").read_text("utf-8"))
    packed = base64.b64decode(next(s["packed"] for s in file["states"] if s["at"] == "sent"))
    around = replace(context(), connectors=Described(METHODS))
    machine = Machine.unpack(program_of(file["source"]), packed, around)

    assert (2, 1) == (packed.count(b"size"), machine.pack().count(b"size"))
