"""What executions fail with stays small, however often an error is carried on."""

from __future__ import annotations

import json

import pytest

from ringback_server.lang.limits import RunLimits
from ringback_server.model.resources import Failure
from tests.lang.playing import play

#: what an execution may fail with by default, and what its context may add
BOUND = 2 * 1024 * 1024 + 128 * 1024

RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"
PARENT = f"- start: {{call: {RUN}, args: {{workflow_id: other}}}}"
CARRIER = f"""
- attempt:
    try: {{call: {RUN}, args: {{workflow_id: other}}}}
    except: {{as: e, steps: [{{again: {{raise: {{cause: "${{e}}"}}}}}}]}}
"""


def failure_of_child(source: str, payload: str, limits: RunLimits | None = None) -> Failure:
    """Return what an execution fails with whose child failed with an error."""
    script = [{"state": "FAILED", "payload": payload}]
    failure = play(source, script=script, limits=limits).outcome.failure
    assert failure is not None
    return failure


@pytest.mark.parametrize("source", [PARENT, CARRIER], ids=["uncaught", "carried on"])
def test_failure_when_twenty_generations_fail(source: str) -> None:
    """Each has the error of its child as text within its own, and yet none grows without end."""
    payload = json.dumps({"message": '"\\"' * 20})
    for _ in range(20):
        failure = failure_of_child(source, payload)
        payload = failure.payload

        assert len((failure.payload + failure.context).encode()) < BOUND


def test_failure_when_a_childs_error_is_beyond_the_memory() -> None:
    """It counts as a variable would, also if nothing catches it."""
    limits = RunLimits(memory_bytes=10_000)
    fits = failure_of_child(PARENT, json.dumps("x" * 5_000), limits)
    failure = failure_of_child(PARENT, json.dumps("x" * 10_000), limits)

    assert fits.context.startswith("Execution failed or cancelled.")
    assert "ResourceLimitError: Memory usage limit exceeded" == failure.context


def test_failure_when_a_map_is_too_large() -> None:
    """The beginning of the message, the tags and the code are kept."""
    source = """
- grow: {assign: [{s: '${text.replace_all("xxxxxxxxxx", "x", "0123456789")}'}]}
- more: {assign: [{s: '${text.replace_all(s, "0", s)}'}]}
- fail: {raise: {message: "${s}", tags: [Mine], code: 7, body: "${s}"}}
"""
    whole = play(source).outcome.failure
    failure = play(source, limits=RunLimits(result_bytes=1_000)).outcome.failure

    assert whole is not None
    assert failure is not None
    assert ["body", "code", "message", "tags"] == sorted(json.loads(whole.payload))
    kept = {**json.loads(whole.payload)}
    del kept["body"]
    assert kept == json.loads(failure.payload)


@pytest.mark.parametrize(
    ("raised", "kept"),
    [
        ('"${s}"', "x" * 4_096),
        ('{message: "${s}", tags: "${l}", code: 7}', {"message": "x" * 4_096, "code": 7}),
        ('{body: "${s}"}', {}),
    ],
)
def test_failure_when_its_parts_are_too_large(raised: str, kept: object) -> None:
    """Strings are cut, and what else is large is left out."""
    source = f"""
- begin: {{assign: [{{s: "x"}}]}}
- grow: {{for: {{value: i, range: [1, 13], steps: [{{d: {{assign: [{{s: "${{s + s}}"}}]}}}}]}}}}
- list: {{assign: [{{l: ["${{s}}"]}}]}}
- fail: {{raise: {raised}}}
"""
    failure = play(source, limits=RunLimits(result_bytes=8_000)).outcome.failure

    assert failure is not None
    assert kept == json.loads(failure.payload)
    assert len(failure.context) < 5_000
