"""The table of calls, beside the protos."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass

from ringback_client import iam_rpcs, rpcs

AnyRpc: TypeAlias = rpcs.Rpc[Any, Any]
TABLE: list[AnyRpc] = [
    value
    for module in (rpcs, iam_rpcs)
    for value in vars(module).values()
    if isinstance(value, rpcs.Rpc)
]


@pytest.mark.parametrize("rpc", TABLE, ids=lambda rpc: rpc.name)
def test_rpc_beside_its_proto(rpc: AnyRpc) -> None:
    """Each call has the messages that the protos give it."""
    service, _, name = rpc.name.partition("/")
    found = descriptor_pool.Default().FindServiceByName(f"ringback.v1.{service}")
    method = found.methods_by_name[name]

    assert f"/ringback.v1.{rpc.name}" == rpc.path
    assert GetMessageClass(method.input_type) is rpc.request
    assert GetMessageClass(method.output_type) is rpc.response


def test_calls_that_are_not_repeated() -> None:
    """No more calls than these are kept from being repeated: a new one is thought about."""
    assert {
        "CallbackSignatures/CreateCallbackSignature",
        "CallbackSignatures/DeleteCallbackSignature",
        "CallbackSignatures/UpdateCallbackSignature",
        "ClientSecrets/CreateClientSecret",
        "ClientSecrets/DeleteClientSecret",
        "Sessions/ApproveLogin",
        "Sessions/DeleteSession",
        "Workflows/CreateWorkflow",
        "Workflows/DeleteWorkflow",
        "Executions/CancelExecution",
        "IAM/CreateRole",
        "IAM/CreateServiceAccount",
        "IAM/CreateServiceAccountKey",
        "IAM/DeleteRole",
        "IAM/DeleteServiceAccount",
        "IAM/DeleteServiceAccountKey",
        "IAM/SetIamPolicy",
        "IAM/UpdateRole",
        "IAM/UploadServiceAccountKey",
        "IAMPolicy/SetIamPolicy",
        "SigningKeys/RevokeSigningKey",
        "SigningKeys/RotateSigningKey",
    } == {rpc.name for rpc in TABLE if not rpc.repeatable}
