"""Calls of connectors that nothing is known of: whoever drives the machine answers them."""

from __future__ import annotations

import pytest

from ringback_server.lang.connectors import ConnectorCall
from ringback_server.lang.effects import Event, Raised, Returned, Status
from ringback_server.lang.machine import Machine
from ringback_server.lang.problems import DefinitionError
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


ACCESS = "googleapis.secretmanager.v1.projects.secrets.versions.accessString"
EXPRESSIONS = f"""
main:
  steps:
  - ask:
      switch:
      - condition: ${{"a" == {ACCESS}("one")}}
        steps:
        - done:
            return: ${{"<" + {ACCESS}("two", "3", "p") + twice("x") + ">"}}
twice:
  params: [text]
  steps:
  - done: {{return: "${{text + text}}"}}
"""


def test_helper_when_it_stands_in_an_expression() -> None:
    """A helper waits in the middle of an expression, in a packed state too."""
    program = program_of(EXPRESSIONS)
    machine, asked = Machine.start(program, None, context()), list[ConnectorCall | None]()
    outcome = machine.advance(inputs())
    for value in ("a", "b"):
        machine = Machine.unpack(program, machine.pack(), context())
        [wait] = machine.waits.values()
        asked.append(wait.connector)
        outcome = machine.advance(inputs([Returned(wait.number, value)]))

    assert '"<bxx>"' == outcome.result
    assert [
        ConnectorCall(ACCESS, Map.of([("secret_id", "one")])),
        ConnectorCall(
            ACCESS, Map.of([("secret_id", "two"), ("version", "3"), ("project_id", "p")])
        ),
    ] == asked


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (f"{{return: '${{{ACCESS}()}}'}}", "needs an argument 'secret_id'"),
        (f"{{call: {ACCESS}, args: {{secret: s}}}}", "has no parameter 'secret'"),
        (f"{{call: {ACCESS}, args: [a, b, c, d, e]}}", "takes at most 4 arguments, not 5"),
    ],
)
def test_helper_when_its_arguments_are_wrong(step: str, message: str) -> None:
    """What a helper takes is known when a definition is deployed."""
    with pytest.raises(DefinitionError, match=message):
        program_of(f"- a: {step}\n")
