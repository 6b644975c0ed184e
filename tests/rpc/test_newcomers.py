"""Calls with tokens that were not seen before keep nobody else waiting."""

from __future__ import annotations

import threading
import time

import grpc
import pytest

from ringback.v1 import executions_pb2
from ringback_server.api.admission import Authenticator
from ringback_server.model.principals import Principal
from ringback_server.rpc.newcomers import Relay
from ringback_server.rpc.server import Capacity
from tests.edges import bearer, grpc_edge
from tests.replacing import replace
from tests.rpc.calls import begin, call, code_of
from tests.services import INVOKER, Service

PATIENCE = 5.0
GET = "ringback.v1.Executions.GetExecution"


def test_relay_when_a_call_does_not_pass_on() -> None:
    """One call at a time is taken up, in the order in which they came."""
    relay, begun, release = Relay(2, "test"), list[int](), threading.Event()

    def call_number(number: int) -> None:
        begun.append(number)
        if number == 0:
            release.wait(PATIENCE)

    futures = [relay.submit(call_number, number) for number in range(3)]
    waiting = relay.pending
    release.set()
    for future in futures:
        future.result(PATIENCE)
    relay.close()

    assert [0, 1, 2] == begun
    assert 3 == waiting


def test_relay_when_a_call_passes_on() -> None:
    """A call that may take its time keeps none of the next from being taken up."""
    relay, release = Relay(3, "test"), threading.Event()

    def slow() -> bool:
        relay.pass_on()
        relay.pass_on()
        return release.wait(PATIENCE)

    waiting = [relay.submit(slow) for _ in range(2)]
    quick = relay.submit(lambda: "quick")

    assert "quick" == quick.result(PATIENCE)
    release.set()
    assert [True, True] == [future.result(PATIENCE) for future in waiting]
    relay.close()


def test_relay_when_a_call_fails() -> None:
    """A call that fails leaves the thread to the next."""
    relay = Relay(1, "test")

    failed = relay.submit(lambda: 1 // 0)
    fine = relay.submit(lambda: "fine")

    assert "fine" == fine.result(PATIENCE)
    with pytest.raises(ZeroDivisionError):
        failed.result(PATIENCE)
    relay.close()


def test_relay_rests_after_a_call_that_does_not_pass_on() -> None:
    """Calls that are refused take a fifth of the time at most; others are followed by the next."""
    rests, took = list[float](), 0.002
    relay = Relay(2, "test", rests.append)

    def passes_on() -> None:
        relay.pass_on()

    def refused() -> None:
        until = time.monotonic() + took
        while time.monotonic() < until:
            pass

    for each in (passes_on, refused, passes_on, refused, passes_on):
        relay.submit(each).result(PATIENCE)
    relay.close()

    assert 2 == len(rests)
    assert all(rest >= 4 * took for rest in rests)


class Slow:
    """Knows some tokens, and checks others only when it is told to."""

    def __init__(self, inner: Authenticator, known: str) -> None:
        """Take the one token that is known."""
        self._inner = inner
        self._known = known
        self.checking = threading.Semaphore(0)
        self.release = threading.Event()

    def authenticate(self, bearer: str) -> Principal:
        """Return whom a token speaks for."""
        if not self.knows(bearer):
            self.checking.release()
            self.release.wait(PATIENCE)
        return self._inner.authenticate(bearer)

    def knows(self, bearer: str) -> bool:
        """Tell whether a token is checked at once."""
        return bearer == self._known


def test_calls_when_new_tokens_are_too_many(service: Service) -> None:
    """What cannot be checked soon is refused at once, and known tokens are served meanwhile."""
    execution = service.execution("w")
    request = executions_pb2.GetExecutionRequest(name=str(execution.name))
    known = service.token(INVOKER)
    slow = Slow(service.admission.authenticator, known)
    slowed = replace(service, admission=replace(service.admission, authenticator=slow))
    capacity = Capacity(threads=1, newcomers=1, newcomers_waiting=1)
    with grpc_edge(slowed, capacity) as channel:
        new = [begin(channel, GET, request, bearer(service, INVOKER)) for _ in range(2)]
        slow.checking.acquire(timeout=PATIENCE)
        refused = code_of(channel, GET, request, bearer(service, INVOKER))
        call(channel, GET, request, metadata=(("authorization", f"Bearer {known}"),))
        slow.release.set()
        served = [each.result() for each in new]

    assert grpc.StatusCode.UNAVAILABLE == refused
    assert 2 == len(served)
