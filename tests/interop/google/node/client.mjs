// Google's clients of Workflows for Node against Ringback.
//
// Arguments: an id for the workflow, and the URL of the server's HTTP port. The gRPC address is in
// RINGBACK_ADDRESS, credentials are where Google's libraries look for them.
import { setTimeout as sleep } from 'node:timers/promises';
import executionsLibrary from '@google-cloud/workflows';
import { GoogleAuth, JWT } from 'google-auth-library';
import { grpc } from 'google-gax';
// Version 5 has no WorkflowsClient any more; this is an alias of version 4, the last that has one.
import workflowsLibrary from 'workflows-4';

const { ExecutionsClient } = executionsLibrary;
const { WorkflowsClient, protos } = workflowsLibrary;
const { State } = protos.google.cloud.workflows.v1.Workflow;
const PARENT = 'projects/local/locations/us-central1';
const FIRST = 'main:\n  steps:\n    - finish:\n        return: first\n';
const SOURCE = `
main:
  params: [order]
  steps:
    - check:
        switch:
          - condition: \${order.number < 1}
            raise: {code: 7, message: no such order}
    - ask:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: endpoint
    - wait:
        call: events.await_callback
        args: {callback: "\${endpoint}", timeout: 300}
        result: answer
    - finish:
        return: {order: "\${order.number}", approved: "\${answer.http_request.body.approved}"}
`;

const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
const credentials = await auth.getClient();
if (credentials instanceof JWT) {
  // With a key file, send a JWT that is signed with it: a token would be asked of Google.
  credentials.useJWTAccessWithScope = true;
}

/** Return both clients, and the options that each call needs. */
async function connect() {
  const { protocol, hostname, port } = new URL(process.env.RINGBACK_ADDRESS);
  const where = { apiEndpoint: hostname, port: Number(port) };
  if (protocol === 'https:') {
    return [new WorkflowsClient(where), new ExecutionsClient(where), {}];
  }
  // gRPC sends no credentials in plaintext, so the token goes along as metadata.
  const plaintext = { ...where, sslCreds: grpc.credentials.createInsecure() };
  const authorization = `Bearer ${await auth.getAccessToken()}`;
  const options = { otherArgs: { headers: { authorization } } };
  return [new WorkflowsClient(plaintext), new ExecutionsClient(plaintext), options];
}

const [workflows, executions, options] = await connect();
const seen = {};

/** Return what a call is refused with: the error's type, and google.rpc's details. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    const violations = (error.statusDetails ?? []).flatMap((d) => d.fieldViolations ?? []);
    const fields = violations.map((violation) => violation.field);
    return [error.constructor.name, grpc.status[error.code], error.reason, fields];
  }
  throw new Error('the call was not refused');
}

/** Deploy twice, and look at what there is then; return the workflow's name. */
async function deploy(workflowId) {
  const definition = { sourceContents: FIRST, labels: { team: 'blue' } };
  const request = { parent: PARENT, workflowId, workflow: definition };
  const [operation] = await workflows.createWorkflow(request, options);
  let [workflow, metadata] = await operation.promise();
  const { name, revisionId } = workflow;
  // What an operation returns has numbers for its enumerations.
  seen.created = [name, State[workflow.state], revisionId.slice(0, 6), metadata.verb];
  workflow.sourceContents = SOURCE;
  workflow.labels.team = 'red';
  const updateMask = { paths: ['source_contents', 'labels'] };
  const [update] = await workflows.updateWorkflow({ workflow, updateMask }, options);
  [workflow] = await update.promise();
  seen.updated = [workflow.revisionId.slice(0, 6), workflow.labels];
  const [old] = await workflows.getWorkflow({ name, revisionId }, options);
  seen.old = old.sourceContents === FIRST;
  const [revisions] = await workflows.listWorkflowRevisions({ name, pageSize: 1 }, options);
  seen.revisions = revisions.map((revision) => revision.revisionId.slice(0, 6));
  const [listed] = await workflows.listWorkflows({ parent: PARENT, pageSize: 1 }, options);
  seen.listed = listed.some((found) => found.name === name);
  const [done] = await workflows.getOperation({ name: operation.name }, options);
  const operations = [];
  for await (const found of workflows.listOperationsAsync({ name: PARENT }, options)) {
    operations.push(found.name);
  }
  seen.operations = [done.done, operations.includes(done.name)];
  const [location] = await workflows.getLocation({ name: PARENT }, options);
  const locations = [];
  for await (const found of workflows.listLocationsAsync({ name: 'projects/local' }, options)) {
    locations.push(found.name);
  }
  seen.locations = [location.locationId, locations.includes(location.name)];
  return name;
}

/** Start an execution with an argument, which is JSON. */
async function execute(workflow, argument) {
  const request = { parent: workflow, execution: { argument } };
  return (await executions.createExecution(request, options))[0];
}

/** Look at an execution until it is as it should be. */
async function poll(execution, until) {
  while (!until(execution)) {
    await sleep(100);
    [execution] = await executions.getExecution({ name: execution.name }, options);
  }
  return execution;
}

const waits = ({ status }) => status.currentSteps.some((step) => step.step === 'wait');
const ended = ({ state }) => state !== 'ACTIVE';

/** Send the callback for which an execution waits; return the HTTP status. */
async function answer(url, execution) {
  const listed = await credentials.request({ url: `${url}/v1/${execution.name}/callbacks` });
  const endpoint = `${url}/v1/${listed.data.callbacks[0].name}`;
  const data = { approved: true };
  return (await credentials.request({ url: endpoint, method: 'POST', data })).status;
}

/** Execute: once to the end, once to a failure, and once until it is cancelled. */
async function run(workflow, url) {
  let execution = await execute(workflow, '{"number": 9007199254740993}');
  seen.callback = await answer(url, await poll(execution, waits));
  execution = await poll(execution, ended);
  // The result is JSON with a number that JSON.parse would round.
  seen.ended = [execution.state, execution.argument, execution.result];
  execution = await poll(await execute(workflow, '{"number": 0}'), ended);
  seen.failed = [execution.state, JSON.parse(execution.error.payload)];
  const { name } = await execute(workflow, '{"number": 2}');
  const [cancelled] = await executions.cancelExecution({ name }, options);
  seen.cancelled = cancelled.state;
  seen.again = await refused(executions.cancelExecution({ name }, options));
  const request = { parent: workflow, pageSize: 2, view: 'FULL' };
  seen.pages = [];
  let pageToken = '';
  do {
    const page = { ...options, autoPaginate: false };
    const [found, , { nextPageToken }] = await executions.listExecutions(
      { ...request, pageToken },
      page,
    );
    seen.pages.push(found.map((one) => one.argument));
    pageToken = nextPageToken;
  } while (pageToken);
  const [basic] = await executions.listExecutions({ parent: workflow }, options);
  seen.basic = basic.map((found) => [found.state, found.argument]);
  const filter = { ...request, filter: 'state!="FAILED"', orderBy: 'createTime' };
  const [filtered] = await executions.listExecutions(filter, options);
  seen.filtered = filtered.map((found) => found.argument);
  const missing = { name: `${workflow}/executions/none` };
  seen.missing = await refused(executions.getExecution(missing, options));
}

const [workflowId, url] = process.argv.slice(2);
const workflow = await deploy(workflowId);
await run(workflow, url);
const invalid = { parent: PARENT, workflowId: '1', workflow: { sourceContents: FIRST } };
seen.invalid = await refused(workflows.createWorkflow(invalid, options));
const [removal] = await workflows.deleteWorkflow({ name: workflow }, options);
await removal.promise();
seen.deleted = await refused(workflows.getWorkflow({ name: workflow }, options));
console.log(JSON.stringify(seen));
