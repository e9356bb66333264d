import assert from "node:assert/strict";
import { AccessFile } from "../../src/access/access_file.ts";
import { addressCredential, Authenticator, LOCAL } from "../../src/access/authenticator.ts";
import type { AnonymousSender, Authentication, AuthenticatorParts, Sender } from "../../src/access/authenticator.ts";
import type { Credential } from "../../src/access/caller.ts";
import { challengeOf } from "../../src/access/challenge.ts";
import { TrustedProxies } from "../../src/access/forwarding.ts";
import type { TokenVerdict } from "../../src/access/jwt.ts";
import { Tickets } from "../../src/access/tickets.ts";
import type { Scope } from "../../src/access/scopes.ts";

const NOW = 1_000_000;
const KEY = "lunomcp_0123456789ab_secret";
const TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
const READ: ReadonlySet<Scope> = new Set(["market:read", "account:read"]);
const CERTIFICATE = new Uint8Array([1, 2, 3]);

function credentialOf(source: Credential["source"], more: Partial<Credential> = {}): Credential {
  return { identity: `${source}:ann`, source, scopes: READ, ...more };
}

const keys = {
  verify: (text: string) =>
    text === KEY
      ? { ok: true as const, credential: credentialOf("key") }
      : { ok: false as const, reason: `key ${text.length}` },
};

const goodToken: TokenVerdict = { ok: true, subject: "ann", scopes: READ, expiresAt: NOW + 1 };

const tokens = {
  verify: (text: string): Promise<TokenVerdict> =>
    Promise.resolve(text === TOKEN ? goodToken : { ok: false, reason: "malformed" }),
};

const certificates = {
  verify: (der: Uint8Array) =>
    der === CERTIFICATE
      ? { ok: true as const, credential: credentialOf("certificate") }
      : { ok: false as const, reason: "denied" },
};

function authenticatorOf(parts: Partial<AuthenticatorParts> = {}): Authenticator {
  return new Authenticator({
    tickets: new Tickets({ now: () => 0 }),
    proxies: new TrustedProxies(),
    grants: new AccessFile(),
    now: () => NOW,
    ...parts,
  });
}

interface Shown {
  readonly headers?: Record<string, string>;
  readonly path?: string;
  readonly sender?: Partial<Sender>;
}

function ask(authenticator: Authenticator, { headers = {}, path = "/mcp", sender = {} }: Shown = {}) {
  const request = { url: `http://localhost${path}`, headers: new Headers(headers) };
  return authenticator.authenticate(request, { address: "127.0.0.1", ...sender });
}

/** The identity, or the status and reason of the refusal. */
function outcome(authentication: Authentication): string {
  return authentication.ok
    ? authentication.caller.identity
    : `${authentication.denial.status} ${authentication.denial.reason}`;
}

function bearer(credential: string): Shown {
  return { headers: { authorization: `Bearer ${credential}` } };
}

Deno.test("Authenticator accepts a key, a token and a certificate, each checked by its own source", async () => {
  const authenticator = authenticatorOf({ keys, tokens, certificates });
  assert.equal(outcome(await ask(authenticator, bearer(KEY))), "key:ann");
  assert.equal(outcome(await ask(authenticator, bearer(TOKEN))), "token:ann");
  assert.equal(outcome(await ask(authenticator, { sender: { certificate: CERTIFICATE } })), "certificate:ann");
});

Deno.test("Authenticator prefers a credential in the request to the certificate of the connection", async () => {
  const authenticator = authenticatorOf({ keys, certificates });
  const sender = { certificate: CERTIFICATE };
  assert.equal(outcome(await ask(authenticator, { ...bearer(KEY), sender })), "key:ann");
  assert.equal(outcome(await ask(authenticator, { ...bearer("wrong"), sender })), "401 key 5");
});

const FORMS: Readonly<Record<string, string>> = {
  "an empty header": "",
  "a scheme without a credential": "Bearer",
  "a scheme and a space": "Bearer ",
  "two words": `Bearer ${KEY} ${KEY}`,
  "two headers joined": `Bearer ${KEY}, Bearer ${KEY}`,
  "Basic": `Basic ${btoa(`ann:${KEY}`)}`,
  "the key alone": KEY,
  "a scheme that begins alike": `Bearers ${KEY}`,
  "a tab in between": `Bearer\t${KEY}`,
  "letters beyond ASCII": "Bearer schl\u00fcssel",
};

for (const [name, authorization] of Object.entries(FORMS)) {
  Deno.test(`Authenticator refuses ${name} in Authorization as malformed, and consults no source`, async () => {
    let asked = 0;
    const counting = {
      verify: () => {
        asked++;
        return { ok: true as const, credential: credentialOf("key") };
      },
    };
    const authentication = await ask(authenticatorOf({ keys: counting }), { headers: { authorization } });
    assert.equal(outcome(authentication), "401 malformed");
    assert.equal(asked, 0);
  });
}

Deno.test("Authenticator accepts the scheme in any case, followed by any number of spaces", async () => {
  const authenticator = authenticatorOf({ keys });
  for (const scheme of ["bearer ", "BEARER ", "Bearer   "]) {
    assert.equal(outcome(await ask(authenticator, { headers: { authorization: scheme + KEY } })), "key:ann", scheme);
  }
});

Deno.test("Authenticator refuses a credential that no source handles", async () => {
  assert.equal(outcome(await ask(authenticatorOf({ tokens }), bearer(KEY))), "401 source_not_configured");
  assert.equal(outcome(await ask(authenticatorOf({ keys }), bearer(TOKEN))), `401 key ${TOKEN.length}`);
  assert.equal(outcome(await ask(authenticatorOf({ certificates }), bearer(KEY))), "401 source_not_configured");
  assert.equal(outcome(await ask(authenticatorOf(), bearer(KEY))), "401 no_credential");
  const denied = await ask(authenticatorOf({ certificates }), { sender: { certificate: new Uint8Array() } });
  assert.equal(outcome(denied), "401 denied");
});

Deno.test("Authenticator answers 503 with a time to retry when the issuer's keys are unavailable", async () => {
  const down = {
    verify: () => Promise.resolve({ ok: false as const, reason: "keys_unavailable" as const, retryAfterMs: 700 }),
  };
  const authentication = await ask(authenticatorOf({ tokens: down }), bearer(TOKEN));
  assert.ok(!authentication.ok);
  assert.deepEqual(authentication.denial, {
    status: 503,
    reason: "keys_unavailable",
    retryAfterMs: 700,
    address: "127.0.0.1",
    hasCredential: true,
  });
});

Deno.test("Authenticator refuses an expired credential even if its source still accepts it", async () => {
  const late = { verify: () => Promise.resolve({ ...goodToken, expiresAt: NOW }) };
  assert.equal(outcome(await ask(authenticatorOf({ tokens: late }), bearer(TOKEN))), "401 expired");
  const revoked = { verify: () => ({ ok: true as const, credential: credentialOf("key", { isRevoked: () => true }) }) };
  assert.equal(outcome(await ask(authenticatorOf({ keys: revoked }), bearer(KEY))), "401 revoked");
  const unavailable = { verify: () => Promise.resolve({ ok: false as const, reason: "busy", retryAfterMs: 700 }) };
  assert.equal(outcome(await ask(authenticatorOf({ keys: unavailable }), bearer(KEY))), "503 busy");
});

const QUERIES = [
  "access_token=x",
  "accessToken=x",
  "token=x",
  "api_key=x",
  "ApiKey=x",
  "key=x",
  "ticket=x",
  "auth=x",
  "authorization=x",
  "jwt=x",
  "secret=x",
  "password=x",
  "bearer=x",
  "api-key=x",
  "X-API-Key=x",
  "id_token=x",
  "client_secret=x",
  "api_key_id=x",
  "pwd=x",
  `anything=${KEY}`,
  `anything=Bearer+${KEY}`,
  `anything=${TOKEN}`,
  `a=1&b=2&anything=${KEY}`,
  "access%5Ftoken=x",
];

for (const query of QUERIES) {
  Deno.test(`Authenticator refuses ?${query} with 400, even beside a valid key`, async () => {
    const authenticator = authenticatorOf({ keys });
    for (const shown of [{}, bearer(KEY)]) {
      const authentication = await ask(authenticator, { ...shown, path: `/ws?${query}` });
      assert.equal(outcome(authentication), "400 credential_in_query");
    }
  });
}

Deno.test("Authenticator ignores other parameters", async () => {
  const path = "/ws?scopes=market:read&keyboard=x&tokens=3";
  assert.equal(outcome(await ask(authenticatorOf({ keys }), { ...bearer(KEY), path })), "key:ann");
});

async function scopesOf(shown: Shown): Promise<readonly Scope[] | string> {
  const authentication = await ask(authenticatorOf({ keys }), {
    ...shown,
    headers: { ...bearer(KEY).headers, ...shown.headers },
  });
  return authentication.ok ? authentication.caller.scopes : outcome(authentication);
}

Deno.test("Authenticator narrows scopes by header and by query, by both to their intersection, and never widens them", async () => {
  const header = (text: string) => ({ headers: { "x-luno-scopes": text } });
  assert.deepEqual(await scopesOf({}), ["market:read", "account:read"]);
  assert.deepEqual(await scopesOf(header("market:read")), ["market:read"]);
  assert.deepEqual(await scopesOf(header("account:read, market:read")), ["market:read", "account:read"]);
  assert.deepEqual(await scopesOf(header("account:read server:admin")), ["account:read"]);
  assert.deepEqual(await scopesOf(header("")), []);
  assert.deepEqual(await scopesOf({ path: "/ws?scopes=market:read" }), ["market:read"]);
  assert.deepEqual(await scopesOf({ path: "/ws?scopes=server:admin,orders:write" }), []);
  assert.deepEqual(await scopesOf({ ...header("account:read"), path: "/ws?scopes=market:read" }), []);
  assert.deepEqual(await scopesOf({ path: "/ws?scopes=market:read,account:read&scopes=market:read" }), ["market:read"]);
  assert.deepEqual(await scopesOf({ path: "/ws?scopes=market:read&scopes=" }), []);
});

Deno.test("Authenticator refuses an unknown scope before it looks at the credential", async () => {
  for (const text of ["market:write", "Market:read", "*", "market:read market:*", "market:read\u00a0x"]) {
    assert.equal(await scopesOf({ headers: { "x-luno-scopes": text } }), "400 scope_unknown", text);
  }
  assert.equal(await scopesOf({ path: "/ws?scopes=all", headers: { authorization: "x" } }), "400 scope_unknown");
});

Deno.test("Authenticator says which scope is none, and which there are", async () => {
  const request = { url: "http://localhost/ws", headers: new Headers({ "x-luno-scopes": "market:read all" }) };
  const authentication = await authenticatorOf({ keys }).authenticate(request, { address: "127.0.0.1" });
  assert.ok(!authentication.ok);
  assert.equal(
    challengeOf(authentication.denial).message,
    'Unknown scope "all" in X-Luno-Scopes or scopes=: expected market:read, account:read, orders:write, funds:write, server:admin',
  );
});

/** A ticket of `key:ann`, and a function that presents it. */
async function withTicket(options: { headers?: Record<string, string> } = {}) {
  const tickets = new Tickets({ now: () => 0 });
  const authenticator = authenticatorOf({ keys, tickets });
  const first = await ask(authenticator, { headers: { ...bearer(KEY).headers, ...options.headers } });
  assert.ok(first.ok);
  const ticket = tickets.issue(first.caller);
  const show = (headers: Record<string, string>, path = "/ws") => ask(authenticator, { headers, path });
  return { protocols: `mcp, ticket.${ticket}`, show };
}

Deno.test("Authenticator accepts a ticket on an upgrade, once, and the caller keeps its limits", async () => {
  const { protocols, show } = await withTicket({ headers: { "x-luno-scopes": "market:read" } });
  const headers = { "sec-websocket-protocol": protocols, upgrade: "websocket" };
  const first = await show(headers);
  assert.ok(first.ok);
  assert.deepEqual([first.caller.identity, first.caller.scopes], ["key:ann", ["market:read"]]);
  assert.equal(outcome(await show(headers)), "401 ticket_unusable");
});

Deno.test("Authenticator can narrow a ticket further but never widens it", async () => {
  const { protocols, show } = await withTicket({ headers: { "x-luno-scopes": "market:read" } });
  const headers = { "sec-websocket-protocol": protocols, upgrade: "websocket" };
  const authentication = await show(headers, "/ws?scopes=account:read,server:admin");
  assert.deepEqual(authentication.ok && authentication.caller.scopes, []);
});

Deno.test("Authenticator accepts no ticket on a request that is not an upgrade, and leaves it unused", async () => {
  const { protocols, show } = await withTicket();
  const headers = { "sec-websocket-protocol": protocols };
  assert.equal(outcome(await show(headers, "/v1/tickets")), "401 credential_misplaced");
  // The listeners ignore these upgrades, and answer plain requests.
  for (const upgrade of ["h2c", "TLS/1.2, h2c", "websockets", ""]) {
    assert.equal(outcome(await show({ ...headers, upgrade }, "/v1/tickets")), "401 credential_misplaced", upgrade);
  }
  assert.equal(outcome(await show({ ...headers, upgrade: "websocket" })), "key:ann");
});

Deno.test("Authenticator refuses a bad ticket even beside a valid key", async () => {
  const { show } = await withTicket();
  const headers = { ...bearer(KEY).headers, "sec-websocket-protocol": "ticket.x", upgrade: "websocket" };
  assert.equal(outcome(await show(headers)), "401 ticket_unusable");
});

const localOnly = ({ address, isForwarded }: AnonymousSender) =>
  address === "127.0.0.1" && !isForwarded ? LOCAL : undefined;

Deno.test("Authenticator admits the local user when no credential is required", async () => {
  const authenticator = authenticatorOf({ anonymous: localOnly });
  assert.equal(outcome(await ask(authenticator)), "local");
  assert.equal(outcome(await ask(authenticator, { headers: { cookie: `session=${KEY}` } })), "local");
  assert.equal(outcome(await ask(authenticator, { headers: { "sec-websocket-protocol": "mcp" } })), "local");
  assert.equal(outcome(await ask(authenticator, { sender: { address: "10.0.0.1" } })), "403 untrusted_proxy");
});

const UPGRADE = { upgrade: "websocket" };

/** Places in which clients put credentials, correct and incorrect ones. */
const PLACES: Readonly<Record<string, Shown>> = {
  "Bearer": bearer("zz"),
  "Basic": { headers: { authorization: `Basic ${btoa("ann:zz")}` } },
  "an empty Authorization": { headers: { authorization: "" } },
  "Proxy-Authorization": { headers: { "proxy-authorization": "Bearer zz" } },
  "X-API-Key": { headers: { "x-api-key": "zz" } },
  "api-key": { headers: { "api-key": "zz" } },
  "X-Auth-Token": { headers: { "x-auth-token": "zz" } },
  "X-Token": { headers: { "x-token": "zz" } },
  "X-API-Token": { headers: { "x-api-token": "zz" } },
  "Private-Token": { headers: { "private-token": "zz" } },
  "X-Goog-Api-Key": { headers: { "x-goog-api-key": "zz" } },
  "X-Authorization": { headers: { "x-authorization": "Bearer zz" } },
  "X-Client-Secret": { headers: { "x-client-secret": "zz" } },
  "a scheme and an API key in any header": { headers: { "x-anything": `Bearer ${KEY}` } },
  "an API key in any header": { headers: { "x-anything": KEY } },
  "a token in any header": { headers: { "x-anything": TOKEN } },
  "a ticket": { headers: { ...UPGRADE, "sec-websocket-protocol": "mcp, ticket.zz" } },
  "a ticket without an upgrade": { headers: { "sec-websocket-protocol": "ticket.zz" } },
  "a subprotocol with a token": { headers: { ...UPGRADE, "sec-websocket-protocol": "mcp, bearer.zz" } },
  "a subprotocol as Kubernetes has it": {
    headers: { ...UPGRADE, "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.eno" },
  },
  "a subprotocol that is a key": { headers: { ...UPGRADE, "sec-websocket-protocol": `mcp, ${KEY}` } },
  "a query": { path: "/ws?access_token=zz" },
};

for (const [place, shown] of Object.entries(PLACES)) {
  Deno.test(`Authenticator refuses ${place} with 401 when nothing can check it`, async () => {
    for (const anonymous of [localOnly, () => addressCredential("203.0.113.9")]) {
      const authentication = await ask(authenticatorOf({ anonymous }), shown);
      assert.equal(!authentication.ok && authentication.denial.status, 401);
      assert.equal(!authentication.ok && authentication.denial.hasCredential, true);
    }
  });
}

Deno.test("Authenticator does not fall back to a certificate when another credential is in a place where it is not accepted", async () => {
  const sender = { certificate: CERTIFICATE };
  const headers = { "x-api-key": KEY };
  assert.equal(outcome(await ask(authenticatorOf({ certificates }), { headers, sender })), "401 credential_misplaced");
  const both = { ...headers, ...bearer(KEY).headers };
  assert.equal(outcome(await ask(authenticatorOf({ keys, certificates }), { headers: both, sender })), "key:ann");
});

Deno.test("Authenticator accepts a ticket that it issued itself when no source is configured", async () => {
  const tickets = new Tickets({ now: () => 0 });
  const authenticator = authenticatorOf({ anonymous: localOnly, tickets });
  const first = await ask(authenticator);
  assert.ok(first.ok);
  const headers = { ...UPGRADE, "sec-websocket-protocol": `mcp, ticket.${tickets.issue(first.caller)}` };
  assert.equal(outcome(await ask(authenticator, { headers, path: "/ws" })), "local");
});

Deno.test("Authenticator never treats a request that came through a proxy as the local user's, whether the proxy is named or not", async () => {
  for (const proxies of [new TrustedProxies(), new TrustedProxies(["127.0.0.1"])]) {
    const authenticator = authenticatorOf({ anonymous: localOnly, proxies });
    for (const value of ["127.0.0.1", "unknown", "203.0.113.9"]) {
      for (const header of ["x-forwarded-for", "forwarded", "x-real-ip"]) {
        const authentication = await ask(authenticator, { headers: { [header]: value } });
        assert.equal(outcome(authentication), "403 untrusted_proxy", `${header}: ${value}`);
      }
    }
  }
});

Deno.test("Authenticator identifies a caller by the address that a named proxy reports", async () => {
  const authenticator = authenticatorOf({ keys, proxies: new TrustedProxies(["127.0.0.1"]) });
  const headers = { ...bearer(KEY).headers, "x-forwarded-for": "203.0.113.9" };
  const authentication = await ask(authenticator, { headers });
  assert.equal(authentication.ok && authentication.caller.address, "203.0.113.9");
  const refused = await ask(authenticator, { headers: { "x-forwarded-for": "203.0.113.9" } });
  assert.equal(!refused.ok && refused.denial.address, "203.0.113.9");
});

Deno.test("addressCredential() grants reading only", () => {
  assert.deepEqual([...addressCredential("203.0.113.9").scopes], ["market:read", "account:read"]);
});
