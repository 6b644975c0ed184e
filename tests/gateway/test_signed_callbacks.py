"""Callback URLs and senders without a token: what a signature lets them do, and what they learn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from ringback_server.auth.webhooks.senders import WINDOW
from ringback_server.control import callback_signatures, workflows
from ringback_server.control.callback_signatures import GivenSecret, SignatureSpec
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.gateway.exchange import HttpRequest
from ringback_server.gateway.signed_bodies import SignedBodies
from ringback_server.model.names import CallbackName, ExecutionName, WorkflowName
from ringback_server.model.signatures import HmacRules, Scheme
from tests.auth.webhooks.making import RULES
from tests.edges import http_edge
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, WAITS, Service
from tests.signing import OTHERS, SECRETS, SIGN, Headers, mac

BODY = b'{"id": "evt_1"}'
TYPE = {"Content-Type": "application/json"}
HUGE = b"x" * (256 * 1024 + 1)


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """Open an HTTP client of the service."""
    with http_edge(service) as opened:
        yield opened


def _take(service: Service, workflow: WorkflowName, *schemes: str) -> None:
    """Have a workflow take signatures of schemes."""
    for scheme in schemes:
        spec = SignatureSpec(
            scheme=Scheme(scheme),
            secrets=[GivenSecret(value=SECRETS[scheme])],
            rules=RULES if scheme == "HMAC" else None,
        )
        id_ = scheme.lower().replace("_", "-")
        callback_signatures.create(service.caller(), workflow, id_, spec)


def _waiting(service: Service, *schemes: str, workflow_id: str = "w") -> CallbackName:
    """Start a workflow that takes signatures of schemes; return the endpoint that it waits at."""
    execution = service.execution(workflow_id).name
    _take(service, execution.parent, *schemes)
    return service.endpoint(execution)


def _signed(service: Service, scheme: str, body: bytes = BODY, *, late: float = 0.0) -> Headers:
    """Return the headers of a message that was signed so many seconds ago."""
    made = SIGN[scheme](SECRETS[scheme], body, service.backend.clock.now() - late)
    return {**TYPE, **made}


def _reason(answer: httpx.Response) -> str:
    found: Any = answer.json()
    return str(found["error"]["details"][0]["reason"])


def _shown(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return what an answer tells, without what differs between any two."""
    differing = {"date", "x-request-id"}
    headers = [pair for pair in answer.headers.items() if pair[0] not in differing]
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("scheme", SECRETS)
def test_signed_callback_when_it_is_right(
    service: Service, client: httpx.Client, scheme: str
) -> None:
    """It resumes what waits, once; the workflow sees the request, and not its signatures."""
    endpoint = _waiting(service, *SECRETS)
    other = {"X-Hub-Signature-256": "sha256=other", "Stripe-Signature": "other", "X-Tag": "1"}
    headers = {**other, **_signed(service, scheme), "Idempotency-Key": "a"}
    answer = client.post(f"/v1/{endpoint}?n=1", content=BODY, headers=headers)
    again = client.post(
        f"/v1/{endpoint}", content=BODY, headers={**headers, "Idempotency-Key": "b"}
    )
    ended = service.ended(endpoint.parent)
    request = cast("dict[str, Any]", json.loads(ended.result or ""))
    seen = {name.lower() for name in request["headers"]}

    assert (200, "resumed") == (answer.status_code, answer.headers["Ringback-Outcome"])
    assert (200, "duplicate") == (again.status_code, again.headers["Ringback-Outcome"])
    assert answer.headers["Ringback-Payload-Id"] == again.headers["Ringback-Payload-Id"]
    assert ({"id": "evt_1"}, {"n": "1"}) == (request["body"], request["query"])
    assert "x-tag" in seen
    assert set() == {name for name in seen if name.endswith("-signature") or "hub-" in name}


@pytest.mark.parametrize("scheme", SECRETS)
def test_refusal_when_a_signature_counts_for_nothing(
    service: Service, client: httpx.Client, scheme: str
) -> None:
    """Whatever is the matter, the answer is the one to a request without a token."""
    endpoint = _waiting(service, *SECRETS)
    unsigned = _waiting(service, workflow_id="unsigned")
    ended = CallbackName.of(replace(endpoint.parent, execution="none"), 1)
    right = _signed(service, scheme)
    wrong = {**TYPE, **SIGN[scheme](OTHERS[scheme], BODY, service.backend.clock.now())}
    cases: list[tuple[str, Headers, bytes]] = [
        (f"/v1/{endpoint}", wrong, BODY),
        (f"/v1/{endpoint}", right, BODY + b" "),
        (f"/v1/{ended}", wrong, BODY),
        (f"/v1/{replace(endpoint, workflow='none')}", right, BODY),
        (f"/v1/{replace(endpoint, project='another')}", right, BODY),
        (f"/v1/{replace(endpoint, location='europe-west1')}", right, BODY),
        (f"/v1/{endpoint.parent}/callbacks/%2e%2e", wrong, BODY),
        (f"/v1/{unsigned}", right, BODY),
        (f"/v1/{endpoint}", dict.fromkeys(right, "x"), BODY),
    ]
    if scheme != "GITHUB":
        cases += [
            (f"/v1/{endpoint}", _signed(service, scheme, late=late), BODY)
            for late in (WINDOW + 60, -WINDOW - 60)
        ]
    plain = _shown(client.post(f"/v1/{endpoint}", content=BODY, headers=TYPE))
    answers = [client.post(url, content=body, headers=head) for url, head, body in cases]

    assert (401, "TOKEN_MISSING") == (plain[0], _reason(answers[0]))
    assert [plain] * len(cases) == [_shown(answer) for answer in answers]
    done = client.post(f"/v1/{endpoint}", content=BODY, headers=right)
    assert "resumed" == done.headers["Ringback-Outcome"]


def test_signed_callback_by_order_of_checks(service: Service, client: httpx.Client) -> None:
    """Who signs rightly is told what a sender with a token is: 404, 405, and nothing is used up."""
    endpoint = _waiting(service, "GITHUB")
    headers = _signed(service, "GITHUB")
    nowhere = CallbackName.of(replace(endpoint.parent, execution="none"), 1)
    answers = [
        client.post(f"/v1/{nowhere}", content=BODY, headers=headers),
        client.post(f"/v1/{CallbackName.of(endpoint.parent, 9)}", content=BODY, headers=headers),
        client.put(f"/v1/{endpoint}", content=BODY, headers=headers),
        client.post(f"/v1/{endpoint}", content=BODY, headers=headers),
    ]

    assert [404, 404, 405, 200] == [answer.status_code for answer in answers]
    assert "POST" == answers[2].headers["Allow"]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (["Bearer x"], 401),
        ([""], 401),
        (["Basic eDp5"], 401),
        (["", ""], 401),
        ([NOBODY], 403),
    ],
)
def test_signed_callback_when_there_is_a_token_too(
    service: Service, client: httpx.Client, authorization: list[str], status: int
) -> None:
    """The token decides alone: a right signature makes up for nothing."""
    endpoint = _waiting(service, "GITHUB")
    values = [
        f"Bearer {service.token(value)}" if value == NOBODY else value for value in authorization
    ]
    headers = [*_signed(service, "GITHUB").items(), *(("Authorization", v) for v in values)]
    answer = client.post(f"/v1/{endpoint}", content=BODY, headers=headers)

    assert status == answer.status_code
    # And a wrong signature spoils nothing.
    right = {"Authorization": f"Bearer {service.token(INVOKER)}", "X-Hub-Signature-256": "x"}
    sent = client.post(f"/v1/{endpoint}", content=BODY, headers={**TYPE, **right})
    assert "resumed" == sent.headers["Ringback-Outcome"]


def test_body_when_it_is_too_large(service: Service, client: httpx.Client) -> None:
    """Whatever the workflow it is 413 with a signature, announced or not; without one, 401."""
    endpoint = _waiting(service, "GITHUB")
    headers = {**TYPE, "X-Hub-Signature-256": f"sha256={mac(SECRETS['GITHUB'], HUGE)}"}
    urls = [f"/v1/{endpoint}", f"/v1/{replace(endpoint, workflow='none')}"]
    answers = [
        client.post(url, content=content, headers=headers)
        for url in urls
        for content in (HUGE, iter([HUGE]))
    ]
    unsigned = [client.post(url, content=HUGE, headers=TYPE) for url in urls]
    unknown = [client.post(url, content=HUGE, headers={"Stripe-Signature": "x"}) for url in urls]

    assert [413] * 4 == [answer.status_code for answer in answers]
    assert [401] * 4 == [answer.status_code for answer in (*unsigned, *unknown)]


def test_body_when_it_is_just_small_enough(service: Service, client: httpx.Client) -> None:
    """The largest body that a token could send may be signed as well."""
    endpoint = _waiting(service, "GITHUB")
    body = HUGE[1:]
    headers = {"X-Hub-Signature-256": f"sha256={mac(SECRETS['GITHUB'], body)}"}
    answer = client.post(
        f"/v1/{endpoint}", content=body, headers={**headers, "Content-Type": "text/plain"}
    )

    assert "resumed" == answer.headers["Ringback-Outcome"]


def test_bodies_when_more_come_than_are_read_at_once() -> None:
    """The one that has taken longest is given up for the one that comes, which is read."""

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def whole() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def read() -> tuple[object, ...]:
        bodies = SignedBodies(1_000, at_once=2)
        request = HttpRequest(method="POST", raw_path="/", raw_query="", headers=())
        slow = [asyncio.create_task(bodies.read(request, never)) for _ in range(2)]
        await asyncio.sleep(0)
        found = await bodies.read(request, whole)
        (first,) = await asyncio.gather(slow[0], return_exceptions=True)
        going = not slow[1].done()
        slow[1].cancel()
        await asyncio.gather(slow[1], return_exceptions=True)
        return found, type(first), going, repr(bodies)

    assert (BODY, TimeoutError, True, "<SignedBodies [0 of 2 being read]>") == asyncio.run(read())


def test_signed_callback_when_the_path_is_signed(service: Service, client: httpx.Client) -> None:
    """A message for one URL counts at no other, and with no other query or method."""
    one = _waiting(service)
    workflow = one.parent.parent
    rules = HmacRules(header="x-sig", signed_content="{method} {path} {body}")
    secret = SECRETS["HMAC"]
    spec = SignatureSpec(scheme=Scheme.HMAC, secrets=[GivenSecret(value=secret)], rules=rules)
    callback_signatures.create(service.caller(), workflow, "acme", spec)
    path = f"/v1/{one}?n=1"
    headers = {**TYPE, "X-Sig": mac(secret, b"POST " + path.encode() + b" " + BODY)}
    answers = [
        client.post(f"/v1/{one}?n=2", content=BODY, headers=headers),
        client.post(f"/v1/{one}", content=BODY, headers=headers),
        client.put(path, content=BODY, headers=headers),
        client.post(f"/v1/{CallbackName.of(one.parent, 9)}?n=1", content=BODY, headers=headers),
        client.post(path, content=BODY, headers=headers),
    ]

    assert [401, 401, 401, 401, 200] == [answer.status_code for answer in answers]


def test_signature_when_its_workflow_changes(service: Service, client: httpx.Client) -> None:
    """Disabled or deleted it counts no longer, from the next request on."""
    endpoint = _waiting(service, "GITHUB")
    url, headers = f"/v1/{endpoint}", _signed(service, "GITHUB")
    (found,) = service.backend.store.callback_signatures.enabled(endpoint.parent.parent)
    statuses = list[int]()

    def send() -> None:
        statuses.append(client.put(url, content=BODY, headers=headers).status_code)

    send()
    callback_signatures.update(service.caller(), found.name, disabled=True)
    send()
    callback_signatures.update(service.caller(), found.name, disabled=False)
    send()
    callback_signatures.delete(service.caller(), found.name)
    send()

    assert [405, 401, 405, 401] == statuses


def test_signatures_when_another_workflow_takes_them(
    service: Service, client: httpx.Client
) -> None:
    """A secret of one workflow sends nothing to another that takes the same scheme."""
    endpoint = _waiting(service, "GITHUB")
    workflow, _ = workflows.create(service.caller(), PARENT, "v", WorkflowSpec(source=WAITS))
    spec = SignatureSpec(
        scheme=Scheme.GITHUB, secrets=[GivenSecret(value=OTHERS["GITHUB"])], rules=None
    )
    callback_signatures.create(service.caller(), workflow.name, "github", spec)
    elsewhere = ExecutionName.parse(str(endpoint.parent).replace("/w/", "/v/"))
    headers = _signed(service, "GITHUB")
    answer = client.post(f"/v1/{CallbackName.of(elsewhere, 1)}", content=BODY, headers=headers)

    assert 401 == answer.status_code


@pytest.mark.parametrize(
    ("scheme", "body", "extra", "expected"),
    [
        ("SLACK", {"type": "url_verification", "challenge": "c"}, {}, {"challenge": "c"}),
        ("GITHUB", {"zen": "Keep it.", "hook_id": 1}, {"X-GitHub-Event": "ping"}, {}),
    ],
)
def test_handshake_when_it_is_signed(
    service: Service,
    client: httpx.Client,
    scheme: str,
    body: dict[str, object],
    extra: Headers,
    expected: dict[str, object],
) -> None:
    """It is answered and resumes nothing, and only at an endpoint that is there."""
    endpoint = _waiting(service, scheme)
    content = json.dumps(body).encode()
    headers = {**_signed(service, scheme, content), **extra}
    answer = client.post(f"/v1/{endpoint}", content=content, headers=headers)
    nowhere = client.post(
        f"/v1/{CallbackName.of(endpoint.parent, 9)}", content=content, headers=headers
    )
    sent = client.post(f"/v1/{endpoint}", content=BODY, headers=_signed(service, scheme))

    assert (200, expected) == (answer.status_code, answer.json())
    assert "answered" == answer.headers["Ringback-Outcome"]
    assert (404, "resumed") == (nowhere.status_code, sent.headers["Ringback-Outcome"])
