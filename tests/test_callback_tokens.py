"""A token for one callback opens that one with its method and nothing else, and can be ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration

from ringback.v1.batches_pb2 import BatchSendCallbacksRequest, BatchSendCallbacksResponse
from ringback.v1.callbacks_pb2 import ListCallbacksRequest, ListCallbacksResponse
from ringback.v1.callbacks_pb2 import SendCallbackRequest as Send
from ringback.v1.iam_credentials_pb2 import (
    GenerateAccessTokenRequest,
    GenerateAccessTokenResponse,
)
from ringback_server.auth.attenuation import Bounds
from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.key_ring import KeyRing
from ringback_server.control import accounts, policies
from ringback_server.model.names import CallbackName, ProjectName, ServiceAccountName
from ringback_server.model.resources import Binding
from tests.clocks import FakeClock
from tests.edges import grpc_edge, http_edge
from tests.replacing import replace
from tests.rpc.calls import REQUESTS, call, code_of, rpcs
from tests.services import INVOKER, NOBODY, PARENT, WAITS, Service, running

SEND = "workflows.callbacks.send"
SENDS = "ringback.v1.Callbacks.SendCallback"
MAKES = "ringback.v1.IAMCredentials.GenerateAccessToken"
LISTS = "ringback.v1.Callbacks.ListCallbacks"
NINETY_DAYS = 90 * 86_400
LINK = Bounds(permissions=frozenset({SEND}), lifetime=NINETY_DAYS)
#: creates endpoints for PUT and POST, and waits elsewhere
TWO_ENDPOINTS = f"""
- other:
    call: events.create_callback_endpoint
    args: {{http_callback_method: PUT}}
    result: other
- one:
    call: events.create_callback_endpoint
    args: {{http_callback_method: POST}}
    result: one
{WAITS.replace("POST", "PATCH")}
"""
DENIED = ("PERMISSION_DENIED", 403)
UNKNOWN = ("UNAUTHENTICATED", 401)


@dataclass(frozen=True, slots=True)
class Edges:
    """A service and both ways to it."""

    service: Service
    channel: grpc.Channel
    client: httpx.Client

    def make(self, token: str, bounds: Bounds) -> tuple[str, float]:
        """Have a token made of another, of the same account; return it and its expiry."""
        email = self.service.admission.admit(f"Bearer {token}").principal.email
        request = GenerateAccessTokenRequest(
            name=f"projects/-/serviceAccounts/{email}",
            scope=[CLOUD_PLATFORM],
            permissions=bounds.permissions,
            resource=bounds.resource or "",
            method=bounds.method or "",
            lifetime=None if bounds.lifetime is None else Duration(seconds=int(bounds.lifetime)),
        )
        answer = call(self.channel, MAKES, request, metadata=metadata(token))
        assert isinstance(answer, GenerateAccessTokenResponse)
        return answer.access_token, answer.expire_time.seconds

    def link(self, name: CallbackName, email: str = INVOKER, method: str = "POST") -> str:
        """Have an account make its link to a callback, valid for 90 days."""
        bounds = replace(LINK, resource=str(name), method=method)
        return self.make(self.service.token(email), bounds)[0]

    def send(self, token: str, name: CallbackName, method: str = "POST") -> tuple[str, int]:
        """Send a callback by gRPC and by HTTP; return both answers' statuses."""
        request = Send(name=str(name), method=method)
        by_http = self.client.request(
            method, f"/v1/{name}", headers={"Authorization": f"Bearer {token}"}
        )
        code = code_of(self.channel, SENDS, request, metadata(token))
        return code.name, by_http.status_code


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call with a token."""
    return (("authorization", f"Bearer {token}"),)


@pytest.fixture
def edges(tmp_path: Path) -> Iterator[Edges]:
    """Serve both edges."""
    with (
        running(tmp_path) as service,
        grpc_edge(service) as channel,
        http_edge(service) as client,
    ):
        yield Edges(service, channel, client)


def endpoints(edges: Edges, workflow: str = "w") -> tuple[CallbackName, CallbackName]:
    """Start an execution with two endpoints; return the one for PUT and the one for POST."""
    execution = edges.service.execution(workflow, TWO_ENDPOINTS).name
    return CallbackName.of(execution, 0), CallbackName.of(execution, 1)


def test_link_for_its_callback(edges: Edges) -> None:
    """The link sends, with and without saying the method, alone and in a batch."""
    _, name = endpoints(edges)
    token = edges.link(name)
    request = BatchSendCallbacksRequest(parent=str(PARENT), requests=[Send(name=str(name))])
    answer = call(
        edges.channel,
        "ringback.v1.Batches.BatchSendCallbacks",
        request,
        metadata=metadata(token),
    )
    assert isinstance(answer, BatchSendCallbacksResponse)

    assert answer.results[0].HasField("response")
    assert ("OK", 200) == edges.send(token, name)


def test_link_for_other_callbacks(edges: Edges) -> None:
    """No other endpoint, execution, method or project, whether there is one or not."""
    other, name = endpoints(edges)
    _, elsewhere = endpoints(edges, "v")
    token = edges.link(name)
    unknown = CallbackName.of(name.parent, 77)
    for wrong in (other, elsewhere, unknown, replace(name, project="another")):
        assert DENIED == edges.send(token, wrong)
        assert DENIED == edges.send(token, wrong, "PUT")
    for method in ("PUT", "GET", "DELETE", "PATCH"):
        assert DENIED == edges.send(token, name, method)
    assert ("OK", 200) == edges.send(edges.link(name), name)


def test_link_in_a_batch_with_others(edges: Edges) -> None:
    """Each callback of a batch is checked by itself, also within one execution."""
    other, name = endpoints(edges)
    token = edges.link(name)
    sent = [Send(name=str(name)), Send(name=str(other)), Send(name=str(name), method="PUT")]
    answer = call(
        edges.channel,
        "ringback.v1.Batches.BatchSendCallbacks",
        BatchSendCallbacksRequest(parent=str(PARENT), requests=sent),
        metadata=metadata(token),
    )
    assert isinstance(answer, BatchSendCallbacksResponse)

    codes = [grpc.StatusCode.PERMISSION_DENIED.value[0]] * 2
    assert [0, *codes] == [result.error.code for result in answer.results]


def test_link_with_the_wrong_method(edges: Edges) -> None:
    """A link with a method that its endpoint does not take tells who may know so."""
    other, _ = endpoints(edges)
    token = edges.link(other)

    assert ("INVALID_ARGUMENT", 405) == edges.send(token, other)
    assert DENIED == edges.send(token, other, "PUT")


@pytest.mark.parametrize("name", rpcs())
def test_link_for_other_rpcs(shared: tuple[Edges, str], name: str) -> None:
    """Every RPC but those that send refuses it, and they refuse it elsewhere; one says so."""
    edges, token = shared

    code = code_of(edges.channel, name, REQUESTS[name], metadata(token))

    tells = name.endswith(".TestIamPermissions")
    assert (grpc.StatusCode.OK if tells else grpc.StatusCode.PERMISSION_DENIED) is code


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Edges, str]]:
    """Serve both edges for tests that change nothing, and make a link."""
    with (
        running(tmp_path_factory.mktemp("shared")) as service,
        grpc_edge(service) as channel,
        http_edge(service) as client,
    ):
        edges = Edges(service, channel, client)
        yield edges, edges.link(endpoints(edges, "waiting")[1])


def test_link_made_of_a_link(edges: Edges) -> None:
    """It can be made into links that live less long, and into nothing wider."""
    other, name = endpoints(edges)
    token = edges.link(name)
    _, end = edges.make(token, Bounds(lifetime=60))
    again, same = edges.make(token, Bounds())

    assert end < same <= edges.service.backend.clock.now() + 3_601
    assert DENIED == edges.send(again, other)
    for bounds in (
        Bounds(permissions=frozenset({"workflows.callbacks.list"})),
        Bounds(resource=str(other)),
        Bounds(resource=str(name.parent)),
        Bounds(method="PUT"),
        Bounds(lifetime=NINETY_DAYS + 1),
    ):
        with pytest.raises(grpc.RpcError):
            edges.make(token, bounds)
    assert ("OK", 200) == edges.send(again, name)


@pytest.mark.parametrize("method", ["", "PUT"])
def test_link_after_its_end(edges: Edges, method: str) -> None:
    """An expired link opens nothing."""
    _, name = endpoints(edges)
    clock = FakeClock(edges.service.backend.clock.now() - NINETY_DAYS - 31)
    store = edges.service.backend.store
    keys = KeyRing(store.signing_keys, edges.service.backend.sealer, clock)
    issuer = Issuer(store.credentials, keys, clock, instance_id="one")
    token = issuer.access_token(
        INVOKER,
        lifetime=NINETY_DAYS,
        permissions=[SEND],
        resource=str(name),
        method=method or None,
    ).token

    assert UNKNOWN == edges.send(token, name)


def test_link_when_the_binding_is_taken_away(edges: Edges) -> None:
    """Without the role of who made it, a link opens nothing from then on."""
    _, name = endpoints(edges)
    caller, project = edges.service.caller(), ProjectName("local")
    granted = Binding(email=NOBODY, role="roles/workflows.invoker", resource=str(project))
    policies.replace(caller, project, [granted])
    token = edges.link(name, NOBODY)
    policies.replace(caller, project, [])

    assert DENIED == edges.send(token, name)
    policies.replace(caller, project, [granted])
    assert ("OK", 200) == edges.send(token, name)


def test_link_when_the_binding_ends(edges: Edges) -> None:
    """A link is worth no more than a role that has ended, however long itself may live."""
    _, name = endpoints(edges)
    credentials = edges.service.backend.store.credentials
    role = Binding(email=NOBODY, role="roles/workflows.invoker", resource="projects/local")
    credentials.add_binding(role)
    token = edges.link(name, NOBODY)
    credentials.add_binding(replace(role, expire_time=edges.service.backend.clock.now()))

    assert DENIED == edges.send(token, name)


def test_link_when_the_account_is_disabled(edges: Edges) -> None:
    """A link of an account opens nothing while that is disabled, nor once it is deleted."""
    _, name = endpoints(edges)
    token, account = edges.link(name), ServiceAccountName.of(INVOKER)
    caller = edges.service.caller()
    accounts.disable(caller, account)
    disabled = edges.send(token, name)
    accounts.enable(caller, account)
    enabled = edges.send(token, name)
    accounts.delete(caller, account)

    assert (UNKNOWN, ("OK", 200)) == (disabled, enabled)
    assert UNKNOWN == edges.send(token, name)


def test_link_when_it_is_revoked(edges: Edges) -> None:
    """A link that got into the wrong hands is ended by its id, and others of its account stay."""
    _, name = endpoints(edges)
    token, other = edges.link(name), edges.link(name)
    token_id = edges.service.admission.admit(f"Bearer {token}").principal.token_id
    end = edges.service.backend.clock.now() + NINETY_DAYS
    edges.service.backend.store.credentials.revoke(token_id, end)

    assert UNKNOWN == edges.send(token, name)
    assert ("OK", 200) == edges.send(other, name)


def test_links_of_a_list(edges: Edges) -> None:
    """A list with tokens has a link for each endpoint, with its method, good for that alone."""
    other, name = endpoints(edges)
    request = listing(name, 86_400)
    answer = call(edges.channel, LISTS, request, metadata=metadata(edges.service.token(INVOKER)))
    assert isinstance(answer, ListCallbacksResponse)
    found = {callback.name: callback for callback in answer.callbacks}
    ahead = found[str(name)].access_token_expire_time.seconds - edges.service.backend.clock.now()

    assert {str(other), str(name)} < set(found)
    assert 86_390 < ahead <= 86_400
    assert all(callback.url.endswith(callback.name) for callback in found.values())
    assert DENIED == edges.send(found[str(other)].access_token, name)
    assert DENIED == edges.send(found[str(other)].access_token, other, "POST")
    assert ("OK", 200) == edges.send(found[str(other)].access_token, other, "PUT")
    assert ("OK", 200) == edges.send(found[str(name)].access_token, name)


def test_links_of_a_list_over_http(edges: Edges) -> None:
    """REST has them as well; nobody is to keep them on the way; and only if asked for."""
    _, name = endpoints(edges)
    headers = {"Authorization": f"Bearer {edges.service.token(INVOKER)}"}
    path = f"/v1/{name.parent}/callbacks"
    answer = edges.client.get(path, params={"tokenLifetime": "86400s"}, headers=headers)
    plain = edges.client.get(path, headers=headers).json()["callbacks"]
    first = answer.json()["callbacks"][0]

    assert {"accessToken", "accessTokenExpireTime"} == first.keys() - plain[0].keys()
    assert "no-store" == answer.headers["cache-control"]


def test_links_of_a_list_without_the_right(edges: Edges) -> None:
    """Listing does not do: it takes the permission to send, and a token that is not outlived."""
    _, name = endpoints(edges)
    issue = edges.service.issuer.access_token
    lists = issue(INVOKER, permissions=["workflows.callbacks.list"]).token
    sends = issue(INVOKER, permissions=["workflows.callbacks.list", SEND]).token
    whole = edges.service.token(INVOKER)
    for token, seconds, code in (
        (lists, 60, grpc.StatusCode.PERMISSION_DENIED),
        (sends, 60, grpc.StatusCode.OK),
        (sends, 7200, grpc.StatusCode.PERMISSION_DENIED),
        (whole, NINETY_DAYS, grpc.StatusCode.OK),
        (whole, NINETY_DAYS + 1, grpc.StatusCode.INVALID_ARGUMENT),
    ):
        found = code_of(edges.channel, LISTS, listing(name, seconds), metadata(token))
        assert code is found


def listing(name: CallbackName, seconds: int) -> ListCallbacksRequest:
    """Return a request for the links of the callback's execution."""
    return ListCallbacksRequest(parent=str(name.parent), token_lifetime=Duration(seconds=seconds))
