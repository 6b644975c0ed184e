// Deploys a workflow, starts it, answers its callback and prints its result, with Connect.
//
//     TOKEN=… node connect.js HOST:PORT DEFINITION
import { readFileSync } from "node:fs";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "./gen/connect/google/rpc/error_details_pb.js";
import { Callbacks } from "./gen/connect/ringback/v1/callbacks_pb.js";
import { type Execution, Execution_State, Executions } from "./gen/connect/ringback/v1/executions_pb.js";
import { Operations } from "./gen/connect/ringback/v1/operations_pb.js";
import { Workflows } from "./gen/connect/ringback/v1/workflows_pb.js";

const parent = "projects/local/locations/us-central1";
const workflow = `${parent}/workflows/approval-connect`;

const [address, definition = ""] = process.argv.slice(2);
const withToken: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${process.env.TOKEN}`);
  return next(request);
};
const transport = createGrpcTransport({ baseUrl: `http://${address}`, interceptors: [withToken] });
const workflows = createClient(Workflows, transport);
const operations = createClient(Operations, transport);
const executions = createClient(Executions, transport);
const callbacks = createClient(Callbacks, transport);

/** Creates the workflow, or changes the one that is there. */
async function deploy(source: string): Promise<void> {
  const sourceCode = { case: "sourceContents" as const, value: source };
  let operation = await workflows
    .createWorkflow({ parent, workflowId: "approval-connect", workflow: { sourceCode } })
    .catch((error: ConnectError) => {
      if (error.code !== Code.AlreadyExists) throw error;
      return workflows.updateWorkflow({ workflow: { name: workflow, sourceCode } });
    });
  while (!operation.done) operation = await operations.waitOperation({ name: operation.name });
  if (operation.result.case === "error") throw new Error(operation.result.value.message);
}

/** Starts an execution, answers its callback and returns it once it has ended. */
async function approve(): Promise<Execution> {
  const argument = JSON.stringify({ number: 17 });
  let execution = await executions.createExecution({ parent: workflow, execution: { argument } });
  let answered = false;
  for await (const seen of executions.watchExecution({ name: execution.name })) {
    execution = seen.execution ?? execution;
    const callback = seen.callbacks[0];
    if (!callback || answered) continue;
    await callbacks.sendCallback({
      name: callback.name,
      headers: { "X-Reviewer": "Ada" },
      contentType: "application/json",
      body: new TextEncoder().encode(JSON.stringify({ approved: true })),
      requestId: "decision-17",
    });
    answered = true;
  }
  return execution;
}

/** Asks for an execution that is not there, and returns how the error arrives. */
async function refusal(): Promise<Record<string, string | undefined>> {
  try {
    await executions.getExecution({ name: `${workflow}/executions/unknown` });
  } catch (refused) {
    const error = ConnectError.from(refused);
    const [info] = error.findDetails(ErrorInfoSchema);
    return { code: Code[error.code], message: error.rawMessage, reason: info?.reason };
  }
  throw new Error("there is no such execution");
}

await deploy(readFileSync(definition, "utf8"));
const { state, result } = await approve();
console.log(
  JSON.stringify({
    state: Execution_State[state],
    result: JSON.parse(result),
    refusal: await refusal(),
  }),
);
