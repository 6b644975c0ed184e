"""What the matrix must be told of RPCs: the exceptions. All else follows from the descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

from google.protobuf.message import Message

from ringback.v1 import executions_pb2, iam_pb2
from ringback_server.auth.keys import new_private_key, public_pem
from tests.replacing import replace
from tests.rpc_page import rows
from tests.security.answers import Seen
from tests.security.callers import Callers, Refused
from tests.security.scenes import Scene, request
from tests.security.stage import Stage

#: RPCs that no permission guards, and why; what they answer must not tell what there is
NEEDS_NO_PERMISSION: Mapping[str, str] = {
    f"ringback.v1.{service}.TestIamPermissions": "it tells which permissions its caller has"
    for service in ("IAM", "IAMPolicy")
}
#: paths that no permission guards, though the RPC needs one for others, and why
PUBLIC: Mapping[str, str] = {"/v1/roles/{role}": "predefined roles are the same everywhere"}
#: what an RPC answers who may call it on what is there, if that is not OK, and why
RIGHT: Mapping[str, tuple[Seen, str]] = {
    "ringback.v1.ClientSecrets.DeleteClientSecret": (
        Seen(status="NOT_FOUND", reason="CLIENT_SECRET_NOT_FOUND"),
        "the account has no secrets",
    ),
    "ringback.v1.Sessions.ApproveLogin": (
        Seen(status="NOT_FOUND", reason="LOGIN_NOT_FOUND"),
        "nobody logs in",
    ),
    "ringback.v1.Sessions.DeleteSession": (
        Seen(status="NOT_FOUND", reason="SESSION_NOT_FOUND"),
        "nobody has logged in",
    ),
}


def _at_once(message: Message) -> None:
    assert isinstance(message, executions_pb2.WaitExecutionRequest)
    message.timeout.FromSeconds(0)


def _with_new_account(message: Message) -> None:
    assert isinstance(message, iam_pb2.CreateServiceAccountRequest)
    message.account_id = f"a{uuid4().hex[:20]}"


def _with_public_key(message: Message) -> None:
    assert isinstance(message, iam_pb2.UploadServiceAccountKeyRequest)
    message.public_key_data = public_pem(new_private_key("ES256").public_key()).encode()


#: how the request of who may call an RPC is changed, so that it is answered OK
PREPARE: Mapping[str, Callable[[Message], None]] = {
    "ringback.v1.Executions.WaitExecution": _at_once,
    "ringback.v1.IAM.CreateServiceAccount": _with_new_account,
    "ringback.v1.IAM.UploadServiceAccountKey": _with_public_key,
}

_ROWS = {row.name: row for row in rows()}
_OK = Seen(status="OK", reason="")


def permissions_of(rpc: str) -> frozenset[str]:
    """Return the permissions of an RPC's row."""
    assert rpc in _ROWS, f"{rpc}: add a row to docs/rpcs.md with its permission and its command"
    permissions = _ROWS[rpc].permissions
    assert bool(permissions) != (rpc in NEEDS_NO_PERMISSION), (
        f"{rpc}: docs/rpcs.md names no permission; if none is needed, add the reason to "
        "NEEDS_NO_PERMISSION in tests/security/expected.py"
    )
    return permissions


def denied(rpc: str, callers: Callers, scene: Scene, path: str = "") -> Iterator[Refused]:
    """Yield who has a token that counts, but not for an RPC, and what each is answered."""
    for each in callers.denied(permissions_of(rpc), scene):
        if rpc in NEEDS_NO_PERMISSION:
            yield replace(each, status="OK", reason="")
        elif path not in PUBLIC:
            yield each


def right_request(rpc: str, names: Mapping[str, str], stage: Stage) -> Message:
    """Return a request that is answered OK to who may send it."""
    message = request(rpc, names, new_id=f"new{stage.number()}")
    prepare = PREPARE.get(rpc)
    if prepare is not None:
        prepare(message)
    return message


def check_right(rpc: str, seen: Seen) -> None:
    """Fail unless the answer is what the RPC answers who may call it."""
    expected, _ = RIGHT.get(rpc, (_OK, ""))
    assert (expected.status, expected.reason) == (seen.status, seen.reason), (
        f"{rpc} answers {seen} to who may call it: see RIGHT and PREPARE in "
        "tests/security/expected.py, and Scene in tests/security/scenes.py for what is there"
    )
