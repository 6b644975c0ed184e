"""Calls of connectors that nothing is known of: whoever drives the machine answers them."""

from __future__ import annotations

import pytest

from ringback_server.lang.connectors import ConnectorCall
from ringback_server.lang.effects import Event, Raised, Returned, Status
from ringback_server.lang.machine import Machine
from ringback_server.lang.values import Map, from_json
from ringback_server.model.resources import StepPlace
from tests.lang.playing import context, inputs, program_of

SOURCE = """
main:
  steps:
  - ask:
      try:
        call: googleapis.storage.v1.objects.get
        args: {bucket: '${"b" + 1}', object: o, connector_params: {timeout: 5}}
        result: r
      except:
        as: e
        steps:
        - caught: {return: {caught: "${e}"}}
  - done: {return: "${r.size}"}
"""


@pytest.mark.parametrize(
    ("event", "result"),
    [
        (Returned(0, from_json('{"size": "7"}')), '"7"'),
        (Raised(0, "no such bucket"), '{"caught":"no such bucket"}'),
        (Raised(0, Map.of([("code", 404)])), '{"caught":{"code":404}}'),
    ],
)
def test_connector_when_its_driver_answers(event: Event, result: str) -> None:
    """A call blocks with its name and arguments, in a packed state too, until it is answered."""
    program = program_of(SOURCE)
    machine = Machine.start(program, None, context())
    machine.advance(inputs())
    machine = Machine.unpack(program, machine.pack(), context())
    params = Map.of([("timeout", 5)])
    arguments = Map.of([("bucket", "b1"), ("object", "o"), ("connector_params", params)])
    expected = ConnectorCall("googleapis.storage.v1.objects.get", arguments)

    assert [expected] == [wait.connector for wait in machine.waits.values()]
    assert [(expected.name, StepPlace("main", "ask"))] == [
        (call.function, call.place) for call in machine.calls.values()
    ]
    outcome = machine.advance(inputs([event]))
    assert (Status.SUCCEEDED, result) == (outcome.status, outcome.result)
