import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AccessFile } from "../../../src/access/access_file.ts";
import { LOCAL } from "../../../src/access/authenticator.ts";
import { Caller } from "../../../src/access/caller.ts";
import { ResourceSubscriptions } from "../../../src/protocol/resource_subscriptions.ts";
import { Subscriptions } from "../../../src/session/subscriptions.ts";
import type { Subscriber } from "../../../src/transport/http/listening.ts";
import { toResponse } from "../../../src/transport/listeners/whole_answer.ts";
import { callerOf } from "../../support/callers.ts";
import { lookUntil } from "../../support/look_until.ts";
import { INITIALIZE, LEGACY_HEADERS, McpEndpoint, readAnswer } from "../mcp_endpoint.ts";
import type { Json } from "../mcp_endpoint.ts";

const ORDERS = "luno://orders/open";

/** Orders of identities, which a test changes; the endpoint's callers are named in a header. */
function setup({ maxResources = 10 } = {}) {
  const watching = new Map<string, Set<() => void>>();
  const subscribe = ({ caller, era, send, isReading }: Subscriber) =>
    new ResourceSubscriptions({
      identity: { name: "test", version: "1.0.0" },
      opening: { eraOf: () => era, open: () => {} },
      caller,
      watchOf: (uri, { identity }) =>
        uri !== ORDERS || !caller.allows("account:read") ? undefined : (changed) => {
          const own = watching.get(identity) ?? new Set();
          const notify = () => caller.allows("account:read") && changed();
          watching.set(identity, own.add(notify));
          return () => void own.delete(notify);
        },
      kept: new Subscriptions({ now: () => performance.now(), intervalMs: 0, maxResources, isReading }),
      send,
    });
  const endpoint = new McpEndpoint({ subscribe });
  return {
    endpoint,
    change: (identity: string) => watching.get(identity)?.forEach((changed) => changed()),
    watchers: () => [...watching.values()].reduce((sum, { size }) => sum + size, 0),
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

/** A client of an identity, and of what it was told. */
async function connect(url: string, identity: string, mode: "legacy" | "modern") {
  const told: string[] = [];
  const versionNegotiation = mode === "legacy" ? { mode: "legacy" as const } : { mode: { pin: "2026-07-28" } };
  const client = new Client({ name: identity, version: "1" }, { versionNegotiation });
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
  const requestInit = { headers: { "x-identity": identity } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return { client, told };
}

for (const mode of ["legacy", "modern"] as const) {
  Deno.test(`over HTTP each identity is notified of its own changes only (${mode})`, async () => {
    await using server = setup();
    const [ann, bob] = await Promise.all([
      connect(server.endpoint.url, "ann", mode),
      connect(server.endpoint.url, "bob", mode),
    ]);
    for (const { client } of [ann, bob]) {
      if (mode === "legacy") await client.subscribeResource({ uri: ORDERS });
      else await client.listen({ resourceSubscriptions: [ORDERS] });
    }
    assert.equal(server.watchers(), 2);
    server.change("bob");
    const look = async () => {
      await fetch(server.endpoint.url).then((response) => response.body?.cancel());
      return bob.told.length;
    };
    await lookUntil((count) => count === 1, look, "bob was not told");
    server.change("ann");
    await lookUntil((count) => count === 1, async () => (await look(), ann.told.length), "ann was not told");
    assert.deepEqual([ann.told, bob.told], [[ORDERS], [ORDERS]]);
    await ann.client.close();
    await bob.client.close();
  });
}

Deno.test("A session's subscriptions have the rights of its latest request, as keys are rotated and tokens renewed", async () => {
  await using server = setup();
  let isRevoked = false;
  const credential = { ...LOCAL, identity: "ann", isRevoked: () => isRevoked };
  const renewed = callerOf("ann");
  let caller = new Caller({ credential, address: "127.0.0.1", grants: new AccessFile(), now: () => 0 });
  let session: string | null = null;
  const ask = async (method: string, message?: Json) => {
    const headers = { ...LEGACY_HEADERS, ...session === null ? {} : { "mcp-session-id": session } };
    const body = message === undefined ? {} : { body: JSON.stringify(message) };
    const request = new Request(server.endpoint.url, { method, headers, ...body });
    return toResponse(await server.endpoint.endpoint.fetch(request, caller));
  };
  const subscribe = async (id: number) => {
    const answered = await ask("POST", { jsonrpc: "2.0", id, method: "resources/subscribe", params: { uri: ORDERS } });
    return (await readAnswer(answered)).result;
  };
  const opened = await ask("POST", INITIALIZE);
  await opened.text();
  session = opened.headers.get("mcp-session-id");
  assert.deepEqual(await subscribe(1), {});
  isRevoked = true;
  caller = renewed;
  assert.deepEqual(await subscribe(2), {});
  const own = await ask("GET");
  server.change("ann");
  caller = callerOf("ann", ["market:read"]);
  assert.equal(await subscribe(3), undefined);
  await ask("DELETE");
  assert.match(await own.text(), /notifications\/resources\/updated/);
});

Deno.test("over HTTP a client that disconnects is not watched for any more", async () => {
  await using server = setup();
  const { client } = await connect(server.endpoint.url, "ann", "modern");
  const subscription = await client.listen({ resourceSubscriptions: [ORDERS] });
  assert.equal(server.watchers(), 1);
  await subscription.close();
  const look = async () => {
    await fetch(server.endpoint.url).then((response) => response.body?.cancel());
    return server.watchers();
  };
  await lookUntil((count) => count === 0, look, "it is still watched");
  await client.close();
});

Deno.test("over HTTP more than a client's maximum is refused", async () => {
  await using server = setup({ maxResources: 0 });
  const { client } = await connect(server.endpoint.url, "ann", "legacy");
  await assert.rejects(client.subscribeResource({ uri: ORDERS }), /as many subscriptions as it may/);
  await client.close();
});

Deno.test("over HTTP resources/subscribe in a request of 2026-07-28 is an unknown method", async () => {
  await using server = setup();
  const method = "resources/subscribe";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const response = await server.endpoint.send({
    headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": method },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { uri: ORDERS, _meta } }),
  });
  assert.deepEqual([response.status, (await response.json()).error.code], [404, -32601]);
});
