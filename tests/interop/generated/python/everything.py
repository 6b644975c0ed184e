"""Calls what the other programs have no use for: with them, each method of ringback.v1 is called.

TOKEN=… python everything.py HOST:PORT
"""

import json
import os
import sys
import time

import grpc
from google.rpc import error_details_pb2, status_pb2

from ringback.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    batches_pb2,
    batches_pb2_grpc,
    callback_signatures_pb2,
    callback_signatures_pb2_grpc,
    callbacks_pb2,
    callbacks_pb2_grpc,
    executions_pb2,
    executions_pb2_grpc,
    iam_credentials_pb2,
    iam_credentials_pb2_grpc,
    locations_pb2,
    locations_pb2_grpc,
    logs_pb2,
    logs_pb2_grpc,
    operations_pb2,
    operations_pb2_grpc,
    signing_keys_pb2,
    signing_keys_pb2_grpc,
    step_entries_pb2,
    step_entries_pb2_grpc,
    workflows_pb2,
    workflows_pb2_grpc,
)

PROJECT = "projects/local"
PARENT = f"{PROJECT}/locations/us-central1"
WORKFLOW = f"{PARENT}/workflows/everything-python"
ADMIN = "projects/-/serviceAccounts/admin@local.iam.gserviceaccount.com"
TOKEN = [("authorization", f"Bearer {os.environ['TOKEN']}")]
SOURCE = """
main:
  params: [order]
  steps:
    - tell:
        call: sys.log
        args: {text: asked}
    - create:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: endpoint
    - wait:
        call: events.await_callback
        args: {callback: "${endpoint}"}
        result: answer
    - finish:
        return: ${answer.http_request.body}
"""


def main(address):
    """Run the whole of it, and print what was seen."""
    seen = {}
    with grpc.insecure_channel(address) as channel:
        look_around(channel, seen)
        workflow = deploy(channel, seen)
        first = run_many(channel, seen)
        take_message(channel, seen)
        look_back(channel, first, seen)
        make_tokens(channel, workflow, seen)
        keep_keys(channel, seen)
        sign(channel, seen)
        delete(channel, seen)
    print(json.dumps(seen))


def look_around(channel, seen):
    """See where workflows can be."""
    locations = locations_pb2_grpc.LocationsStub(channel)
    request = locations_pb2.ListLocationsRequest(name=PROJECT)
    there = locations.ListLocations(request, metadata=TOKEN).locations
    request = locations_pb2.GetLocationRequest(name=PARENT)
    here = locations.GetLocation(request, metadata=TOKEN)
    seen["location"] = [here.location_id, here in there]


def deploy(channel, seen):
    """Deploy whether there is one or not, and read what there is then."""
    workflows = workflows_pb2_grpc.WorkflowsStub(channel)
    request = workflows_pb2.DeployWorkflowRequest(
        parent=PARENT,
        workflow_id="everything-python",
        workflow=workflows_pb2.Workflow(
            source_contents=SOURCE, execution_history_level="EXECUTION_HISTORY_BASIC"
        ),
    )
    workflow = workflows.DeployWorkflow(request, metadata=TOKEN)
    again = workflows.DeployWorkflow(request, metadata=TOKEN)
    seen["deployed"] = [workflow.name, again.revision_id == workflow.revision_id]
    request = workflows_pb2.ListWorkflowsRequest(parent=PARENT)
    listed = workflows.ListWorkflows(request, metadata=TOKEN).workflows
    request = workflows_pb2.ListWorkflowRevisionsRequest(name=WORKFLOW)
    revisions = workflows.ListWorkflowRevisions(request, metadata=TOKEN).workflows
    seen["listed"] = [workflow.name in [found.name for found in listed], len(revisions)]
    request = workflows_pb2.GetWorkflowRequest(name=WORKFLOW, revision_id="000009-abc")
    try:
        workflows.GetWorkflow(request, metadata=TOKEN)
    except grpc.RpcError as refused:
        seen["refused"] = [refused.code().name, reason(refused)]
    request.revision_id = workflow.revision_id
    return workflows.GetWorkflow(request, metadata=TOKEN)


def reason(refused):
    """Return the reason of a refusal, for programs to read."""
    status = status_pb2.Status.FromString(
        dict(refused.trailing_metadata())["grpc-status-details-bin"]
    )
    info = error_details_pb2.ErrorInfo()
    return next(info.reason for detail in status.details if detail.Unpack(info))


def run_many(channel, seen):
    """Start two executions in one call, and answer both in another; return the first's name."""
    batches = batches_pb2_grpc.BatchesStub(channel)
    start = executions_pb2.CreateExecutionRequest(
        parent=WORKFLOW, execution=executions_pb2.Execution(argument='{"number": 17}')
    )
    request = batches_pb2.BatchCreateExecutionsRequest(parent=PARENT, requests=[start, start])
    results = batches.BatchCreateExecutions(request, metadata=TOKEN).results
    names = [result.execution.name for result in results]
    answers = [
        callbacks_pb2.SendCallbackRequest(
            name=endpoint(channel, name), content_type="application/json", body=b"true"
        )
        for name in names
    ]
    request = batches_pb2.BatchSendCallbacksRequest(parent=PARENT, requests=answers)
    sent = batches.BatchSendCallbacks(request, metadata=TOKEN).results
    seen["accepted"] = [result.HasField("response") for result in sent]
    executions = executions_pb2_grpc.ExecutionsStub(channel)
    waits = [executions_pb2.WaitExecutionRequest(name=name) for name in names]
    seen["results"] = [executions.WaitExecution(each, metadata=TOKEN).result for each in waits]
    return names[0]


def endpoint(channel, execution):
    """Return the name of the first endpoint of an execution, once there is one."""
    callbacks = callbacks_pb2_grpc.CallbacksStub(channel)
    request = callbacks_pb2.ListCallbacksRequest(parent=execution)
    while not (found := callbacks.ListCallbacks(request, metadata=TOKEN).callbacks):
        time.sleep(0.05)
    return found[0].name


def take_message(channel, seen):
    """Start an execution with a message of Pub/Sub, which comes twice; then stop it."""
    executions = executions_pb2_grpc.ExecutionsStub(channel)
    request = executions_pb2.TriggerPubsubExecutionRequest(
        workflow=WORKFLOW,
        subscription="projects/local/subscriptions/orders",
        message=executions_pb2.PubsubMessage(message_id="17", data=b"order"),
    )
    started = executions.TriggerPubsubExecution(request, metadata=TOKEN)
    again = executions.TriggerPubsubExecution(request, metadata=TOKEN)
    request = executions_pb2.CancelExecutionRequest(name=started.name)
    executions.CancelExecution(request, metadata=TOKEN)
    request = executions_pb2.ListExecutionsRequest(parent=WORKFLOW)
    listed = executions.ListExecutions(request, metadata=TOKEN).executions
    states = [executions_pb2.Execution.State.Name(found.state) for found in listed]
    seen["message"] = [started.name == again.name, states]


def look_back(channel, execution, seen):
    """Read what an execution did, export it, and delete which steps it ran."""
    entries = step_entries_pb2_grpc.StepEntriesStub(channel)
    listing = step_entries_pb2.ListStepEntriesRequest(parent=execution)
    listed = entries.ListStepEntries(listing, metadata=TOKEN).step_entries
    request = step_entries_pb2.GetStepEntryRequest(name=listed[0].name)
    entry = entries.GetStepEntry(request, metadata=TOKEN)
    seen["steps"] = [[found.step for found in listed], entry.step]
    request = logs_pb2.ListLogEntriesRequest(parent=execution)
    logged = logs_pb2_grpc.LogsStub(channel).ListLogEntries(request, metadata=TOKEN)
    seen["logged"] = [found.text_payload for found in logged.entries]
    request = audit_pb2.ListAuditEntriesRequest(
        parent="projects/local", filter=f'resource="{execution}" AND kind=DATA_WRITE'
    )
    audit = audit_pb2_grpc.AuditEntriesStub(channel).ListAuditEntries(request, metadata=TOKEN)
    seen["audited"] = sorted({entry.method.rpartition("/")[2] for entry in audit.audit_entries})
    history = step_entries_pb2_grpc.ExecutionHistoryStub(channel)
    request = step_entries_pb2.ExportDataRequest(name=execution)
    exported = json.loads(history.ExportData(request, metadata=TOKEN).data)
    seen["exported"] = [exported["execution"]["name"] == execution, len(exported["stepEntries"])]
    request = step_entries_pb2.DeleteExecutionHistoryRequest(name=execution)
    history.DeleteExecutionHistory(request, metadata=TOKEN)
    seen["left"] = len(entries.ListStepEntries(listing, metadata=TOKEN).step_entries)


def make_tokens(channel, workflow, seen):
    """Make an access token of an account, and use it; make an ID token."""
    credentials = iam_credentials_pb2_grpc.IAMCredentialsStub(channel)
    request = iam_credentials_pb2.GenerateAccessTokenRequest(
        name=ADMIN, scope=["https://www.googleapis.com/auth/cloud-platform"]
    )
    token = credentials.GenerateAccessToken(request, metadata=TOKEN).access_token
    request = iam_credentials_pb2.GenerateIdTokenRequest(name=ADMIN, audience="https://example.com")
    id_token = credentials.GenerateIdToken(request, metadata=TOKEN).token
    request = workflows_pb2.GetWorkflowRequest(name=WORKFLOW)
    found = workflows_pb2_grpc.WorkflowsStub(channel).GetWorkflow(
        request, metadata=[("authorization", f"Bearer {token}")]
    )
    seen["tokens"] = [found == workflow, id_token.count(".")]


def keep_keys(channel, seen):
    """Sign with a key that the server keeps; rotate the keys of its tokens, and revoke the new."""
    credentials = iam_credentials_pb2_grpc.IAMCredentialsStub(channel)
    request = iam_credentials_pb2.SignBlobRequest(name=ADMIN, payload=b"a message")
    blob = credentials.SignBlob(request, metadata=TOKEN)
    request = iam_credentials_pb2.SignJwtRequest(name=ADMIN, payload='{"aud": "somebody"}')
    signed = credentials.SignJwt(request, metadata=TOKEN)
    seen["signed"] = [len(blob.signed_blob), signed.key_id == blob.key_id]
    keys = signing_keys_pb2_grpc.SigningKeysStub(channel)
    request = signing_keys_pb2.RotateSigningKeyRequest(algorithm="EdDSA")
    new = keys.RotateSigningKey(request, metadata=TOKEN)
    request = signing_keys_pb2.ListSigningKeysRequest()
    listed = keys.ListSigningKeys(request, metadata=TOKEN).signing_keys
    request = signing_keys_pb2.RevokeSigningKeyRequest(name=new.name)
    revoked = keys.RevokeSigningKey(request, metadata=TOKEN)
    seen["rotated"] = [new.algorithm, new in listed, revoked.state == revoked.REVOKED]


def sign(channel, seen):
    """Let GitHub sign callbacks, for a while."""
    signatures = callback_signatures_pb2_grpc.CallbackSignaturesStub(channel)
    request = callback_signatures_pb2.CreateCallbackSignatureRequest(
        parent=WORKFLOW,
        callback_signature_id="github",
        callback_signature=callback_signatures_pb2.CallbackSignature(
            scheme=callback_signatures_pb2.CallbackSignature.GITHUB,
            secrets=[callback_signatures_pb2.CallbackSecret(value="a secret of GitHub's")],
        ),
    )
    name = signatures.CreateCallbackSignature(request, metadata=TOKEN).name
    request = callback_signatures_pb2.UpdateCallbackSignatureRequest(
        callback_signature=callback_signatures_pb2.CallbackSignature(name=name, disabled=True)
    )
    signatures.UpdateCallbackSignature(request, metadata=TOKEN)
    request = callback_signatures_pb2.GetCallbackSignatureRequest(name=name)
    found = signatures.GetCallbackSignature(request, metadata=TOKEN)
    request = callback_signatures_pb2.ListCallbackSignaturesRequest(parent=WORKFLOW)
    listed = signatures.ListCallbackSignatures(request, metadata=TOKEN).callback_signatures
    seen["signature"] = [found.disabled, found.secrets[0].value, listed == [found]]
    request = callback_signatures_pb2.DeleteCallbackSignatureRequest(name=name)
    signatures.DeleteCallbackSignature(request, metadata=TOKEN)


def delete(channel, seen):
    """Delete the workflow, see that the operation is done, and forget the operation."""
    operations = operations_pb2_grpc.OperationsStub(channel)
    request = workflows_pb2.DeleteWorkflowRequest(name=WORKFLOW)
    begun = workflows_pb2_grpc.WorkflowsStub(channel).DeleteWorkflow(request, metadata=TOKEN)
    listing = operations_pb2.ListOperationsRequest(name=PARENT)
    listed = operations.ListOperations(listing, metadata=TOKEN).operations
    request = operations_pb2.GetOperationRequest(name=begun.name)
    seen["done"] = [operations.GetOperation(request, metadata=TOKEN).done, begun in listed]
    request = operations_pb2.DeleteOperationRequest(name=begun.name)
    operations.DeleteOperation(request, metadata=TOKEN)
    listed = operations.ListOperations(listing, metadata=TOKEN).operations
    seen["forgotten"] = begun.name not in [found.name for found in listed]


main(*sys.argv[1:])
