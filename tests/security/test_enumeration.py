"""What there is cannot be found out by how long a refusal takes.

What refusals say is compared in the matrix. Times are taken in turns, the medians of many are
compared, and bounds are wide: a look-up of what is there costs microseconds, which nobody sees over
a network, while checking a signature or a secret for one name alone costs many times as much.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count, cycle
from statistics import median
from uuid import uuid4

import pytest

from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.model.logins import ClientSecret
from tests.rpc.calls import EXECUTION, PARENT, WORKFLOW
from tests.security.scenes import CALLBACK, Scene
from tests.security.stage import Stage

_ROUNDS = 60
#: how often a whole comparison may fail before it counts: other programs share the machine
_TRIES = 5
#: of two medians, the larger is at most so many times the smaller, and the difference so long
_RATIO = 1.5
_SECONDS = 0.002


def alike(first: Callable[[], object], second: Callable[[], object]) -> bool:
    """Tell whether two actions take as long as one another."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for action, taken in zip((first, second), times, strict=True):
            began = time.perf_counter()
            action()
            taken.append(time.perf_counter() - began)
    less, more = sorted(map(median, times))
    return more <= less * _RATIO or more - less <= _SECONDS


def take_as_long(first: Callable[[], object], second: Callable[[], object]) -> bool:
    """Tell whether two actions take as long as one another, tried again if they seem not to."""
    return any(alike(first, second) for _ in range(_TRIES))


@pytest.mark.parametrize("name", [WORKFLOW, EXECUTION, CALLBACK])
@pytest.mark.parametrize("who", ["nobody", "stranger", "no role"])
def test_refusal_when_its_time_is_taken(name: str, who: str, stage: Stage) -> None:
    """It takes as long for what is there as for what is not."""
    scene = Scene.of(stage)
    tokens = {
        "nobody": {},
        "stranger": {"Authorization": "Bearer not.a.token"},
        "no role": {"Authorization": f"Bearer {stage.self_signed(stage.account())}"},
    }

    def ask(names: str) -> Callable[[], object]:
        method = "POST" if name == CALLBACK else "GET"
        return lambda: stage.http.request(method, f"/v1/{names}", headers=tokens[who])

    assert take_as_long(ask(scene.names[name]), ask(Scene.nothing()[name]))


def with_secret(stage: Stage) -> str:
    """Make an account that has a secret; return its address."""
    email = stage.account()
    account = stage.store.credentials.account(email)
    assert account is not None
    record = ClientSecret(
        secret_id=str(uuid4()),
        email=email,
        account_id=account.unique_id,
        digest=digest(new_opaque(Kind.CLIENT)),
        create_time=time.time(),
        expire_time=None,
    )
    stage.store.client_secrets.add(record, most=2)
    return email


def test_secret_when_its_time_is_taken(stage: Stage) -> None:
    """A wrong secret takes as long for an account that has one as for one that is not there."""
    wrong = new_opaque(Kind.CLIENT)
    # Many, each asked for a few times: after some failures a client is refused without a look.
    there = cycle([with_secret(stage) for _ in range(_TRIES * _ROUNDS // 10)])
    nowhere = (f"no-{number}@local.iam.gserviceaccount.com" for number in count())

    def ask(clients: Iterator[str]) -> Callable[[], object]:
        return lambda: stage.http.post("/token", data=showing(next(clients), wrong))

    assert take_as_long(ask(there), ask(nowhere))


def showing(client: str, secret: str) -> dict[str, str]:
    """Return the form by which a client shows its secret."""
    return {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}


def test_secret_when_what_is_said_is_compared(stage: Stage) -> None:
    """An account without a secret, one that is disabled and none at all are refused alike."""
    clients = [
        stage.account(),
        stage.account(disabled=True),
        with_secret(stage),
        f"{uuid4()}@local.iam.gserviceaccount.com",
        f"{uuid4()}",
    ]
    answers = {
        (answer.status_code, answer.text, answer.headers.get("WWW-Authenticate"))
        for client in clients
        for answer in [stage.http.post("/token", data=showing(client, new_opaque(Kind.CLIENT)))]
    }

    assert 1 == len(answers)


def test_projects_when_what_is_said_is_compared(stage: Stage) -> None:
    """Other projects, there or not, are refused alike."""
    token = stage.self_signed(stage.account(("roles/workflows.viewer", PARENT)))
    answers = {
        (answer.status_code, answer.text.replace(f"projects/{project}/", "P/"))
        for project in ("loca", "local2", "no-such-project", "elsewhere")
        for answer in [
            stage.http.get(
                f"/v1/projects/{project}/locations/us-central1/workflows",
                headers={"Authorization": f"Bearer {token}"},
            )
        ]
    }

    ((status, _),) = answers
    assert 403 == status
