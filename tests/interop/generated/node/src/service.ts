// Takes orders over HTTP, and tells the workflow that sent one what came of it.
//
//     node service.js HOST:PORT RINGBACK_URL
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { GoogleAuth } from "google-auth-library";

interface Order {
  number: number;
  callback_url: string;
}

const [address = "", ringback] = process.argv.slice(2);
const trusted = `${ringback}/v1/projects/`;
// Application Default Credentials: GCE_METADATA_HOST says where tokens come from.
const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });

/** Calls the workflow back; what did not get through is sent again, and counts once. */
async function confirm(order: Order): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    try {
      const answer = await fetch(order.callback_url, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${await auth.getAccessToken()}`,
          "Content-Type": "application/json",
          "Idempotency-Key": `shipped-${order.number}`,
        },
        body: JSON.stringify({ order: order.number, shipped_by: "node" }),
        signal: AbortSignal.timeout(10_000),
      });
      if (answer.ok) return;
      console.error(`the callback was answered with ${answer.status}: ${await answer.text()}`);
      if (answer.status !== 429 && answer.status < 500) return;
    } catch (error) {
      console.error(error);
    }
    await pause(attempt * 1000);
  }
}

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/orders") {
    response.writeHead(404).end();
    return;
  }
  const order = await json(request).then((read) => read as Order, () => undefined);
  if (!order?.callback_url?.startsWith(trusted)) {
    // The token is for this server's callbacks: nobody else is to see it.
    response.writeHead(400).end(`callback_url must begin with ${trusted}`);
    return;
  }
  response.writeHead(202).end();
  void confirm(order);
});
const separator = address.lastIndexOf(":");
server.listen(Number(address.slice(separator + 1)), address.slice(0, separator));
