"""Connectors in local runs: their timeouts and their retries are those of a server."""

from __future__ import annotations

import pytest

from ringback_server.local.results import StuckError
from tests.local.definitions import asked

QUERY = "call: googleapis.bigquery.v2.jobs.query\nargs: {projectId: p, body: {}"
BUILD = "call: googleapis.cloudbuild.v1.projects.builds.create\nargs: {projectId: p, body: {}"
GET = "call: googleapis.storage.v1.objects.get\nargs: {bucket: b, object: o"


@pytest.mark.parametrize(
    ("step", "params", "answer", "seconds"),
    [
        (QUERY, "timeout: 5", {"body": 1, "delay": 50}, 5),
        (QUERY, "timeout: 5", {"return": 1, "delay": 5}, 5),
        (QUERY, "", {"body": 1, "delay": 4000}, 1800),
        (QUERY, "timeout: 7", {"fail": "timeout"}, 7),
        (BUILD, "timeout: 10", {"return": {}, "delay": 20}, 10),
        ("call: gke.create_job\nargs: {a: b", "timeout: 3", {"return": 1, "delay": 4}, 3),
    ],
)
def test_connector_when_it_takes_too_long(
    step: str, params: str, answer: dict[str, object], seconds: float
) -> None:
    """The timeout of the whole call ends it, as on a server."""
    run = asked({"answer": answer}, f"{step}, connector_params: {{{params}}}}}")

    assert run.error is not None
    name = step.partition("\n")[0].removeprefix("call: ")
    assert f"TimeoutError: {name}() took longer than {seconds} s" == run.error.message
    assert ((("TimeoutError",), seconds), 1) == ((run.error.tags, run.duration), len(run.calls))


@pytest.mark.parametrize(
    ("step", "params", "seconds", "tries"),
    [
        # a look at what was begun is short, whatever it takes: the stub stands for its end
        (BUILD, "timeout: 9000", 2000, 1),
        # one request takes 1800 s at most; only a GET is sent again then
        (BUILD, "timeout: 9000, skip_polling: true", 1800, 1),
        (QUERY, "timeout: 9000", 1800, 1),
        (GET, "timeout: 3000", 3000, 2),
    ],
)
def test_connector_when_half_an_hour_is_too_little(
    step: str, params: str, seconds: float, tries: int
) -> None:
    """A longer timeout is for operations, and for requests that are sent again."""
    answer = {"return": 1, "delay": 2000}
    run = asked({"answer": answer}, f"{step}, connector_params: {{{params}}}}}")

    assert (seconds, tries) == (run.duration, len(run.calls))
    assert run.succeeded == (seconds == 2000)


def test_connector_when_its_parameters_are_wrong() -> None:
    """They are refused as on a server, and no stub is asked."""
    run = asked({"answer": {}}, f"{QUERY}, connector_params: {{timeout: '${{-sys.now()}}'}}}}")

    assert run.error is not None
    assert ("ValueError",) == run.error.tags
    assert () == run.calls


@pytest.mark.parametrize(
    ("step", "sequence", "seconds"),
    [
        (QUERY, [{"status": 503}, {"body": 1}], [0, 1]),
        (
            QUERY,
            [{"status": 429, "delay": 2}, {"fail": "connection refused"}, {"body": 1}],
            [0, 3, 4.25],
        ),
        (GET, [{"status": 502}, {"fail": "connection reset"}, {"return": 1}], [0, 1, 2.25]),
        (QUERY, [{"status": 502}, {"body": 1}], [0]),
        (QUERY, [{"fail": "connection reset"}, {"body": 1}], [0]),
        (QUERY, [{"raise": {"code": 503, "tags": ["HttpError"]}}, {"body": 1}], [0]),
        ("call: gke.get\nargs: {a: b", [{"status": 502}, {"body": 1}], [0, 1]),
    ],
)
def test_connector_when_a_request_fails(
    step: str, sequence: list[dict[str, object]], seconds: list[float]
) -> None:
    """It is sent again after what a server sends it again after, each try the next answer."""
    run = asked({"sequence": sequence}, f"{step}}}")

    assert seconds == [call.time - run.calls[0].time for call in run.calls]
    assert run.result == (1 if len(seconds) == len(sequence) else None)


@pytest.mark.parametrize(
    ("params", "tries", "seconds"), [("", 6, 8.20703125), ("timeout: 3", 3, 2.25)]
)
def test_connector_when_requests_fail_again_and_again(
    params: str, tries: int, seconds: float
) -> None:
    """The error is raised after five retries, or when there is no time for another."""
    run = asked({"answer": {"status": 503}}, f"{QUERY}, connector_params: {{{params}}}}}")

    assert run.error is not None
    assert (503, tries, seconds) == (run.error.code, len(run.calls), run.duration)


def test_connector_when_there_is_no_stub_for_another_try() -> None:
    """A stub that answers only once leaves the next try to others."""
    with pytest.raises(StuckError, match=r"its times \(1\) are over") as caught:
        asked({"answer": {"status": 503}, "times": 1}, f"{QUERY}}}")

    assert 2 == len(caught.value.so_far.calls)
