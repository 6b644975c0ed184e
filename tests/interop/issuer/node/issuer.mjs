// An OpenID provider with one client, whose access tokens are JWTs with the roles that it asks for.
// Arguments: the port, 0 for a free one, and where a second client, through which people log in, is
// sent back to. Its page lets in whoever the query names: ?as=NAME, and nobody without.
// Its keys are new at each start. Prints its URL.
import { generateKeyPair, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { promisify } from "node:util";

import Provider from "oidc-provider";

const audience = "https://ringback.test";
const algorithms = { es256: "ES256", rs256: "RS256", eddsa: "EdDSA" };

async function jwk(alg, type, options) {
  const { privateKey } = await promisify(generateKeyPair)(type, options);
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomUUID() };
}

function people(redirect) {
  return {
    client_id: "people",
    client_secret: "no secret: of people/%",
    grant_types: ["authorization_code"],
    redirect_uris: [redirect],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  };
}

// Everybody agrees to everything.
async function granted({ oidc }) {
  const grant = new oidc.provider.Grant({
    clientId: oidc.client.clientId,
    accountId: oidc.session.accountId,
  });
  grant.addOIDCScope("openid email");
  await grant.save();
  return grant;
}

const server = createServer();
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: {
      keys: [
        await jwk("RS256", "rsa", { modulusLength: 2048 }),
        await jwk("ES256", "ec", { namedCurve: "P-256" }),
        await jwk("EdDSA", "ed25519", {}),
      ],
    },
    clients: [
      {
        client_id: "orders",
        client_secret: "no-secret-to-speak-of",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      ...(process.argv[3] ? [people(process.argv[3])] : []),
    ],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    loadExistingGrant: granted,
    scopes: ["invoke", "view", "other"],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    extraTokenClaims: (_, token) => ({ realm_access: { roles: (token.scope ?? "").split(" ") } }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // The last word of the resource is how its tokens are signed, or whose they are.
        getResourceServerInfo: (_, resource) => ({
          scope: "invoke view other",
          audience: resource.endsWith("other") ? "https://other.test" : audience,
          accessTokenTTL: 600,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: algorithms[resource.split("/").pop()] ?? "ES256" } },
        }),
      },
    },
  });
  const others = provider.callback();
  server.on("request", (request, response) => {
    const { pathname, searchParams } = new URL(request.url, issuer);
    if (!pathname.startsWith("/interaction/")) return others(request, response);
    const as = searchParams.get("as");
    const result = as ? { login: { accountId: as } } : { error: "access_denied" };
    return provider.interactionFinished(request, response, result);
  });
  process.stdout.write(`${issuer}\n`);
});
