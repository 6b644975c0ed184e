"""A valid request for every RPC of the contract, and how to send one."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from ringback.v1 import (
    audit_pb2,
    batches_pb2,
    callback_signatures_pb2,
    callbacks_pb2,
    client_secrets_pb2,
    executions_pb2,
    iam_credentials_pb2,
    iam_pb2,
    iam_policy_pb2,
    locations_pb2,
    logs_pb2,
    operations_pb2,
    sessions_pb2,
    signing_keys_pb2,
    step_entries_pb2,
    workflows_pb2,
)

PARENT = "projects/local/locations/us-central1"
WORKFLOW = f"{PARENT}/workflows/w"
EXECUTION = f"{WORKFLOW}/executions/00000000-0000-4000-8000-000000000000"
ACCOUNT = "projects/local/serviceAccounts/nobody@local.iam.gserviceaccount.com"
ACCOUNT_KEY = f"{ACCOUNT}/keys/k"
ROLE = "projects/local/roles/role"
SIGNATURE = f"{WORKFLOW}/callbackSignatures/s"
OPERATION = f"{PARENT}/operations/o"
OAUTH_ACCOUNT = "projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com"
SIGNING_KEY = "signingKeys/none"
SOURCE = "- done:\n    return: 1\n"

FILES = (
    audit_pb2.DESCRIPTOR,
    batches_pb2.DESCRIPTOR,
    callback_signatures_pb2.DESCRIPTOR,
    callbacks_pb2.DESCRIPTOR,
    client_secrets_pb2.DESCRIPTOR,
    executions_pb2.DESCRIPTOR,
    iam_credentials_pb2.DESCRIPTOR,
    iam_pb2.DESCRIPTOR,
    iam_policy_pb2.DESCRIPTOR,
    locations_pb2.DESCRIPTOR,
    logs_pb2.DESCRIPTOR,
    operations_pb2.DESCRIPTOR,
    sessions_pb2.DESCRIPTOR,
    signing_keys_pb2.DESCRIPTOR,
    step_entries_pb2.DESCRIPTOR,
    workflows_pb2.DESCRIPTOR,
)

#: full name of each RPC -> a request that only a permission or a resource could refuse
REQUESTS: Mapping[str, Message] = {
    "ringback.v1.AuditEntries.ListAuditEntries": audit_pb2.ListAuditEntriesRequest(
        parent="projects/local"
    ),
    "ringback.v1.Batches.BatchCreateExecutions": batches_pb2.BatchCreateExecutionsRequest(
        parent=PARENT, requests=[executions_pb2.CreateExecutionRequest(parent=WORKFLOW)]
    ),
    "ringback.v1.Batches.BatchSendCallbacks": batches_pb2.BatchSendCallbacksRequest(
        parent=PARENT,
        requests=[callbacks_pb2.SendCallbackRequest(name=f"{EXECUTION}/callbacks/c")],
    ),
    "ringback.v1.Callbacks.SendCallback": callbacks_pb2.SendCallbackRequest(
        name=f"{EXECUTION}/callbacks/c"
    ),
    "ringback.v1.Callbacks.ListCallbacks": callbacks_pb2.ListCallbacksRequest(parent=EXECUTION),
    "ringback.v1.ClientSecrets.CreateClientSecret": client_secrets_pb2.CreateClientSecretRequest(
        parent=OAUTH_ACCOUNT
    ),
    "ringback.v1.ClientSecrets.ListClientSecrets": client_secrets_pb2.ListClientSecretsRequest(
        parent=OAUTH_ACCOUNT
    ),
    "ringback.v1.ClientSecrets.DeleteClientSecret": client_secrets_pb2.DeleteClientSecretRequest(
        name=f"{OAUTH_ACCOUNT}/secrets/s"
    ),
    "ringback.v1.Sessions.ApproveLogin": sessions_pb2.ApproveLoginRequest(
        name=OAUTH_ACCOUNT, user_code="BCDF-GHJK"
    ),
    "ringback.v1.Sessions.ListSessions": sessions_pb2.ListSessionsRequest(parent=OAUTH_ACCOUNT),
    "ringback.v1.Sessions.DeleteSession": sessions_pb2.DeleteSessionRequest(
        name=f"{OAUTH_ACCOUNT}/sessions/s"
    ),
    "ringback.v1.Sessions.RevokeToken": sessions_pb2.RevokeTokenRequest(
        name=OAUTH_ACCOUNT, token=SOURCE
    ),
    "ringback.v1.CallbackSignatures.CreateCallbackSignature": (
        callback_signatures_pb2.CreateCallbackSignatureRequest(
            parent=WORKFLOW,
            callback_signature_id="s",
            callback_signature=callback_signatures_pb2.CallbackSignature(
                scheme=callback_signatures_pb2.CallbackSignature.GITHUB,
                secrets=[callback_signatures_pb2.CallbackSecret(value="x" * 32)],
            ),
        )
    ),
    "ringback.v1.CallbackSignatures.GetCallbackSignature": (
        callback_signatures_pb2.GetCallbackSignatureRequest(name=SIGNATURE)
    ),
    "ringback.v1.CallbackSignatures.ListCallbackSignatures": (
        callback_signatures_pb2.ListCallbackSignaturesRequest(parent=WORKFLOW)
    ),
    "ringback.v1.CallbackSignatures.UpdateCallbackSignature": (
        callback_signatures_pb2.UpdateCallbackSignatureRequest(
            callback_signature=callback_signatures_pb2.CallbackSignature(
                name=SIGNATURE, disabled=True
            )
        )
    ),
    "ringback.v1.CallbackSignatures.DeleteCallbackSignature": (
        callback_signatures_pb2.DeleteCallbackSignatureRequest(name=SIGNATURE)
    ),
    "ringback.v1.Locations.ListLocations": locations_pb2.ListLocationsRequest(
        name="projects/local"
    ),
    "ringback.v1.Locations.GetLocation": locations_pb2.GetLocationRequest(name=PARENT),
    "ringback.v1.Executions.ListExecutions": executions_pb2.ListExecutionsRequest(parent=WORKFLOW),
    "ringback.v1.Executions.CreateExecution": executions_pb2.CreateExecutionRequest(
        parent=WORKFLOW, execution=executions_pb2.Execution()
    ),
    "ringback.v1.Executions.GetExecution": executions_pb2.GetExecutionRequest(name=EXECUTION),
    "ringback.v1.Executions.CancelExecution": executions_pb2.CancelExecutionRequest(name=EXECUTION),
    "ringback.v1.Executions.WaitExecution": executions_pb2.WaitExecutionRequest(name=EXECUTION),
    "ringback.v1.Executions.WatchExecution": executions_pb2.WatchExecutionRequest(name=EXECUTION),
    "ringback.v1.ExecutionHistory.ExportData": step_entries_pb2.ExportDataRequest(name=EXECUTION),
    "ringback.v1.ExecutionHistory.DeleteExecutionHistory": (
        step_entries_pb2.DeleteExecutionHistoryRequest(name=EXECUTION)
    ),
    "ringback.v1.Executions.TriggerPubsubExecution": executions_pb2.TriggerPubsubExecutionRequest(
        workflow=WORKFLOW,
        subscription="projects/local/subscriptions/s",
        message=executions_pb2.PubsubMessage(message_id="1", data=b"x"),
    ),
    "ringback.v1.IAM.ListServiceAccounts": iam_pb2.ListServiceAccountsRequest(
        name="projects/local"
    ),
    "ringback.v1.IAM.GetServiceAccount": iam_pb2.GetServiceAccountRequest(name=ACCOUNT),
    "ringback.v1.IAM.CreateServiceAccount": iam_pb2.CreateServiceAccountRequest(
        name="projects/local", account_id="account"
    ),
    "ringback.v1.IAM.PatchServiceAccount": iam_pb2.PatchServiceAccountRequest(
        service_account=iam_pb2.ServiceAccount(name=ACCOUNT),
        update_mask=FieldMask(paths=["description"]),
    ),
    "ringback.v1.IAM.DeleteServiceAccount": iam_pb2.DeleteServiceAccountRequest(name=ACCOUNT),
    "ringback.v1.IAM.EnableServiceAccount": iam_pb2.EnableServiceAccountRequest(name=ACCOUNT),
    "ringback.v1.IAM.DisableServiceAccount": iam_pb2.DisableServiceAccountRequest(name=ACCOUNT),
    "ringback.v1.IAM.ListServiceAccountKeys": iam_pb2.ListServiceAccountKeysRequest(name=ACCOUNT),
    "ringback.v1.IAM.GetServiceAccountKey": iam_pb2.GetServiceAccountKeyRequest(name=ACCOUNT_KEY),
    "ringback.v1.IAM.CreateServiceAccountKey": iam_pb2.CreateServiceAccountKeyRequest(
        name=ACCOUNT, key_algorithm=iam_pb2.KEY_ALG_EC_P256
    ),
    "ringback.v1.IAM.UploadServiceAccountKey": iam_pb2.UploadServiceAccountKeyRequest(
        name=ACCOUNT, public_key_data=b"PEM"
    ),
    "ringback.v1.IAM.DeleteServiceAccountKey": iam_pb2.DeleteServiceAccountKeyRequest(
        name=ACCOUNT_KEY
    ),
    "ringback.v1.IAM.DisableServiceAccountKey": iam_pb2.DisableServiceAccountKeyRequest(
        name=ACCOUNT_KEY
    ),
    "ringback.v1.IAM.EnableServiceAccountKey": iam_pb2.EnableServiceAccountKeyRequest(
        name=ACCOUNT_KEY
    ),
    "ringback.v1.IAM.ListRoles": iam_pb2.ListRolesRequest(parent="projects/local"),
    "ringback.v1.IAM.GetRole": iam_pb2.GetRoleRequest(name=ROLE),
    "ringback.v1.IAM.CreateRole": iam_pb2.CreateRoleRequest(
        parent="projects/local", role_id="role"
    ),
    "ringback.v1.IAM.UpdateRole": iam_pb2.UpdateRoleRequest(name=ROLE),
    "ringback.v1.IAM.DeleteRole": iam_pb2.DeleteRoleRequest(name=ROLE),
    "ringback.v1.IAM.GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest(resource=ACCOUNT),
    "ringback.v1.IAM.SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest(
        resource=ACCOUNT, policy=iam_policy_pb2.Policy()
    ),
    "ringback.v1.IAM.TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest(
        resource=ACCOUNT, permissions=["iam.serviceAccounts.get"]
    ),
    "ringback.v1.IAMPolicy.GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest(resource=WORKFLOW),
    "ringback.v1.IAMPolicy.SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest(
        resource=WORKFLOW, policy=iam_policy_pb2.Policy()
    ),
    "ringback.v1.IAMPolicy.TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest(
        resource=WORKFLOW, permissions=["iam.serviceAccounts.get"]
    ),
    "ringback.v1.IAMCredentials.GenerateAccessToken": (
        iam_credentials_pb2.GenerateAccessTokenRequest(
            name="projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com",
            scope=["https://www.googleapis.com/auth/cloud-platform"],
        )
    ),
    "ringback.v1.IAMCredentials.GenerateIdToken": iam_credentials_pb2.GenerateIdTokenRequest(
        name="projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com", audience="a"
    ),
    "ringback.v1.IAMCredentials.SignBlob": iam_credentials_pb2.SignBlobRequest(
        name="projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com", payload=b"x"
    ),
    "ringback.v1.IAMCredentials.SignJwt": iam_credentials_pb2.SignJwtRequest(
        name="projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com", payload="{}"
    ),
    "ringback.v1.SigningKeys.ListSigningKeys": signing_keys_pb2.ListSigningKeysRequest(),
    "ringback.v1.SigningKeys.RotateSigningKey": signing_keys_pb2.RotateSigningKeyRequest(),
    "ringback.v1.SigningKeys.RevokeSigningKey": signing_keys_pb2.RevokeSigningKeyRequest(
        name=SIGNING_KEY
    ),
    "ringback.v1.Logs.ListLogEntries": logs_pb2.ListLogEntriesRequest(parent=PARENT),
    "ringback.v1.Operations.ListOperations": operations_pb2.ListOperationsRequest(name=PARENT),
    "ringback.v1.Operations.GetOperation": operations_pb2.GetOperationRequest(name=OPERATION),
    "ringback.v1.Operations.DeleteOperation": operations_pb2.DeleteOperationRequest(name=OPERATION),
    "ringback.v1.Operations.WaitOperation": operations_pb2.WaitOperationRequest(name=OPERATION),
    "ringback.v1.StepEntries.ListStepEntries": step_entries_pb2.ListStepEntriesRequest(
        parent=EXECUTION
    ),
    "ringback.v1.StepEntries.GetStepEntry": step_entries_pb2.GetStepEntryRequest(
        name=f"{EXECUTION}/stepEntries/1"
    ),
    "ringback.v1.Workflows.ListWorkflows": workflows_pb2.ListWorkflowsRequest(parent=PARENT),
    "ringback.v1.Workflows.GetWorkflow": workflows_pb2.GetWorkflowRequest(name=WORKFLOW),
    "ringback.v1.Workflows.CreateWorkflow": workflows_pb2.CreateWorkflowRequest(
        parent=PARENT,
        workflow_id="w",
        workflow=workflows_pb2.Workflow(source_contents=SOURCE),
    ),
    "ringback.v1.Workflows.DeleteWorkflow": workflows_pb2.DeleteWorkflowRequest(name=WORKFLOW),
    "ringback.v1.Workflows.UpdateWorkflow": workflows_pb2.UpdateWorkflowRequest(
        workflow=workflows_pb2.Workflow(name=WORKFLOW, description="x")
    ),
    "ringback.v1.Workflows.DeployWorkflow": workflows_pb2.DeployWorkflowRequest(
        parent=PARENT, workflow_id="w", workflow=workflows_pb2.Workflow(source_contents=SOURCE)
    ),
    "ringback.v1.Workflows.ListWorkflowRevisions": workflows_pb2.ListWorkflowRevisionsRequest(
        name=WORKFLOW
    ),
}


def rpcs() -> list[str]:
    """Return the full name of every RPC in the descriptors."""
    return sorted(
        method.full_name
        for file in FILES
        for service in file.services_by_name.values()
        for method in service.methods
    )


def call(
    channel: grpc.Channel,
    name: str,
    request: Message,
    *,
    metadata: tuple[tuple[str, str], ...] = (),
    timeout: float = 10.0,
) -> Message:
    """Call an RPC by its full name in our package, or by another one it goes by.

    Of one with many answers, return the first.
    """
    service, _, method = name.rpartition(".")
    if method in _STREAMS:
        messages = channel.unary_stream(
            f"/{service}/{method}",
            request_serializer=_serialize,
            response_deserializer=_RESPONSES[method].FromString,
        )(request, metadata=metadata, timeout=timeout)
        try:
            return next(messages)
        finally:
            messages.cancel()
    return _stub(channel, service, method)(request, metadata=metadata, timeout=timeout)


def begin(
    channel: grpc.Channel,
    name: str,
    request: Message,
    metadata: tuple[tuple[str, str], ...],
    timeout: float | None = None,
) -> grpc.Future[Message]:
    """Call an RPC and do not wait for its answer."""
    service, _, method = name.rpartition(".")
    return _stub(channel, service, method).future(request, metadata=metadata, timeout=timeout)


def code_of(
    channel: grpc.Channel, name: str, request: Message, metadata: tuple[tuple[str, str], ...]
) -> grpc.StatusCode:
    """Return the status with which an RPC is answered."""
    try:
        call(channel, name, request, metadata=metadata)
    except grpc.RpcError as error:
        return status_of(error)
    return grpc.StatusCode.OK


def status_of(error: grpc.RpcError) -> grpc.StatusCode:
    """Return the status of a failed call."""
    assert isinstance(error, grpc.Call)
    return error.code()


def info_of(error: grpc.RpcError) -> ErrorInfo:
    """Return the first detail of a failed call, which says why for programs."""
    assert isinstance(error, grpc.Call)
    packed = next(
        item.value for item in error.trailing_metadata() if item.key == "grpc-status-details-bin"
    )
    assert isinstance(packed, bytes)
    info = ErrorInfo()
    assert Status.FromString(packed).details[0].Unpack(info)
    return info


def _stub(
    channel: grpc.Channel, service: str, method: str
) -> grpc.UnaryUnaryMultiCallable[Message, Message]:
    return channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=_serialize,
        response_deserializer=_RESPONSES.get(method, Empty).FromString,
    )


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


_STREAMS = {
    method.name
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
    if method.server_streaming
}

_RESPONSES: Mapping[str, type[Message]] = {
    method.name: GetMessageClass(method.output_type)
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}
