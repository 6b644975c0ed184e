"""What is worked for, while a request is served and after it."""

from __future__ import annotations

import pytest

from ringback_server.api.requests import Requests, Served
from ringback_server.tracing import current


class Failing:
    """An observer that cannot count."""

    def answered(self, edge: str, method: str, status: str, seconds: float) -> None:
        """Fail."""
        raise OSError(f"{edge} {method} {status} {seconds}")


def test_scope_when_a_request_cannot_be_counted() -> None:
    """The scope of a request ends with it, whatever its observer does."""
    served, before = Served(method="any"), current()
    serving = Requests(Failing()).serve("grpc", served, request_id=None, traceparent=None)

    with pytest.raises(OSError, match="grpc any"), serving:
        assert served.request_id == current().request_id

    assert before == current()
