"""The calls that the client makes: their paths, their messages, and whether they may be repeated.

A call may be repeated when doing it twice is doing it once: it reads, it sets what it is told, or
it has an id by which the server knows it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from ringback.v1 import (
    audit_pb2,
    batches_pb2,
    callback_signatures_pb2,
    callbacks_pb2,
    client_secrets_pb2,
    executions_pb2,
    iam_credentials_pb2,
    logs_pb2,
    operations_pb2,
    sessions_pb2,
    signing_keys_pb2,
    step_entries_pb2,
    workflows_pb2,
)

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Rpc(Generic[Request, Response]):
    """One method of one service."""

    #: service and method, such as `Executions/GetExecution`
    name: str
    request: type[Request]
    response: type[Response]
    #: whether it may be sent again when nobody knows whether it arrived
    repeatable: bool = True

    @property
    def path(self) -> str:
        """The path that the call is sent to."""
        return f"/ringback.v1.{self.name}"


LIST_WORKFLOWS = Rpc(
    "Workflows/ListWorkflows",
    workflows_pb2.ListWorkflowsRequest,
    workflows_pb2.ListWorkflowsResponse,
)
LIST_REVISIONS = Rpc(
    "Workflows/ListWorkflowRevisions",
    workflows_pb2.ListWorkflowRevisionsRequest,
    workflows_pb2.ListWorkflowRevisionsResponse,
)
GET_WORKFLOW = Rpc(
    "Workflows/GetWorkflow", workflows_pb2.GetWorkflowRequest, workflows_pb2.Workflow
)
CREATE_WORKFLOW = Rpc(
    "Workflows/CreateWorkflow",
    workflows_pb2.CreateWorkflowRequest,
    operations_pb2.Operation,
    repeatable=False,  # the second would find that the workflow exists
)
UPDATE_WORKFLOW = Rpc(
    "Workflows/UpdateWorkflow", workflows_pb2.UpdateWorkflowRequest, operations_pb2.Operation
)
DELETE_WORKFLOW = Rpc(
    "Workflows/DeleteWorkflow",
    workflows_pb2.DeleteWorkflowRequest,
    operations_pb2.Operation,
    repeatable=False,  # the second would find nothing, or what was made since
)
WAIT_OPERATION = Rpc(
    "Operations/WaitOperation", operations_pb2.WaitOperationRequest, operations_pb2.Operation
)
CREATE_EXECUTION = Rpc(
    "Executions/CreateExecution",
    executions_pb2.CreateExecutionRequest,
    executions_pb2.Execution,
)
GET_EXECUTION = Rpc(
    "Executions/GetExecution", executions_pb2.GetExecutionRequest, executions_pb2.Execution
)
LIST_EXECUTIONS = Rpc(
    "Executions/ListExecutions",
    executions_pb2.ListExecutionsRequest,
    executions_pb2.ListExecutionsResponse,
)
WAIT_EXECUTION = Rpc(
    "Executions/WaitExecution", executions_pb2.WaitExecutionRequest, executions_pb2.Execution
)
WATCH_EXECUTION = Rpc(
    "Executions/WatchExecution",
    executions_pb2.WatchExecutionRequest,
    executions_pb2.WatchExecutionResponse,
)
CANCEL_EXECUTION = Rpc(
    "Executions/CancelExecution",
    executions_pb2.CancelExecutionRequest,
    executions_pb2.Execution,
    repeatable=False,  # the second would find that the execution has ended
)
SEND_CALLBACK = Rpc(
    "Callbacks/SendCallback",
    callbacks_pb2.SendCallbackRequest,
    callbacks_pb2.SendCallbackResponse,
)
LIST_CALLBACKS = Rpc(
    "Callbacks/ListCallbacks",
    callbacks_pb2.ListCallbacksRequest,
    callbacks_pb2.ListCallbacksResponse,
)
CREATE_CALLBACK_SIGNATURE = Rpc(
    "CallbackSignatures/CreateCallbackSignature",
    callback_signatures_pb2.CreateCallbackSignatureRequest,
    callback_signatures_pb2.CallbackSignature,
    repeatable=False,  # the second would find that it exists
)
GET_CALLBACK_SIGNATURE = Rpc(
    "CallbackSignatures/GetCallbackSignature",
    callback_signatures_pb2.GetCallbackSignatureRequest,
    callback_signatures_pb2.CallbackSignature,
)
LIST_CALLBACK_SIGNATURES = Rpc(
    "CallbackSignatures/ListCallbackSignatures",
    callback_signatures_pb2.ListCallbackSignaturesRequest,
    callback_signatures_pb2.ListCallbackSignaturesResponse,
)
UPDATE_CALLBACK_SIGNATURE = Rpc(
    "CallbackSignatures/UpdateCallbackSignature",
    callback_signatures_pb2.UpdateCallbackSignatureRequest,
    callback_signatures_pb2.CallbackSignature,
    repeatable=False,  # the second may find that a secret it names is gone
)
DELETE_CALLBACK_SIGNATURE = Rpc(
    "CallbackSignatures/DeleteCallbackSignature",
    callback_signatures_pb2.DeleteCallbackSignatureRequest,
    Empty,
    repeatable=False,  # the second would find nothing
)
CREATE_EXECUTIONS = Rpc(
    "Batches/BatchCreateExecutions",
    batches_pb2.BatchCreateExecutionsRequest,
    batches_pb2.BatchCreateExecutionsResponse,
)
SEND_CALLBACKS = Rpc(
    "Batches/BatchSendCallbacks",
    batches_pb2.BatchSendCallbacksRequest,
    batches_pb2.BatchSendCallbacksResponse,
)
LIST_LOG_ENTRIES = Rpc(
    "Logs/ListLogEntries", logs_pb2.ListLogEntriesRequest, logs_pb2.ListLogEntriesResponse
)
LIST_AUDIT_ENTRIES = Rpc(
    "AuditEntries/ListAuditEntries",
    audit_pb2.ListAuditEntriesRequest,
    audit_pb2.ListAuditEntriesResponse,
)
LIST_STEP_ENTRIES = Rpc(
    "StepEntries/ListStepEntries",
    step_entries_pb2.ListStepEntriesRequest,
    step_entries_pb2.ListStepEntriesResponse,
)
EXPORT_DATA = Rpc(
    "ExecutionHistory/ExportData",
    step_entries_pb2.ExportDataRequest,
    step_entries_pb2.ExportDataResponse,
)
DELETE_EXECUTION_HISTORY = Rpc(
    "ExecutionHistory/DeleteExecutionHistory",
    step_entries_pb2.DeleteExecutionHistoryRequest,
    Empty,
)
GENERATE_ACCESS_TOKEN = Rpc(
    "IAMCredentials/GenerateAccessToken",
    iam_credentials_pb2.GenerateAccessTokenRequest,
    iam_credentials_pb2.GenerateAccessTokenResponse,
)
GENERATE_ID_TOKEN = Rpc(
    "IAMCredentials/GenerateIdToken",
    iam_credentials_pb2.GenerateIdTokenRequest,
    iam_credentials_pb2.GenerateIdTokenResponse,
)
CREATE_CLIENT_SECRET = Rpc(
    "ClientSecrets/CreateClientSecret",
    client_secrets_pb2.CreateClientSecretRequest,
    client_secrets_pb2.ClientSecret,
    repeatable=False,  # the second would be another secret
)
LIST_CLIENT_SECRETS = Rpc(
    "ClientSecrets/ListClientSecrets",
    client_secrets_pb2.ListClientSecretsRequest,
    client_secrets_pb2.ListClientSecretsResponse,
)
DELETE_CLIENT_SECRET = Rpc(
    "ClientSecrets/DeleteClientSecret",
    client_secrets_pb2.DeleteClientSecretRequest,
    Empty,
    repeatable=False,  # the second would find nothing
)
APPROVE_LOGIN = Rpc(
    "Sessions/ApproveLogin",
    sessions_pb2.ApproveLoginRequest,
    sessions_pb2.Login,
    repeatable=False,  # the second would find that it was decided
)
LIST_SESSIONS = Rpc(
    "Sessions/ListSessions", sessions_pb2.ListSessionsRequest, sessions_pb2.ListSessionsResponse
)
DELETE_SESSION = Rpc(
    "Sessions/DeleteSession",
    sessions_pb2.DeleteSessionRequest,
    Empty,
    repeatable=False,  # the second would find nothing
)
REVOKE_TOKEN = Rpc("Sessions/RevokeToken", sessions_pb2.RevokeTokenRequest, Empty)
SIGN_BLOB = Rpc(
    "IAMCredentials/SignBlob",
    iam_credentials_pb2.SignBlobRequest,
    iam_credentials_pb2.SignBlobResponse,
)
SIGN_JWT = Rpc(
    "IAMCredentials/SignJwt",
    iam_credentials_pb2.SignJwtRequest,
    iam_credentials_pb2.SignJwtResponse,
)
LIST_SIGNING_KEYS = Rpc(
    "SigningKeys/ListSigningKeys",
    signing_keys_pb2.ListSigningKeysRequest,
    signing_keys_pb2.ListSigningKeysResponse,
)
ROTATE_SIGNING_KEY = Rpc(
    "SigningKeys/RotateSigningKey",
    signing_keys_pb2.RotateSigningKeyRequest,
    signing_keys_pb2.SigningKey,
    repeatable=False,  # the second would rotate the new key
)
REVOKE_SIGNING_KEY = Rpc(
    "SigningKeys/RevokeSigningKey",
    signing_keys_pb2.RevokeSigningKeyRequest,
    signing_keys_pb2.SigningKey,
    repeatable=False,  # the second would find that the key has retired
)
