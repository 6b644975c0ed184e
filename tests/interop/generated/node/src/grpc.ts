// Deploys a workflow, starts it, answers its callback and prints its result, with @grpc/grpc-js.
//
//     TOKEN=… node grpc.js HOST:PORT DEFINITION
import { readFileSync } from "node:fs";
import { credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { ErrorInfo } from "./gen/grpc/google/rpc/error_details.js";
import { Status } from "./gen/grpc/google/rpc/status.js";
import { CallbacksClient, SendCallbackRequest } from "./gen/grpc/ringback/v1/callbacks.js";
import {
  CreateExecutionRequest,
  type Execution,
  ExecutionsClient,
  GetExecutionRequest,
  WatchExecutionRequest,
  type WatchExecutionResponse,
} from "./gen/grpc/ringback/v1/executions.js";
import { type Operation, OperationsClient } from "./gen/grpc/ringback/v1/operations.js";
import {
  CreateWorkflowRequest,
  UpdateWorkflowRequest,
  WorkflowsClient,
} from "./gen/grpc/ringback/v1/workflows.js";

const parent = "projects/local/locations/us-central1";
const workflow = `${parent}/workflows/approval-grpc-js`;

const [address = "", definition = ""] = process.argv.slice(2);
const channel = credentials.createInsecure();
const workflows = new WorkflowsClient(address, channel);
const operations = new OperationsClient(address, channel);
const executions = new ExecutionsClient(address, channel);
const callbacks = new CallbacksClient(address, channel);
const token = new Metadata();
token.set("authorization", `Bearer ${process.env.TOKEN}`);

/** Makes a promise of a call that takes what is to be done with its answer. */
function answer<Response>(
  call: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) =>
    call((error, response) => (error ? reject(error) : resolve(response))),
  );
}

/** Creates the workflow, or changes the one that is there. */
async function deploy(sourceContents: string): Promise<void> {
  const creation = CreateWorkflowRequest.fromPartial({
    parent,
    workflowId: "approval-grpc-js",
    workflow: { sourceContents },
  });
  const change = UpdateWorkflowRequest.fromPartial({ workflow: { name: workflow, sourceContents } });
  let operation = await answer<Operation>((done) =>
    workflows.createWorkflow(creation, token, done),
  ).catch((error: ServiceError) => {
    if (error.code !== status.ALREADY_EXISTS) throw error;
    return answer<Operation>((done) => workflows.updateWorkflow(change, token, done));
  });
  while (!operation.done) {
    const { name } = operation;
    operation = await answer<Operation>((done) => operations.waitOperation({ name }, token, done));
  }
  if (operation.error) throw new Error(operation.error.message);
}

/** Starts an execution, answers its callback and returns it once it has ended. */
async function approve(): Promise<Execution> {
  const start = CreateExecutionRequest.fromPartial({
    parent: workflow,
    execution: { argument: JSON.stringify({ number: 17 }) },
  });
  let execution = await answer<Execution>((done) => executions.createExecution(start, token, done));
  const watch: AsyncIterable<WatchExecutionResponse> = executions.watchExecution(
    WatchExecutionRequest.fromPartial({ name: execution.name }),
    token,
  );
  let answered = false;
  for await (const seen of watch) {
    execution = seen.execution ?? execution;
    const callback = seen.callbacks[0];
    if (!callback || answered) continue;
    const decision = SendCallbackRequest.fromPartial({
      name: callback.name,
      headers: { "X-Reviewer": "Ada" },
      contentType: "application/json",
      body: Buffer.from(JSON.stringify({ approved: true })),
      requestId: "decision-17",
    });
    await answer((done) => callbacks.sendCallback(decision, token, done));
    answered = true;
  }
  return execution;
}

/** Asks for an execution that is not there, and returns how the error arrives. */
async function refusal(): Promise<Record<string, string>> {
  const request = GetExecutionRequest.fromPartial({ name: `${workflow}/executions/unknown` });
  const error = await answer<Execution>((done) => executions.getExecution(request, token, done)).then(
    () => Promise.reject(new Error("there is no such execution")),
    (refused: ServiceError) => refused,
  );
  const seen: Record<string, string> = { code: status[error.code] ?? "", message: error.details };
  for (const encoded of error.metadata.get("grpc-status-details-bin")) {
    for (const { typeUrl, value } of Status.decode(encoded as Buffer).details) {
      if (typeUrl.endsWith("/google.rpc.ErrorInfo")) seen.reason = ErrorInfo.decode(value).reason;
    }
  }
  return seen;
}

await deploy(readFileSync(definition, "utf8"));
const { state, result } = await approve();
console.log(JSON.stringify({ state, result: JSON.parse(result), refusal: await refusal() }));
for (const client of [workflows, operations, executions, callbacks]) client.close();
