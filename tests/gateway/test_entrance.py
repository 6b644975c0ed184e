"""Requests with tokens that were not seen before keep nobody else waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.edges import http_edge
from tests.replacing import replace
from tests.rpc.test_newcomers import PATIENCE, Slow
from tests.services import INVOKER, Service


def test_requests_when_a_new_token_is_being_checked(service: Service) -> None:
    """New tokens are checked one at a time, and known ones are served meanwhile."""
    path = f"/v1/{service.execution('w').name}"
    known = service.token(INVOKER)
    slow = Slow(service.admission.authenticator, known)
    slowed = replace(service, admission=replace(service.admission, authenticator=slow))

    def get(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get(path, headers=headers, timeout=PATIENCE).status_code

    with http_edge(slowed) as client, ThreadPoolExecutor(6) as pool:
        new = [pool.submit(get, service.token(INVOKER)) for _ in range(6)]
        assert slow.checking.acquire(timeout=PATIENCE)
        seen = get(known)
        alone = not slow.checking.acquire(blocking=False)
        slow.release.set()
        answers = [each.result(PATIENCE) for each in new]

    assert 200 == seen
    assert alone
    assert [200] * 6 == answers
