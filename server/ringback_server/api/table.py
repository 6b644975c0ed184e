"""Every service, under both of its names, with the function that answers each of its RPCs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

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
from ringback_server.api import (
    audit,
    batches,
    callback_signatures,
    callbacks,
    client_secrets,
    executions,
    iam,
    iam_credentials,
    iam_policy,
    iam_roles,
    locations,
    logs,
    operations,
    pubsub,
    sessions,
    signing_keys,
    step_entries,
    workflows,
)
from ringback_server.api.admission import audited
from ringback_server.api.google_names import google_name
from ringback_server.api.streams import Stream
from ringback_server.control.caller import Caller

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One RPC: it takes a `request` message and a caller, and returns a message."""

    request: type[Message]
    answer: Callable[[Message, Caller], Message]
    #: whether it may block for long by design
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMethod:
    """One RPC with many answers: `open` is also given what it calls when there may be news."""

    request: type[Message]
    open: Callable[[Message, Caller, Callable[[], None]], Stream]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service; its descriptor says what the methods are and how HTTP reaches them."""

    descriptor: ServiceDescriptor
    methods: Mapping[str, Method | StreamMethod]

    @property
    def names(self) -> tuple[str, ...]:
        """The full names it goes by: ours, and Google's if it has one."""
        googles = google_name(self.descriptor.full_name, self.descriptor.file.name)
        return (self.descriptor.full_name, *([googles] if googles else []))

    def method_descriptor(self, name: str) -> MethodDescriptor:
        """Return the descriptor of one of the methods."""
        return self.descriptor.methods_by_name[name]


def _method(
    request: type[Request], function: Callable[[Request, Caller], Message], *, waits: bool = False
) -> Method:
    def answer(message: Message, caller: Caller) -> Message:
        if not isinstance(message, request):
            raise TypeError(type(message).__name__)
        return audited(caller, lambda: function(message, caller))

    return Method(request=request, answer=answer, waits=waits)


def _stream(
    request: type[Request], function: Callable[[Request, Caller, Callable[[], None]], Stream]
) -> StreamMethod:
    def begin(message: Message, caller: Caller, told: Callable[[], None]) -> Stream:
        if not isinstance(message, request):
            raise TypeError(type(message).__name__)
        return audited(caller, lambda: function(message, caller, told))

    return StreamMethod(request=request, open=begin)


def _service(file: FileDescriptor, name: str, **methods: Method | StreamMethod) -> Service:
    return Service(descriptor=file.services_by_name[name], methods=MappingProxyType(methods))


SERVICES: tuple[Service, ...] = (
    _service(
        workflows_pb2.DESCRIPTOR,
        "Workflows",
        ListWorkflows=_method(workflows_pb2.ListWorkflowsRequest, workflows.list_workflows),
        GetWorkflow=_method(workflows_pb2.GetWorkflowRequest, workflows.get_workflow),
        CreateWorkflow=_method(workflows_pb2.CreateWorkflowRequest, workflows.create_workflow),
        DeleteWorkflow=_method(workflows_pb2.DeleteWorkflowRequest, workflows.delete_workflow),
        UpdateWorkflow=_method(workflows_pb2.UpdateWorkflowRequest, workflows.update_workflow),
        DeployWorkflow=_method(workflows_pb2.DeployWorkflowRequest, workflows.deploy_workflow),
        ListWorkflowRevisions=_method(
            workflows_pb2.ListWorkflowRevisionsRequest, workflows.list_workflow_revisions
        ),
    ),
    _service(
        locations_pb2.DESCRIPTOR,
        "Locations",
        ListLocations=_method(locations_pb2.ListLocationsRequest, locations.list_locations),
        GetLocation=_method(locations_pb2.GetLocationRequest, locations.get_location),
    ),
    _service(
        operations_pb2.DESCRIPTOR,
        "Operations",
        ListOperations=_method(operations_pb2.ListOperationsRequest, operations.list_operations),
        GetOperation=_method(operations_pb2.GetOperationRequest, operations.get_operation),
        DeleteOperation=_method(operations_pb2.DeleteOperationRequest, operations.delete_operation),
        WaitOperation=_method(
            operations_pb2.WaitOperationRequest, operations.wait_operation, waits=True
        ),
    ),
    _service(
        executions_pb2.DESCRIPTOR,
        "Executions",
        ListExecutions=_method(executions_pb2.ListExecutionsRequest, executions.list_executions),
        CreateExecution=_method(executions_pb2.CreateExecutionRequest, executions.create_execution),
        TriggerPubsubExecution=_method(
            executions_pb2.TriggerPubsubExecutionRequest, pubsub.trigger_pubsub_execution
        ),
        GetExecution=_method(executions_pb2.GetExecutionRequest, executions.get_execution),
        CancelExecution=_method(executions_pb2.CancelExecutionRequest, executions.cancel_execution),
        WaitExecution=_method(
            executions_pb2.WaitExecutionRequest, executions.wait_execution, waits=True
        ),
        WatchExecution=_stream(executions_pb2.WatchExecutionRequest, executions.watch_execution),
    ),
    _service(
        callbacks_pb2.DESCRIPTOR,
        "Callbacks",
        SendCallback=_method(callbacks_pb2.SendCallbackRequest, callbacks.send_callback),
        ListCallbacks=_method(callbacks_pb2.ListCallbacksRequest, callbacks.list_callbacks),
    ),
    _service(
        callback_signatures_pb2.DESCRIPTOR,
        "CallbackSignatures",
        CreateCallbackSignature=_method(
            callback_signatures_pb2.CreateCallbackSignatureRequest,
            callback_signatures.create_callback_signature,
        ),
        GetCallbackSignature=_method(
            callback_signatures_pb2.GetCallbackSignatureRequest,
            callback_signatures.get_callback_signature,
        ),
        ListCallbackSignatures=_method(
            callback_signatures_pb2.ListCallbackSignaturesRequest,
            callback_signatures.list_callback_signatures,
        ),
        UpdateCallbackSignature=_method(
            callback_signatures_pb2.UpdateCallbackSignatureRequest,
            callback_signatures.update_callback_signature,
        ),
        DeleteCallbackSignature=_method(
            callback_signatures_pb2.DeleteCallbackSignatureRequest,
            callback_signatures.delete_callback_signature,
        ),
    ),
    _service(
        batches_pb2.DESCRIPTOR,
        "Batches",
        BatchCreateExecutions=_method(
            batches_pb2.BatchCreateExecutionsRequest, batches.batch_create_executions
        ),
        BatchSendCallbacks=_method(
            batches_pb2.BatchSendCallbacksRequest, batches.batch_send_callbacks
        ),
    ),
    _service(
        step_entries_pb2.DESCRIPTOR,
        "StepEntries",
        ListStepEntries=_method(
            step_entries_pb2.ListStepEntriesRequest, step_entries.list_step_entries
        ),
        GetStepEntry=_method(step_entries_pb2.GetStepEntryRequest, step_entries.get_step_entry),
    ),
    _service(
        step_entries_pb2.DESCRIPTOR,
        "ExecutionHistory",
        ExportData=_method(step_entries_pb2.ExportDataRequest, step_entries.export_data),
        DeleteExecutionHistory=_method(
            step_entries_pb2.DeleteExecutionHistoryRequest, step_entries.delete_execution_history
        ),
    ),
    _service(
        logs_pb2.DESCRIPTOR,
        "Logs",
        ListLogEntries=_method(logs_pb2.ListLogEntriesRequest, logs.list_log_entries),
    ),
    _service(
        audit_pb2.DESCRIPTOR,
        "AuditEntries",
        ListAuditEntries=_method(audit_pb2.ListAuditEntriesRequest, audit.list_audit_entries),
    ),
    _service(
        iam_credentials_pb2.DESCRIPTOR,
        "IAMCredentials",
        GenerateAccessToken=_method(
            iam_credentials_pb2.GenerateAccessTokenRequest, iam_credentials.generate_access_token
        ),
        GenerateIdToken=_method(
            iam_credentials_pb2.GenerateIdTokenRequest, iam_credentials.generate_id_token
        ),
        SignBlob=_method(iam_credentials_pb2.SignBlobRequest, iam_credentials.sign_blob),
        SignJwt=_method(iam_credentials_pb2.SignJwtRequest, iam_credentials.sign_jwt),
    ),
    _service(
        signing_keys_pb2.DESCRIPTOR,
        "SigningKeys",
        ListSigningKeys=_method(
            signing_keys_pb2.ListSigningKeysRequest, signing_keys.list_signing_keys
        ),
        RotateSigningKey=_method(
            signing_keys_pb2.RotateSigningKeyRequest, signing_keys.rotate_signing_key
        ),
        RevokeSigningKey=_method(
            signing_keys_pb2.RevokeSigningKeyRequest, signing_keys.revoke_signing_key
        ),
    ),
    _service(
        client_secrets_pb2.DESCRIPTOR,
        "ClientSecrets",
        CreateClientSecret=_method(
            client_secrets_pb2.CreateClientSecretRequest, client_secrets.create_client_secret
        ),
        ListClientSecrets=_method(
            client_secrets_pb2.ListClientSecretsRequest, client_secrets.list_client_secrets
        ),
        DeleteClientSecret=_method(
            client_secrets_pb2.DeleteClientSecretRequest, client_secrets.delete_client_secret
        ),
    ),
    _service(
        sessions_pb2.DESCRIPTOR,
        "Sessions",
        ApproveLogin=_method(sessions_pb2.ApproveLoginRequest, sessions.approve_login),
        ListSessions=_method(sessions_pb2.ListSessionsRequest, sessions.list_sessions),
        DeleteSession=_method(sessions_pb2.DeleteSessionRequest, sessions.delete_session),
        RevokeToken=_method(sessions_pb2.RevokeTokenRequest, sessions.revoke_token),
    ),
    _service(
        iam_pb2.DESCRIPTOR,
        "IAM",
        ListServiceAccounts=_method(iam_pb2.ListServiceAccountsRequest, iam.list_service_accounts),
        GetServiceAccount=_method(iam_pb2.GetServiceAccountRequest, iam.get_service_account),
        CreateServiceAccount=_method(
            iam_pb2.CreateServiceAccountRequest, iam.create_service_account
        ),
        PatchServiceAccount=_method(iam_pb2.PatchServiceAccountRequest, iam.patch_service_account),
        DeleteServiceAccount=_method(
            iam_pb2.DeleteServiceAccountRequest, iam.delete_service_account
        ),
        EnableServiceAccount=_method(
            iam_pb2.EnableServiceAccountRequest, iam.enable_service_account
        ),
        DisableServiceAccount=_method(
            iam_pb2.DisableServiceAccountRequest, iam.disable_service_account
        ),
        ListServiceAccountKeys=_method(
            iam_pb2.ListServiceAccountKeysRequest, iam.list_service_account_keys
        ),
        GetServiceAccountKey=_method(
            iam_pb2.GetServiceAccountKeyRequest, iam.get_service_account_key
        ),
        CreateServiceAccountKey=_method(
            iam_pb2.CreateServiceAccountKeyRequest, iam.create_service_account_key
        ),
        UploadServiceAccountKey=_method(
            iam_pb2.UploadServiceAccountKeyRequest, iam.upload_service_account_key
        ),
        DeleteServiceAccountKey=_method(
            iam_pb2.DeleteServiceAccountKeyRequest, iam.delete_service_account_key
        ),
        DisableServiceAccountKey=_method(
            iam_pb2.DisableServiceAccountKeyRequest, iam.disable_service_account_key
        ),
        EnableServiceAccountKey=_method(
            iam_pb2.EnableServiceAccountKeyRequest, iam.enable_service_account_key
        ),
        GetIamPolicy=_method(iam_policy_pb2.GetIamPolicyRequest, iam_policy.get_iam_policy),
        SetIamPolicy=_method(iam_policy_pb2.SetIamPolicyRequest, iam_policy.set_iam_policy),
        TestIamPermissions=_method(
            iam_policy_pb2.TestIamPermissionsRequest, iam_policy.test_iam_permissions
        ),
        ListRoles=_method(iam_pb2.ListRolesRequest, iam_roles.list_roles),
        GetRole=_method(iam_pb2.GetRoleRequest, iam_roles.get_role),
        CreateRole=_method(iam_pb2.CreateRoleRequest, iam_roles.create_role),
        UpdateRole=_method(iam_pb2.UpdateRoleRequest, iam_roles.update_role),
        DeleteRole=_method(iam_pb2.DeleteRoleRequest, iam_roles.delete_role),
    ),
    _service(
        iam_policy_pb2.DESCRIPTOR,
        "IAMPolicy",
        SetIamPolicy=_method(iam_policy_pb2.SetIamPolicyRequest, iam_policy.set_iam_policy),
        GetIamPolicy=_method(iam_policy_pb2.GetIamPolicyRequest, iam_policy.get_iam_policy),
        TestIamPermissions=_method(
            iam_policy_pb2.TestIamPermissionsRequest, iam_policy.test_iam_permissions
        ),
    ),
)
