// Runs a workflow over TLS, with Connect and a token.
//
//     TOKEN=… node secure.js HOST:PORT
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Executions } from "./gen/connect/ringback/v1/executions_pb.js";

// NODE_EXTRA_CA_CERTS names the server's ca.pem.
const baseUrl = `https://${process.argv[2]}`;
const executions = createClient(Executions, createGrpcTransport({ baseUrl }));
const headers = { authorization: `Bearer ${process.env.TOKEN}` };
const parent = "projects/local/locations/us-central1/workflows/hello";
const argument = JSON.stringify({ name: "Ada" });
const { name } = await executions.createExecution({ parent, execution: { argument } }, { headers });
console.log((await executions.waitExecution({ name }, { headers })).result);
