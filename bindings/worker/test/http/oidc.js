// A real issuer on this machine: `oidc-provider`, with what it needs to sign tokens for an API by client credentials and by the code
// flow, and with keys that it can change as one does: by starting anew with others.

import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Provider, errors } from "oidc-provider";

/** The API that the tests' policies protect, another one, and the scopes of both. */
export const AUDIENCE = "https://api.example";
export const ELSEWHERE = "https://elsewhere.example";
const SCOPE = "items:read items:write";

const MACHINE = { client_id: "machine", client_secret: "a secret of the tests alone" };
const APPLICATION = { client_id: "application" };
/** Where the code flow ends: nobody listens, the test reads the address. */
const CALLBACK = "https://application.example/callback";
const HOPS_MAX = 10;
/** Longer than any set of keys is fresh here. */
const TOKEN_S = 3600;
const ROLES = { staff: ["staff"], visitor: [] };

/** Makes a private key to sign with, as a JWK. */
export function keyOf(alg, kid) {
  const pair = alg === "RS256" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...pair.privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

/** Starts an issuer that signs with the first of its keys. */
export async function startIssuer(keys) {
  let callback;
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    callback(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  const issuer = {
    url,
    /** The paths that were asked for. */
    asked,
    times: (path) => asked.filter((other) => other === path).length,
    /** Starts the provider anew with these keys; the first signs. */
    use(jwks) {
      callback = providerOf(url, jwks).callback();
    },
    machineToken: (resource = AUDIENCE) => machineToken(url, resource),
    userToken: (account) => userToken(url, account),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  issuer.use(keys);
  return issuer;
}

function providerOf(url, keys) {
  const [{ alg }] = keys;
  const signed = { id_token_signed_response_alg: alg };
  const provider = new Provider(url, {
    jwks: { keys },
    clients: [
      { ...MACHINE, ...signed, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
      { ...APPLICATION, ...signed, token_endpoint_auth_method: "none", redirect_uris: [CALLBACK] },
    ],
    scopes: ["openid"],
    ttl: { AccessToken: TOKEN_S, ClientCredentials: TOKEN_S },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => {
          if (resource !== AUDIENCE && resource !== ELSEWHERE) throw new errors.InvalidTarget();
          return { audience: resource, scope: SCOPE, accessTokenTTL: TOKEN_S, accessTokenFormat: "jwt", jwt: { sign: { alg } } };
        },
      },
    },
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    extraTokenClaims: (_, { accountId }) => (accountId === undefined ? undefined : { roles: ROLES[accountId] }),
    loadExistingGrant: (ctx) => grantOf(provider, ctx),
  });
  // Who signs in says so in a header: the accounts of the tests have no passwords.
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/sign-in/")) return next();
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: ctx.get("test-account") } });
  });
  return provider;
}

/** The application may have what it asks for: nobody is asked for consent. */
async function grantOf(provider, ctx) {
  const { client, session } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid");
  grant.addResourceScope(AUDIENCE, SCOPE);
  await grant.save();
  return grant;
}

/** Asks for a token of a machine's own (RFC 6749 §4.4), for one API (RFC 8707). */
async function machineToken(url, resource) {
  const { client_id, client_secret } = MACHINE;
  const authorization = `Basic ${btoa(`${client_id}:${encodeURIComponent(client_secret)}`)}`;
  return tokenOf(url, { grant_type: "client_credentials", scope: SCOPE, resource }, { authorization });
}

/** Signs a user in by the code flow with PKCE (RFC 7636), as a browser and an application do. */
async function userToken(url, account) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    ...APPLICATION, redirect_uri: CALLBACK, response_type: "code", scope: `openid ${SCOPE}`, resource: AUDIENCE,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256", state: "s",
  });
  const cookies = new Map();
  let at = `${url}/auth?${query}`;
  for (let hops = 0; at.startsWith(url); hops += 1) {
    if (hops > HOPS_MAX) throw new Error(`${HOPS_MAX} redirects lead to no code: ${at}`);
    const headers = { cookie: [...cookies].map((pair) => pair.join("=")).join("; "), "test-account": account };
    const response = await fetch(at, { redirect: "manual", headers });
    for (const line of response.headers.getSetCookie()) cookies.set(...line.split(";")[0].split(/=(.*)/s).slice(0, 2));
    const location = response.headers.get("location");
    if (location === null) throw new Error(`${response.status} at ${at}: ${await response.text()}`);
    at = new URL(location, at).href;
  }
  const code = new URL(at).searchParams.get("code");
  if (code === null) throw new Error(`no code: ${at}`);
  return tokenOf(url, { ...APPLICATION, grant_type: "authorization_code", code, redirect_uri: CALLBACK, code_verifier: verifier });
}

async function tokenOf(url, form, headers = {}) {
  const response = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(form), headers });
  const answer = await response.json();
  if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
  return answer.access_token;
}
