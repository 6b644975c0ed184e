"""How many requests a project may send."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from ringback.v1 import batches_pb2, executions_pb2
from ringback_server.api.statuses import details_of
from ringback_server.clock import Clock, SystemClock
from ringback_server.errors import RateLimitExceededError
from ringback_server.gateway.status import error_answer
from ringback_server.rate_limits import RateLimits
from tests.clocks import FakeClock
from tests.edges import bearer, grpc_edge, http_edge
from tests.replacing import replace
from tests.rpc.calls import call, info_of
from tests.services import ADMIN, NOBODY, Service, running

BUSY, CALM = (
    f"projects/{project}/locations/us-central1/workflows/w" for project in ("busy", "calm")
)


class Refused:
    """Counts what was refused."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.count = 0

    def rate_limited(self) -> None:
        """Count."""
        self.count += 1


def limits(clock: Clock, *, rate: float = 2.0, burst: float = 4.0, **rates: float) -> RateLimits:
    """Return buckets."""
    return RateLimits(clock, Refused(), rate=rate, burst=burst, rates=rates)


def taken(buckets: RateLimits, project: str, tries: int) -> int:
    """Return how many of some requests are let in."""
    count = 0
    for _ in range(tries):
        try:
            buckets.take(project)
        except RateLimitExceededError:
            continue
        count += 1
    return count


def test_bucket_when_time_passes() -> None:
    """It lets in a burst, then the rate, and never more than the burst after a pause."""
    clock = FakeClock()
    buckets = limits(clock)
    counts = [taken(buckets, "p", 9)]
    for seconds in (0.4, 0.1, 1.0, 60.0):
        clock.advance(seconds)
        counts.append(taken(buckets, "p", 9))

    assert [4, 0, 1, 2, 4] == counts


def test_bucket_when_projects_have_their_own() -> None:
    """One project's requests are not another's, and some have another rate, or none."""
    buckets = limits(FakeClock(), burst=0, fast=7.0, free=0.0)

    assert [2, 2, 7, 99, 99] == [
        taken(buckets, project, 99) for project in ("a", "b", "fast", "free", "")
    ]


def test_bucket_when_a_batch_leaves_a_debt() -> None:
    """What comes after it waits until that is paid, and is told for how long."""
    clock = FakeClock()
    buckets = limits(clock)
    buckets.take("p")
    buckets.owe("p", 12)
    with pytest.raises(RateLimitExceededError) as refused:
        buckets.take("p")
    clock.advance(5.0)

    assert ("RATE_LIMIT_EXCEEDED", 5.0) == (refused.value.reason, refused.value.retry_after)
    assert ("Retry-After", "5") in error_answer(refused.value).headers
    assert "retry_delay {\n  seconds: 5\n}" in str(details_of(refused.value)[-1])
    assert 1 == taken(buckets, "p", 9)


def test_buckets_when_projects_are_very_many() -> None:
    """Memory is bounded, and those that were used last stay."""
    buckets = limits(FakeClock())
    for number in range(10_500):
        buckets.take(str(number))

    assert "10000 buckets" in repr(buckets)
    assert 3 == taken(buckets, "10499", 9)


@contextmanager
def limited(directory: Path, **rates: float) -> Generator[Service]:
    """Run a service with rates by project."""
    with running(directory) as plain:
        buckets = RateLimits(SystemClock(), Refused(), rate=0, burst=0, rates=rates)
        backend = replace(plain.backend, rates=buckets)
        yield replace(plain, backend=backend, admission=replace(plain.admission, backend=backend))


def listing(parent: str) -> executions_pb2.ListExecutionsRequest:
    """Return a request that finds nothing."""
    return executions_pb2.ListExecutionsRequest(parent=parent)


def test_requests_when_they_are_too_many(tmp_path: Path) -> None:
    """Both edges say so and when to try again; those without permission do not count."""
    name = "ringback.v1.Executions.ListExecutions"
    with (
        limited(tmp_path, busy=0.001) as service,
        grpc_edge(service) as channel,
        http_edge(service) as http,
    ):
        seen: list[str] = []
        last: grpc.RpcError | None = None
        for email in (NOBODY, NOBODY, ADMIN, ADMIN):
            with pytest.raises(grpc.RpcError) as refused:
                call(channel, name, listing(BUSY), metadata=bearer(service, email))
            last = refused.value
            seen.append(info_of(last).reason)
        headers = {"Authorization": f"Bearer {service.token()}"}
        answer = http.get(f"/v1/{BUSY}/executions", headers=headers)
        other = http.get(f"/v1/{CALM}/executions", headers=headers)

    assert [
        "IAM_PERMISSION_DENIED",
        "IAM_PERMISSION_DENIED",
        "WORKFLOW_NOT_FOUND",
        "RATE_LIMIT_EXCEEDED",
    ] == seen
    assert last is not None
    assert {"project": "busy", "requestsPerSecond": "0.001"} == dict(info_of(last).metadata)
    assert (429, 404) == (answer.status_code, other.status_code)
    assert 900 < int(answer.headers["Retry-After"]) <= 1_000


def test_batch_when_it_is_large(tmp_path: Path) -> None:
    """Each of its parts counts."""
    with limited(tmp_path, local=5.0) as service, grpc_edge(service) as channel:
        workflow = str(service.execution("w").name.parent)
        part = executions_pb2.CreateExecutionRequest(parent=workflow)
        request = batches_pb2.BatchCreateExecutionsRequest(
            parent="projects/local/locations/us-central1", requests=[part] * 500
        )
        metadata = bearer(service, ADMIN)
        call(channel, "ringback.v1.Batches.BatchCreateExecutions", request, metadata=metadata)
        with pytest.raises(grpc.RpcError) as refused:
            call(
                channel,
                "ringback.v1.Executions.ListExecutions",
                listing(workflow),
                metadata=metadata,
            )

    assert "RATE_LIMIT_EXCEEDED" == info_of(refused.value).reason


def slowest(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...], seconds: float) -> float:
    """Call for some time; return the 99th of a hundred latencies, in seconds."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < until:
        with pytest.raises(grpc.RpcError):
            call(
                channel,
                "ringback.v1.Executions.ListExecutions",
                listing(CALM),
                metadata=metadata,
            )
        took.append(time.perf_counter() - begun)
    return sorted(took)[len(took) * 99 // 100]


def test_others_when_a_project_sends_ten_times_its_rate(tmp_path: Path) -> None:
    """The latency of another project stays what it was, within what a shared processor allows."""
    stop = threading.Event()
    with limited(tmp_path, busy=20.0) as service, grpc_edge(service) as channel:
        metadata = bearer(service, ADMIN)

        def flood() -> None:
            # 200 a second: ten times what is allowed.
            while not stop.wait(0.005):
                with pytest.raises(grpc.RpcError):
                    call(
                        channel,
                        "ringback.v1.Executions.ListExecutions",
                        listing(BUSY),
                        metadata=metadata,
                    )

        alone = slowest(channel, metadata, 1.0)
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            beside = slowest(channel, metadata, 1.0)
        finally:
            stop.set()
            thread.join()

    assert beside < 2 * alone + 0.1
