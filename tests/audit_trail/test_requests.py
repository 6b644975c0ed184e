"""What the audit keeps of requests, over both edges."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import grpc
import httpx
import jwt
import pytest
from google.protobuf.message import Message
from starlette.types import Message as Event

from ringback.v1 import (
    audit_pb2,
    batches_pb2,
    callbacks_pb2,
    executions_pb2,
    iam_credentials_pb2,
    sessions_pb2,
)
from ringback_server.audit_trail.recorder import Level
from ringback_server.auth.grants import JWT_BEARER
from ringback_server.auth.keys import new_account_key
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.metadata import MetadataServer
from ringback_server.gateway.workers import Workers
from ringback_server.model.audit import AuditEntry, AuditKind
from ringback_server.model.names import CallbackName
from tests.audit_trail.trails import audited
from tests.auth.oauth.desk import CLI, DEVICE_GRANT, OFFLINE
from tests.edges import bearer, grpc_edge, http_edge
from tests.rpc.calls import REQUESTS, call
from tests.services import ADMIN, INVOKER, NOBODY, VIEWER, WAITS, Service
from tests.waiting import until

PARENT = "projects/local/locations/us-central1"
#: the id of a token of another issuer
FOREIGN = "one:4711"
FULL_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def endpoint(service: Service) -> CallbackName:
    """Return an endpoint at which an execution waits."""
    return service.endpoint(service.execution("w").name)


def outcome(entry: AuditEntry) -> tuple[str, str, str, str, int]:
    """Return what came of a request."""
    return (entry.principal, entry.permission, entry.status, entry.reason, entry.times)


def refused(
    channel: grpc.Channel, name: str, message: Message, metadata: tuple[tuple[str, str], ...]
) -> None:
    """Make a call that is refused."""
    with pytest.raises(grpc.RpcError):
        call(channel, name, message, metadata=metadata)


def test_callback_when_it_is_sent_over_http(tmp_path: Path) -> None:
    """Who completed it, when, from where and with which token is stored with the payload."""
    with audited(tmp_path) as service, http_edge(service) as http:
        name, token = endpoint(service), service.token(INVOKER)
        answer = http.post(
            f"/v1/{name}",
            json=1,
            headers={"Authorization": f"Bearer {token}", "X-Request-Id": "r1"},
        )
        (entry,) = service.kept()
        principal = service.admission.admit(f"Bearer {token}").principal

    assert (INVOKER, "workflows.callbacks.send", "OK", "RESUMED", 1) == outcome(entry)
    assert (answer.headers["Ringback-Payload-Id"], str(name)) == (entry.payload_id, entry.resource)
    assert (principal.token_id, "callback", "http", "r1", "local") == (
        entry.token_id,
        entry.method,
        entry.edge,
        entry.request_id,
        entry.project,
    )
    assert entry.peer.startswith("127.0.0.1:")
    assert token not in str(entry)


def test_callback_when_it_is_a_duplicate(tmp_path: Path) -> None:
    """A repeat by another does not look like the one that completed it."""
    with audited(tmp_path) as service, grpc_edge(service) as channel:
        name = endpoint(service)
        message = callbacks_pb2.SendCallbackRequest(name=str(name), request_id="once")
        for email in (INVOKER, ADMIN):
            call(
                channel,
                "ringback.v1.Callbacks.SendCallback",
                message,
                metadata=bearer(service, email),
            )
        first, second = service.kept()

    assert [(INVOKER, "RESUMED"), (ADMIN, "DUPLICATE")] == [
        (entry.principal, entry.reason) for entry in (first, second)
    ]
    assert first.payload_id == second.payload_id


def test_execution_when_it_is_created(tmp_path: Path) -> None:
    """The entry names the execution that was made."""
    with audited(tmp_path) as service, grpc_edge(service) as channel:
        workflow = service.execution("w").name.parent
        made = call(
            channel,
            "ringback.v1.Executions.CreateExecution",
            executions_pb2.CreateExecutionRequest(parent=str(workflow)),
            metadata=bearer(service, INVOKER),
        )
        assert isinstance(made, executions_pb2.Execution)
        (entry,) = service.kept()

    assert (INVOKER, "workflows.executions.create", "OK", "", 1) == outcome(entry)
    assert (made.name, "ringback.v1.Executions/CreateExecution") == (entry.resource, entry.method)


def test_batch_when_parts_of_it_are_refused(tmp_path: Path) -> None:
    """Each callback of a batch has its entry, and so has each refusal."""
    with audited(tmp_path) as service, grpc_edge(service) as channel:
        name = endpoint(service)
        unknown = f"{name.parent.parent}/executions/00000000-0000-4000-8000-000000000000"
        requests = [
            callbacks_pb2.SendCallbackRequest(name=each)
            for each in (str(name), f"{unknown}/callbacks/c", str(name))
        ]
        call(
            channel,
            "ringback.v1.Batches.BatchSendCallbacks",
            batches_pb2.BatchSendCallbacksRequest(parent=PARENT, requests=requests),
            metadata=bearer(service, INVOKER),
        )
        entries = until(lambda: found if len(found := service.kept()) == 3 else None)

    assert [("OK", "RESUMED"), ("OK", "BUFFERED"), ("NOT_FOUND", "CALLBACK_NOT_FOUND")] == [
        (entry.status, entry.reason) for entry in entries
    ]


def test_token_when_it_is_made(tmp_path: Path) -> None:
    """That is on disk before the token is given out, and says which token it is."""
    with audited(tmp_path, "none") as service, grpc_edge(service) as channel:
        answer = call(
            channel,
            "ringback.v1.IAMCredentials.GenerateAccessToken",
            REQUESTS["ringback.v1.IAMCredentials.GenerateAccessToken"],
            metadata=bearer(service, ADMIN),
        )
        assert isinstance(answer, iam_credentials_pb2.GenerateAccessTokenResponse)
        (entry,) = service.kept()
        made = service.admission.admit(f"Bearer {answer.access_token}").principal

    assert (ADMIN, "iam.serviceAccounts.getAccessToken", "OK", "", 1) == outcome(entry)
    assert (AuditKind.ADMIN_WRITE, made.token_id, "local") == (
        entry.kind,
        entry.issued_token_id,
        entry.project,
    )
    assert answer.access_token not in str(entry)


def test_deployment_when_the_workflow_is_new(tmp_path: Path) -> None:
    """One request is one entry, whatever it tries first."""
    with audited(tmp_path, "none") as service, grpc_edge(service) as channel:
        name = "ringback.v1.Workflows.DeployWorkflow"
        call(channel, name, REQUESTS[name], metadata=bearer(service, ADMIN))
        (entry,) = service.kept()

    assert (ADMIN, "workflows.workflows.create", "OK", "", 1) == outcome(entry)
    assert f"{PARENT}/workflows/w" == entry.resource


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("none", []),
        ("writes", ["CreateExecution"]),
        ("all", ["CreateExecution", "ListExecutions"]),
    ],
)
def test_requests_when_the_level_is(tmp_path: Path, level: Level, expected: list[str]) -> None:
    """Uses of workflows are kept as `--audit` says."""
    with audited(tmp_path, level) as service:
        with grpc_edge(service) as channel:
            workflow = str(service.execution("w", WAITS).name.parent)
            create = executions_pb2.CreateExecutionRequest(parent=workflow)
            lists = executions_pb2.ListExecutionsRequest(parent=workflow)
            for method, message in (("CreateExecution", create), ("ListExecutions", lists)):
                name = f"ringback.v1.Executions.{method}"
                call(channel, name, message, metadata=bearer(service, INVOKER))

        assert expected == [entry.method.rpartition("/")[2] for entry in service.all()]


def test_refusals_when_they_repeat(tmp_path: Path) -> None:
    """The first is an entry, and those like it in the same minute are one more, with a number."""
    with audited(tmp_path, "none") as service:
        with grpc_edge(service) as channel:
            name = "ringback.v1.Workflows.DeleteWorkflow"
            metadata = bearer(service, NOBODY)
            for _ in range(5):
                refused(channel, name, REQUESTS[name], metadata)
                refused(channel, name, REQUESTS[name], (("authorization", "Bearer no"),))
        entries = service.all()

    assert [
        (NOBODY, "workflows.workflows.delete", "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", 1),
        ("", "", "UNAUTHENTICATED", "TOKEN_INVALID", 1),
        ("", "", "UNAUTHENTICATED", "TOKEN_INVALID", 4),
        (NOBODY, "workflows.workflows.delete", "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", 4),
    ] == list(map(outcome, entries))


def listed(
    channel: grpc.Channel,
    service: Service,
    email: str,
    *,
    parent: str = "projects/local",
    filter_: str = "",
    order_by: str = "",
) -> list[str]:
    """Return the permissions in the entries that a caller is shown."""
    answer = call(
        channel,
        "ringback.v1.AuditEntries.ListAuditEntries",
        audit_pb2.ListAuditEntriesRequest(parent=parent, filter=filter_, order_by=order_by),
        metadata=bearer(service, email),
    )
    assert isinstance(answer, audit_pb2.ListAuditEntriesResponse)
    return [entry.permission for entry in answer.audit_entries]


def test_entries_when_they_are_listed(tmp_path: Path) -> None:
    """They are filtered and ordered as other lists, and those of other projects are not there."""
    with audited(tmp_path) as service, grpc_edge(service) as channel:
        name = endpoint(service)
        send = callbacks_pb2.SendCallbackRequest(name=str(name))
        metadata = bearer(service, ADMIN)
        call(channel, "ringback.v1.Callbacks.SendCallback", send, metadata=metadata)
        deploy = "ringback.v1.Workflows.DeployWorkflow"
        call(channel, deploy, REQUESTS[deploy], metadata=metadata)
        both = listed(channel, service, ADMIN)
        exact = listed(channel, service, ADMIN, filter_=f'resource="{name}"')
        reverse = listed(channel, service, ADMIN, order_by="timestamp")
        other = listed(channel, service, ADMIN, parent="projects/other")
        everything = listed(channel, service, ADMIN, parent="projects/-", filter_="kind=DATA_WRITE")
        with pytest.raises(grpc.RpcError) as denied:
            listed(channel, service, VIEWER)

    sent, changed = "workflows.callbacks.send", "workflows.workflows.update"
    assert ([changed, sent], [sent], [sent, changed]) == (both, exact, reverse)
    assert ([], [sent]) == (other, everything)
    assert "ringback.auditEntries.list" in str(denied.value)


def test_token_when_a_grant_is_exchanged(tmp_path: Path) -> None:
    """Whom it speaks for is stored before it is given out; a refusal is one of a stranger."""
    with audited(tmp_path, "none") as service:
        now = int(service.backend.clock.now())
        key, pem = new_account_key(ADMIN, now)
        service.backend.store.credentials.add_account_key(key)
        aud = "https://oauth2.googleapis.com/token"
        claims = {"iss": ADMIN, "aud": aud, "scope": FULL_SCOPE, "iat": now, "exp": now + 60}
        assertion = jwt.encode(claims, pem, algorithm="RS256", headers={"kid": key.kid})
        with http_edge(service) as http:
            form = {"grant_type": JWT_BEARER, "assertion": assertion}
            answer = http.post("/token", data=form).json()
            http.post("/token", data={"grant_type": JWT_BEARER, "assertion": "a.b.c"})
        made = service.admission.admit(f"Bearer {answer['access_token']}").principal
        first, second = service.all()

    assert (ADMIN, "", "OK", "", 1) == outcome(first)
    assert (made.token_id, "token") == (first.issued_token_id, first.method)
    assert ("", "", "UNAUTHENTICATED", "INVALID_GRANT", 1) == outcome(second)


def test_tokens_when_they_are_made_of_ones_own(tmp_path: Path) -> None:
    """Links that an account makes of its own token are kept by their ids."""
    with audited(tmp_path) as service, grpc_edge(service) as channel:
        name = endpoint(service)
        metadata = bearer(service, INVOKER)
        listed = callbacks_pb2.ListCallbacksRequest(parent=str(name.parent))
        listed.token_lifetime.seconds = 60
        answer = call(channel, "ringback.v1.Callbacks.ListCallbacks", listed, metadata=metadata)
        made = call(
            channel,
            "ringback.v1.IAMCredentials.GenerateAccessToken",
            iam_credentials_pb2.GenerateAccessTokenRequest(
                name=f"projects/-/serviceAccounts/{INVOKER}", scope=[FULL_SCOPE]
            ),
            metadata=metadata,
        )
        entries = service.kept()
    assert isinstance(answer, callbacks_pb2.ListCallbacksResponse)
    assert isinstance(made, iam_credentials_pb2.GenerateAccessTokenResponse)
    tokens = (answer.callbacks[0].access_token, made.access_token)
    ids = {jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens}

    assert ids <= {entry.issued_token_id for entry in entries}
    assert [] == [token for token in tokens if token in str(entries)]


def test_token_when_the_metadata_server_gives_it(tmp_path: Path) -> None:
    """Each token that anybody on the machine gets has its entry."""
    with audited(tmp_path, "none") as service:
        backend = service.backend
        server = MetadataServer(
            INVOKER,
            service.issuer,
            backend.store.credentials,
            backend.clock,
            Workers(threads=1),
            project=("local", "100000000000"),
            audit=backend.audit,
        )
        request = HttpRequest(
            method="GET",
            raw_path="/computeMetadata/v1/instance/service-accounts/default/token",
            raw_query="",
            headers=(("metadata-flavor", "Google"),),
        )
        answer = asyncio.run(server.respond(request, never))
        token = json.loads(answer.body)["access_token"]
        made = service.admission.admit(f"Bearer {token}").principal
        (entry,) = service.kept()

    assert (INVOKER, "", "OK", "", 1) == outcome(entry)
    assert (made.token_id, "metadata") == (entry.issued_token_id, entry.method)


async def never() -> Event:
    """Receive nothing."""
    raise AssertionError


def begun(service: Service, http: httpx.Client) -> dict[str, str]:
    """Let VIEWER in by a code, and return the tokens of the session."""
    asked = {"client_id": CLI, "scope": OFFLINE}
    shown = http.post("/device_authorization", data=asked).json()
    approval = service.backend.approval
    approval.approve(approval.find(shown["user_code"], "tests"), VIEWER)
    form = {"grant_type": DEVICE_GRANT, "client_id": CLI, "device_code": shown["device_code"]}
    tokens: dict[str, str] = http.post("/token", data=form).json()
    return tokens


def test_token_when_it_is_revoked(tmp_path: Path) -> None:
    """Whoever revokes it by whatever way, the entry has its id."""
    with audited(tmp_path) as service, http_edge(service) as http, grpc_edge(service) as channel:
        tokens = begun(service, http)
        jti = jwt.decode(tokens["access_token"], options={"verify_signature": False})["jti"]
        http.post("/revoke", data={"client_id": CLI, "token": tokens["access_token"]})
        by_id = sessions_pb2.RevokeTokenRequest(
            name="projects/-/serviceAccounts/-", token_id=FOREIGN
        )
        name = "ringback.v1.Sessions.RevokeToken"
        call(channel, name, by_id, metadata=bearer(service, ADMIN))
        revoked, later = service.kept()[-2:]

    assert (VIEWER, "revoke", jti, "local") == (
        revoked.principal,
        revoked.method,
        revoked.issued_token_id,
        revoked.project,
    )
    assert (ADMIN, FOREIGN) == (later.principal, later.issued_token_id)


def test_session_when_its_refresh_token_is_used_twice(tmp_path: Path) -> None:
    """The entry says whose session ended, and which; so it is when its client ends one."""
    with audited(tmp_path) as service, http_edge(service) as http:
        form = {"grant_type": "refresh_token", "client_id": CLI}
        first = begun(service, http)["refresh_token"]
        ended = begun(service, http)["refresh_token"]
        for _ in range(3):
            http.post("/token", data={**form, "refresh_token": first})
        http.post("/revoke", data={"client_id": CLI, "token": ended})
        entries = service.all()

    by_reason = {entry.reason: entry for entry in entries if entry.status != "OK"}
    reused, again = by_reason["REFRESH_TOKEN_REUSED"], by_reason["INVALID_GRANT"]
    (revoked,) = (entry for entry in entries if entry.method == "revoke")
    sessions = f"projects/local/serviceAccounts/{VIEWER}/sessions/"
    assert (VIEWER, "local") == (reused.principal, reused.project)
    assert reused.resource.startswith(sessions)
    assert ("", "") == (again.principal, again.resource)
    assert (VIEWER, "OK") == (revoked.principal, revoked.status)
    assert revoked.resource.startswith(sessions)
