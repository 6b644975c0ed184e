import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Executions } from "./gen/connect/ringback/v1/executions_pb.js";

const executions = createClient(
  Executions,
  createGrpcTransport({ baseUrl: `http://${process.argv[2]}` }),
);
const headers = { authorization: `Bearer ${process.env.TOKEN}` };
const parent = "projects/local/locations/us-central1/workflows/hello";
const argument = JSON.stringify({ name: "Ada" });
const { name } = await executions.createExecution({ parent, execution: { argument } }, { headers });
console.log((await executions.waitExecution({ name }, { headers })).result);
