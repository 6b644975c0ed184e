"""Resources to be denied: one of each kind that exists, and the same requests about none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from ringback_server.control import callback_signatures, callbacks, executions, workflows
from ringback_server.control.callback_signatures import GivenSecret, SignatureSpec
from ringback_server.control.caller import Caller
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.listing import ListRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.model.names import CallbackName, ExecutionName, RoleName, ServiceAccountName
from ringback_server.model.roles import Role
from ringback_server.model.signatures import Scheme
from ringback_server.model.signing_key_names import SigningKeyName
from tests.rpc.calls import ACCOUNT as CALLED_ACCOUNT
from tests.rpc.calls import (
    ACCOUNT_KEY,
    EXECUTION,
    OPERATION,
    PARENT,
    REQUESTS,
    ROLE,
    SIGNING_KEY,
    WORKFLOW,
)
from tests.security.stage import Stage
from tests.services import ADMIN
from tests.services import PARENT as LOCATION
from tests.waiting import until

CALLBACK = f"{EXECUTION}/callbacks/c"
#: an account that first starts make, and one that nothing makes
ACCOUNT = "viewer@local.iam.gserviceaccount.com"
NO_ACCOUNT = "nowhere@local.iam.gserviceaccount.com"
#: a role that everybody may look at
PREDEFINED = "roles/owner"
NO_UUID = "11111111-2222-4333-8444-555555555555"

# Two endpoints, so that there is another one beside that which is waited for.
_SOURCE = """
- first:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: endpoint
- second:
    call: events.create_callback_endpoint
    args: {http_callback_method: POST}
    result: other
- wait:
    call: events.await_callback
    args: {callback: "${endpoint}", timeout: 3600}
"""
#: the fields in which requests name what they make
_NEW_IDS = ("workflow_id", "role_id", "callback_signature_id")
_ENDPOINTS = 2
#: what signs callbacks of each scene
SIGNED_WITH = "a secret of this workflow alone"
_SIGNATURE = SignatureSpec(scheme=Scheme.GITHUB, secrets=[GivenSecret(value=SIGNED_WITH)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A workflow with an execution that waits for a callback, and has another endpoint."""

    workflow: str
    execution: str
    callback: str
    other_callback: str
    operation: str
    signing_key: str
    account: str
    key: str
    role: str

    @classmethod
    def of(cls, stage: Stage, workflow_id: str = "") -> Scene:
        """Make one that nobody else uses; the ids of workflows begin with `wx`."""
        caller = stage.admission.admit(f"Bearer {stage.issuer.access_token(ADMIN).token}")
        workflow, operation = workflows.create(
            caller,
            LOCATION,
            workflow_id or f"wx{stage.number()}",
            WorkflowSpec(source=_SOURCE),
        )
        callback_signatures.create(caller, workflow.name, "s", _SIGNATURE)
        execution = executions.create(caller, workflow.name, ExecutionSpec()).name
        first, second = until(lambda: _endpoints(caller, execution))
        # One that signed nothing, so that whoever revokes it ends nobody's token.
        signing_key = caller.backend.keys.rotate("", overlap=None)
        caller.backend.keys.rotate("", overlap=None)
        email = stage.account()
        (key,) = stage.store.credentials.account_keys(email)
        account = ServiceAccountName.of(email)
        role = RoleName(account.project, f"role{stage.number()}")
        stage.store.credentials.add_custom_role(Role(name=str(role), permissions=frozenset()))
        return cls(
            workflow=str(workflow.name),
            execution=str(execution),
            callback=first,
            other_callback=second,
            operation=str(operation.name),
            signing_key=str(SigningKeyName(signing_key.kid)),
            account=str(account),
            key=f"{account}/keys/{key.kid}",
            role=str(role),
        )

    @property
    def names(self) -> Mapping[str, str]:
        """What tests/rpc/calls.py names -> what is there."""
        return {
            CALLBACK: self.callback,
            EXECUTION: self.execution,
            OPERATION: self.operation,
            SIGNING_KEY: self.signing_key,
            WORKFLOW: self.workflow,
            CALLED_ACCOUNT: self.account,
            ACCOUNT_KEY: self.key,
            ROLE: self.role,
            PREDEFINED: PREDEFINED,
        }

    @staticmethod
    def nothing() -> Mapping[str, str]:
        """Return what tests/rpc/calls.py names -> names of what is not there."""
        workflow = f"{PARENT}/workflows/nowhere"
        execution = f"{workflow}/executions/{NO_UUID}"
        return {
            CALLBACK: f"{execution}/callbacks/{NO_UUID}_{NO_UUID}",
            EXECUTION: execution,
            OPERATION: f"{PARENT}/operations/nowhere",
            WORKFLOW: workflow,
            ACCOUNT: NO_ACCOUNT,
            CALLED_ACCOUNT: f"projects/local/serviceAccounts/no-{NO_ACCOUNT}",
            ACCOUNT_KEY: f"projects/local/serviceAccounts/no-{NO_ACCOUNT}/keys/nowhere",
            ROLE: "projects/local/roles/nowhere",
            PREDEFINED: PREDEFINED,
        }


def request(name: str, names: Mapping[str, str], new_id: str = "") -> Message:
    """Return the request of an RPC about other names; `new_id` is what it is to make, if new."""
    assert name in REQUESTS, f"{name}: add a request to REQUESTS in tests/rpc/calls.py"
    found = REQUESTS[name]
    copied = type(found).FromString(found.SerializeToString())
    _rewrite(copied, renaming(names))
    for field in _NEW_IDS:
        if field in copied.DESCRIPTOR.fields_by_name:
            setattr(copied, field, new_id or names[WORKFLOW].rpartition("/")[2])
    return copied


def renaming(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what replaces whole names in a text, the longest that fits first."""
    if not names:
        return lambda text: text
    longest = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(f"{re.escape(name)}(?![\\w-])" for name in longest))
    return lambda text: pattern.sub(lambda match: names[match[0]], text)


def _endpoints(caller: Caller, execution: ExecutionName) -> list[str]:
    items = callbacks.list_(caller, execution, ListRequest()).items
    return sorted((item.name for item in items), key=_number) if len(items) == _ENDPOINTS else []


def _number(name: str) -> int:
    return CallbackName.parse(name).number or 0


def _rewrite(message: Message, rename: Callable[[str], str]) -> None:
    for field, value in list(message.ListFields()):
        if field.message_type is not None:
            for part in _parts(value):
                _rewrite(part, rename)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [rename(text) for text in value]
            else:
                setattr(message, field.name, rename(value))


def _parts(value: object) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
    elif isinstance(value, Mapping):
        values = cast("Mapping[object, object]", value).values()
        yield from (part for part in values if isinstance(part, Message))
    else:
        yield from cast("Sequence[Message]", value)
