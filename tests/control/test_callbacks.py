"""Sending and listing callbacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.control import batches, callbacks, executions
from ringback_server.control.listing import ListRequest
from ringback_server.control.request_map import CallbackRequest
from ringback_server.errors import (
    IdempotencyConflictError,
    InboxFullError,
    InvalidArgumentError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
)
from ringback_server.model.names import CallbackName, LocationName
from ringback_server.model.resources import Outcome, SentCallback
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, WAITS, Service, running

POST = CallbackRequest(method="POST", body=b"1", headers=[("Content-Type", "application/json")])


def test_send_to_a_waiting_step(service: Service) -> None:
    """The step goes on with the request, and the execution ends with it."""
    execution = service.execution("w")
    sent = callbacks.send(service.caller(INVOKER), service.endpoint(execution.name), POST)
    ended = service.ended(execution.name)

    assert Outcome.RESUMED == sent.outcome
    assert '"body":1' in (ended.result or "")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_send_without_a_method(service: Service, method: str) -> None:
    """Over gRPC the method may be left out: it is the endpoint's."""
    execution = service.execution("w", WAITS.replace("POST", method))
    request = replace(POST, method=None)
    callbacks.send(service.caller(INVOKER), service.endpoint(execution.name), request)

    assert f'"method":"{method}"' in (service.ended(execution.name).result or "")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_send_again_without_a_method(service: Service, method: str) -> None:
    """A repeat after the end gets the first answer, sent alone or in a batch."""
    execution = service.execution("w", WAITS.replace("POST", method))
    endpoint, request = (
        service.endpoint(execution.name),
        replace(POST, method=None, idempotency_key="k"),
    )
    caller = service.caller(INVOKER)
    first = callbacks.send(caller, endpoint, request)
    service.ended(execution.name)
    again = callbacks.send(caller, endpoint, request)
    (batched,) = batches.send_callbacks(caller, PARENT, [(endpoint, request)])

    assert (Outcome.DUPLICATE, first.payload_id) == (again.outcome, again.payload_id)
    assert batched == again


def test_send_with_the_number_of_the_project(service: Service) -> None:
    """A project's number names its endpoints too, alone and in a batch."""
    caller = service.caller(INVOKER)
    endpoint = service.endpoint(service.execution("w").name)
    numbered = replace(endpoint, project=service.backend.settings.project_number)
    request = replace(POST, idempotency_key="k")
    sent = callbacks.send(caller, numbered, request)
    (again,) = batches.send_callbacks(caller, LocationName("-", "-"), [(numbered, request)])

    assert isinstance(again, SentCallback)
    assert (Outcome.RESUMED, Outcome.DUPLICATE) == (sent.outcome, again.outcome)


def test_send_by_order_of_checks(service: Service) -> None:
    """403 comes before 404, 404 before 405, and 405 before 413 (SPEC 10.13)."""
    execution = service.execution("w")
    endpoint = service.endpoint(execution.name)
    unknown = CallbackName.of(execution.name, 77)
    bad = CallbackRequest(method="PUT", body=None)
    with pytest.raises(PermissionDeniedError):
        callbacks.send(service.caller(NOBODY), unknown, bad)
    with pytest.raises(NotFoundError):
        callbacks.send(service.caller(INVOKER), unknown, bad)
    with pytest.raises(MethodNotAllowedError) as not_allowed:
        callbacks.send(service.caller(INVOKER), endpoint, bad)
    with pytest.raises(PayloadTooLargeError):
        callbacks.send(service.caller(INVOKER), endpoint, replace(bad, method="POST"))
    with pytest.raises(PayloadTooLargeError):
        callbacks.send(
            service.caller(INVOKER), endpoint, replace(POST, body=b"x" * (256 * 1024 + 1))
        )

    assert "POST" == not_allowed.value.allow


def test_send_after_the_end(service: Service) -> None:
    """An execution that has ended takes no callbacks."""
    execution = service.execution("w")
    endpoint = service.endpoint(execution.name)
    executions.cancel(service.caller(), execution.name)
    with pytest.raises(NotFoundError) as caught:
        callbacks.send(service.caller(INVOKER), endpoint, POST)

    assert "EXECUTION_ENDED" == caught.value.reason


def test_send_to_a_full_inbox(tmp_path: Path) -> None:
    """An endpoint keeps as many payloads as the setting says, and lists them."""
    with running(tmp_path, max_inbox=2) as service:
        execution = service.execution("w", EARLY)
        endpoint = service.endpoint(execution.name)
        sent = [callbacks.send(service.caller(), endpoint, POST) for _ in range(2)]
        with pytest.raises(InboxFullError):
            callbacks.send(service.caller(), endpoint, POST)
        listed = callbacks.list_(service.caller(), execution.name, ListRequest()).items

    assert [Outcome.BUFFERED] * 2 == [answer.outcome for answer in sent]
    assert tuple(answer.payload_id for answer in sent) == listed[0].available_payloads


def test_send_again_with_a_key(service: Service) -> None:
    """A repeat is answered as before and not stored; with another body it is refused."""
    execution = service.execution("w", EARLY)
    endpoint = service.endpoint(execution.name)
    request = replace(POST, idempotency_key="k")
    first = callbacks.send(service.caller(), endpoint, request)
    second = callbacks.send(service.caller(), endpoint, request)
    with pytest.raises(IdempotencyConflictError):
        callbacks.send(service.caller(), endpoint, replace(request, body=b"2"))
    with pytest.raises(InvalidArgumentError):
        callbacks.send(service.caller(), endpoint, replace(request, idempotency_key="k" * 256))

    assert (Outcome.DUPLICATE, first.payload_id) == (second.outcome, second.payload_id)


def test_list_of_late_payloads(service: Service) -> None:
    """What nothing consumed before the end stays listed as late."""
    execution = service.execution("w", EARLY)
    endpoint = service.endpoint(execution.name)
    sent = callbacks.send(service.caller(), endpoint, POST)
    executions.cancel(service.caller(), execution.name)
    request = ListRequest()
    late_ones = ListRequest(filter='state = "LATE"')
    late = callbacks.list_(service.caller(), execution.name, late_ones).items

    assert () == callbacks.list_(service.caller(), execution.name, request).items
    assert (sent.payload_id,) == late[0].available_payloads
    with pytest.raises(InvalidArgumentError):
        callbacks.list_(service.caller(), execution.name, ListRequest(filter="state=EARLY"))


def test_list_page_by_page(service: Service) -> None:
    """Pages show every endpoint once."""
    execution = service.execution("w", EARLY)
    caller = service.caller()
    first = callbacks.list_(caller, execution.name, ListRequest(size=1))
    second = callbacks.list_(caller, execution.name, ListRequest(size=1, token=first.next_token))

    assert 2 == len({found.name for found in first.items + second.items})
    assert "" == second.next_token


#: has two endpoints and waits at the second
EARLY = """
- create:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: first
- another:
    call: events.create_callback_endpoint
    args: {http_callback_method: PUT}
    result: second
- wait:
    call: events.await_callback
    args: {callback: "${second}"}
"""


@pytest.mark.parametrize(
    "headers",
    [
        (("A b", "x"),),
        (("", "x"),),
        (("Authorization ", "Bearer x"),),
        (("X-A", "1\r\nX-B: 2"),),
        (("X-A", "\0"),),
        (("X-A", "x" * 70_000),),
    ],
    ids=["space", "no name", "hidden", "two lines", "nul", "too large"],
)
def test_send_with_what_is_no_header(
    service: Service, headers: tuple[tuple[str, str], ...]
) -> None:
    """What HTTP would not carry is refused, whichever way it comes."""
    endpoint = service.endpoint(service.execution("w").name)
    with pytest.raises(InvalidArgumentError):
        callbacks.send(service.caller(), endpoint, replace(POST, headers=headers))
