import { InMemoryTransport } from "@modelcontextprotocol/client";
import type { ElicitResult, JSONRPCMessage } from "@modelcontextprotocol/client";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import assert from "node:assert/strict";
import { listingOf } from "../../src/protocol/listing.ts";
import { createServerFactory } from "../../src/protocol/mcp_server.ts";
import type { ToolGroup } from "../../src/tools/tool.ts";
import type { Json } from "../support/exchange.ts";
import { BrokerWorld, policyFileOf, REST } from "../trading/broker_world.ts";
import { backendOf } from "./backend.ts";
import { connectClient, ERAS } from "./connections.ts";
import type { Dialog, Era } from "./connections.ts";

const GROUPS: readonly ToolGroup[] = ["market", "account", "trading", "server"];

const YES: ElicitResult = { action: "accept", content: { place: true } };

const ORDER_LINE = "Exact order: BUY 0.001 XBT in XBTZAR at 1050000 ZAR each (limit, GTC)";

/** What a client whose person answers like this is told of an order. */
async function place(world: BrokerWorld, era: Era, dialog: Dialog): Promise<Json> {
  await using client = await connectClient(world.context(), { era, groups: GROUPS, dialog });
  const { content } = await client.callTool({ name: "place_order", arguments: REST });
  const [text] = content;
  assert.ok(text?.type === "text");
  return JSON.parse(text.text);
}

for (const era of Object.keys(ERAS) as Era[]) {
  Deno.test(`a dialog (${era}) shows the exact order, and a yes places it once`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    const shown: string[] = [];
    const placed = await place(world, era, (message) => {
      shown.push(message);
      assert.deepEqual(world.sent, []);
      return YES;
    });
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    assert.equal(shown.length, 1);
    const [question, , exchange, headline, ...details] = shown[0]?.split("\n") ?? [];
    assert.deepEqual([question, exchange, headline], [
      "Place this order?",
      "SIMULATED: simulated funds at 127.0.0.1:9000",
      "Buy 0.001 BTC for about 1 050 ZAR",
    ]);
    for (const line of [ORDER_LINE, "Asked for by: local"]) assert.ok(details.includes(line), line);
    assert.match(shown[0] ?? "", /^ZAR available: [\d. ]+ before, [\d. ]+ after$/m);
    assert.deepEqual(world.orders.map(({ id }) => id), [placed.order_id]);
    const { rows } = await world.answer("get_audit_trail", { client_order_id: placed.client_order_id });
    const events = rows.map(({ event, data }: Json) => [event, data.approved]);
    assert.deepEqual(events.slice(0, 4), [
      ["preview", undefined],
      ["confirmation_asked", undefined],
      ["confirmation", true],
      ["intent", undefined],
    ]);
  });

  Deno.test(`a dialog (${era}) shows a previewed order, and one called by an alias`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    const shown: string[] = [];
    await using client = await connectClient(world.context(), {
      era,
      groups: GROUPS,
      dialog: (message) => (shown.push(message), YES),
    });
    const preview: Json = (await client.callTool({ name: "preview_order", arguments: REST })).structuredContent;
    const { preview_id } = preview;
    const { structuredContent } = await client.callTool({ name: "place_order", arguments: { preview_id } });
    assert.equal((structuredContent as Json).status, "placed");
    const go = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1050000" };
    const alias = await client.callTool({ name: "create_order", arguments: go });
    assert.equal((alias.structuredContent as Json).status, "placed");
    assert.deepEqual(shown.map((text) => text.includes(ORDER_LINE)), [true, true]);
  });

  const REFUSALS: readonly (readonly [what: string, answer: ElicitResult])[] = [
    ["a yes without the box ticked", { action: "accept", content: { place: false } }],
    ["a refusal", { action: "decline" }],
    ["a dialog that was closed", { action: "cancel" }],
  ];
  for (const [what, answer] of REFUSALS) {
    Deno.test(`${what} (${era}) sends nothing`, async () => {
      await using world = await BrokerWorld.start({ bound: "confirm" });
      const { error } = await place(world, era, () => answer);
      assert.equal(error.code, "ERR_CONFIRMATION_DECLINED");
      assert.match(error.message, /^Nothing was sent, as the person did not confirm the order/);
      assert.deepEqual(world.sent, []);
    });
  }

  if (era === "2025-11-25") {
    Deno.test(`a dialog (${era}) that the client fails to show sends nothing, and nothing waits for it any more`, async () => {
      await using world = await BrokerWorld.start({ bound: "confirm" });
      const { error } = await place(world, era, () => {
        throw new TypeError("no window of this client");
      });
      assert.equal(error.code, "ERR_CONFIRMATION_DECLINED");
      assert.ok(!error.message.includes("window"), error.message);
      const shown: string[] = [];
      await place(world, era, (message) => (shown.push(message), { action: "decline" }));
      assert.equal(shown.length, 1);
      assert.doesNotMatch(shown[0] ?? "", /^WARNING/m);
      assert.deepEqual(world.sent, []);
    });
  }

  Deno.test(`a yes (${era}) after more than three minutes sends nothing`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    const { error } = await place(world, era, async () => {
      await world.exchange.advance(180_000);
      return YES;
    });
    assert.equal(error.code, "ERR_CONFIRMATION_UNKNOWN");
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`a yes (${era}) sends nothing once trading is halted or the policy forbids the order`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    const halted = await place(world, era, () => {
      world.record.halts.pull({ by: "terminal", reason: "test", now: world.now });
      return YES;
    });
    assert.equal(halted.error.code, "ERR_TRADING_HALTED");
    world.record.halts.lift({ by: "terminal", now: world.now });
    const changed = await place(world, era, () => {
      world.policies.replace(policyFileOf({ default: { pairs: ["ETHZAR"] } }));
      return YES;
    });
    assert.equal(changed.error.code, "ERR_POLICY_PAIR");
    assert.deepEqual(world.sent, []);
  });

  Deno.test(`replace_order (${era}) asks about more and not about less`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    const shown: string[] = [];
    let answer = YES;
    await using client = await connectClient(world.context(), {
      era,
      groups: GROUPS,
      dialog: (message) => (shown.push(message), answer),
    });
    const call = async (name: string, args: Record<string, unknown>): Promise<Json> => {
      const { content: [text] } = await client.callTool({ name, arguments: args });
      assert.ok(text?.type === "text");
      return JSON.parse(text.text);
    };
    const { order_id } = await call("place_order", { ...REST, volume: "0.003" });
    const less = await call("replace_order", { order_id, volume: "0.002" });
    assert.deepEqual([less.status, shown.length], ["replaced", 1]);
    answer = { action: "decline" };
    const refused = await call("replace_order", { order_id: less.placement.order_id, volume: "0.004" });
    assert.equal(refused.error.code, "ERR_CONFIRMATION_DECLINED");
    const dearer = await call("replace_order", { order_id: less.placement.order_id, price: "1060000" });
    assert.equal(dearer.error.code, "ERR_CONFIRMATION_DECLINED");
    answer = YES;
    const more = await call("replace_order", { order_id: less.placement.order_id, volume: "0.004" });
    assert.equal(more.status, "replaced", JSON.stringify(more));
    assert.match(
      shown.at(-1) ?? "",
      new RegExp(`^Buy .*, in place of order ${less.placement.order_id}$`, "m"),
    );
    const open: Json = await call("get_open_orders", { pair: "XBTZAR" });
    const own = open.orders.filter((order: Json) => world.orders.some(({ id }) => id === order.order_id));
    assert.deepEqual(own.map((order: Json) => [order.order_id, order.volume]), [[more.placement.order_id, "0.004"]]);
  });

  Deno.test(`cancelling (${era}) never asks`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    let asked = 0;
    await using client = await connectClient(world.context(), { era, groups: GROUPS, dialog: () => (asked++, YES) });
    const placed: Json = (await client.callTool({ name: "place_order", arguments: REST })).structuredContent;
    await client.callTool({ name: "cancel_order", arguments: { order_id: placed.order_id } });
    await client.callTool({ name: "cancel_all_orders", arguments: {} });
    assert.equal(asked, 1);
  });
}

const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
};

/** One server with a connection for each identity, on which requests are written by hand. */
class RawPeers implements AsyncDisposable {
  readonly #world: BrokerWorld;
  readonly #createServer: ReturnType<typeof createServerFactory>;
  readonly #open: { close(): Promise<void> }[] = [];
  #id = 0;

  constructor(world: BrokerWorld) {
    this.#world = world;
    const { server } = world.context();
    const backend = backendOf(world.context(), GROUPS);
    this.#createServer = createServerFactory({
      identity: server,
      listing: listingOf(GROUPS),
      backend: () => Promise.resolve({ ...backend, contextOf: ({ identity }) => world.context(identity) }),
    });
  }

  /** Sends `tools/call` as an identity and answers the result or the error. */
  async call(identity: string, params: Record<string, unknown>): Promise<Json> {
    const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
    const { caller } = this.#world.context(identity);
    const handle = serveStdio(() => this.#createServer(() => caller), { transport: serverSide });
    this.#open.push(handle, clientSide);
    const id = ++this.#id;
    const answer = Promise.withResolvers<Json>();
    clientSide.onmessage = (message: JSONRPCMessage) => {
      if ("id" in message && message.id === id) answer.resolve(message);
    };
    await clientSide.start();
    await clientSide.send({ jsonrpc: "2.0", id, method: "tools/call", params: { ...params, _meta: ENVELOPE } });
    const { result, error } = await answer.promise;
    return result ?? { error };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.reverse()) await each.close();
  }
}

const CALL = { name: "place_order", arguments: REST };

const CONFIRMED = { inputResponses: { confirm: YES } };

/** Why a call placed nothing: the tool's code, or the protocol's. */
function codeOf({ isError, content, error }: Json): unknown {
  return isError ? JSON.parse(content[0].text).error.code : error?.code;
}

/** Dialogs of keys count, as the operator says so. */
const BY_DIALOG = { default: { confirm_by: ["dialog"] } };

/** Asks as alice; `answer` is what comes back with the state. */
async function asked(
  answer: (peers: RawPeers, requestState: string, world: BrokerWorld) => Promise<void>,
): Promise<void> {
  await using world = await BrokerWorld.start({ bound: "confirm", policy: BY_DIALOG });
  await using peers = new RawPeers(world);
  const { resultType, inputRequests, requestState } = await peers.call("key:alice", CALL);
  assert.equal(resultType, "input_required");
  assert.equal(inputRequests.confirm.method, "elicitation/create");
  assert.deepEqual(world.sent, []);
  await answer(peers, requestState, world);
}

Deno.test("a state returned with a yes places the order once; a second time sends nothing", () =>
  asked(async (peers, requestState, world) => {
    const first = await peers.call("key:alice", { ...CALL, ...CONFIRMED, requestState });
    assert.equal(first.structuredContent.status, "placed");
    const second = await peers.call("key:alice", { ...CALL, ...CONFIRMED, requestState });
    assert.equal(codeOf(second), "ERR_CONFIRMATION_UNKNOWN");
    assert.equal(world.sent.length, 1);
  }));

Deno.test("of two equal answers at once only one places the order", () =>
  asked(async (peers, requestState, world) => {
    const retry = { ...CALL, ...CONFIRMED, requestState };
    await Promise.all([1, 2, 3].map(() => peers.call("key:alice", retry)));
    assert.equal(world.sent.length, 1);
  }));

const CHANGES: Readonly<Record<string, Record<string, unknown>>> = {
  "another volume": { arguments: { ...REST, volume: "0.002" } },
  "another price": { arguments: { ...REST, price: "1060000" } },
  "another argument": { arguments: { ...REST, post_only: true } },
  "another tool": { name: "replace_order", arguments: { order_id: "BXNONESUCH1", price: "1060000" } },
  "no answer": { inputResponses: {} },
  "an answer to another question": { inputResponses: { other: YES } },
  "text for the box": { inputResponses: { confirm: { action: "accept", content: { place: "true" } } } },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`a state returned with ${what} sends nothing, then or later`, () =>
    asked(async (peers, requestState, world) => {
      const changed = await peers.call("key:alice", { ...CALL, ...CONFIRMED, requestState, ...change });
      assert.notEqual(changed.structuredContent?.status, "placed");
      assert.deepEqual(world.sent, []);
      assert.ok(codeOf(changed) !== undefined, JSON.stringify(changed));
    }));
}

Deno.test("a state of another caller sends nothing and remains its owner's", () =>
  asked(async (peers, requestState, world) => {
    const retry = { ...CALL, ...CONFIRMED, requestState };
    const foreign = await peers.call("key:mallory", retry);
    assert.ok(codeOf(foreign) !== undefined, JSON.stringify(foreign));
    assert.deepEqual(world.sent, []);
    assert.equal((await peers.call("key:alice", retry)).structuredContent.status, "placed");
  }));

Deno.test("a modified state sends nothing", () =>
  asked(async (peers, requestState, world) => {
    const middle = Math.floor(requestState.length / 2);
    const flipped = requestState[middle] === "A" ? "B" : "A";
    const tampered = [
      `${requestState.slice(0, middle)}${flipped}${requestState.slice(middle + 1)}`,
      requestState.slice(0, -4),
      `${requestState}AAAA`,
      "",
      "AAAA",
    ];
    for (const state of tampered) {
      const answer = await peers.call("key:alice", { ...CALL, ...CONFIRMED, requestState: state });
      assert.notEqual(answer.structuredContent?.status, "placed", state);
    }
    assert.deepEqual(world.sent, []);
  }));

Deno.test("a state is accepted after a restart: the order is placed there, once, for its caller only", () =>
  asked(async (peers, requestState, world) => {
    await world.restart();
    await using others = new RawPeers(world);
    const retry = { ...CALL, ...CONFIRMED, requestState };
    const foreign = await others.call("key:mallory", retry);
    assert.equal(codeOf(foreign), "ERR_CONFIRMATION_UNKNOWN", JSON.stringify(foreign));
    assert.deepEqual(world.sent, []);
    assert.equal((await others.call("key:alice", retry)).structuredContent.status, "placed");
    for (const each of [peers, others]) {
      assert.equal(codeOf(await each.call("key:alice", retry)), "ERR_CONFIRMATION_UNKNOWN");
    }
    assert.equal(world.sent.length, 1);
  }));

Deno.test("a state reveals nothing of the order, and is in no row of the audit", () =>
  asked((_peers, requestState, world) => {
    assert.match(requestState, /^[A-Za-z0-9_-]{43}$/);
    const rows = world.record.audit.trail({}).map(({ data }) => data).join();
    assert.ok(!rows.includes(requestState), rows);
    return Promise.resolve();
  }));

Deno.test("a yes without a state asks again", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm", policy: BY_DIALOG });
  await using peers = new RawPeers(world);
  const answer = await peers.call("key:alice", { ...CALL, ...CONFIRMED });
  assert.equal(answer.resultType, "input_required");
  assert.deepEqual(world.sent, []);
});

for (const era of Object.keys(ERAS) as Era[]) {
  Deno.test(`a client without dialogs (${era}) waits for a person elsewhere, and nothing is sent before`, async () => {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    await using client = await connectClient(world.context(), { era, groups: GROUPS });
    const waiting: Json = (await client.callTool({ name: "place_order", arguments: REST })).structuredContent;
    assert.equal(waiting.status, "awaiting_confirmation");
    assert.match(
      waiting.message,
      /^Nothing was sent yet: within 135 s a person has to approve .* luno-mcp-server approve .* and place_order has to be called/,
    );
    assert.deepEqual(world.sent, []);
    const [{ approvalId = "", token = "" } = {}] = world.announced;
    assert.ok(token.length >= 40 && !JSON.stringify(waiting).includes(token));
    world.record.approvals.decide(approvalId, { approved: true, by: "terminal", now: world.now });
    const { preview_id } = waiting;
    const placed: Json = (await client.callTool({ name: "place_order", arguments: { preview_id } })).structuredContent;
    assert.equal(placed.status, "placed");
    assert.equal(world.sent.length, 1);
  });
}

Deno.test("a caller with a key that answers its own dialogs places nothing: a person is asked elsewhere", async () => {
  for (const identity of ["key:alice", "token:alice", "cert:alice.example", "address:10.0.0.1"]) {
    await using world = await BrokerWorld.start({ bound: "confirm" });
    await using peers = new RawPeers(world);
    const first = await peers.call(identity, CALL);
    assert.equal(first.structuredContent.status, "awaiting_confirmation", identity);
    assert.match(
      first.structuredContent.message,
      /own dialog does not count for this identity, .* "dialog" in confirm_by/,
    );
    const again = await peers.call(identity, { ...CALL, ...CONFIRMED, requestState: "AAAA" });
    assert.notEqual(again.structuredContent?.status, "placed");
    const { preview_id } = first.structuredContent;
    const own = await peers.call(identity, { name: "place_order", arguments: { preview_id }, ...CONFIRMED });
    assert.equal(own.structuredContent.status, "awaiting_confirmation");
    assert.deepEqual(world.sent, []);
    assert.equal(world.announced.length, 1);
  }
});

Deno.test("an answer to a dialog from before the policy stopped accepting dialogs sends nothing", () =>
  asked(async (peers, requestState, world) => {
    world.policies.replace(policyFileOf({ default: { confirm_by: ["page"] } }));
    const late = await peers.call("key:alice", { ...CALL, ...CONFIRMED, requestState });
    assert.equal(codeOf(late), "ERR_CONFIRMATION_IMPOSSIBLE");
    assert.deepEqual(world.sent, []);
  }));

Deno.test("a client without dialogs is refused at once when only dialogs are accepted", async () => {
  await using world = await BrokerWorld.start({ bound: "confirm", policy: BY_DIALOG });
  const refused = await world.refusal("place_order", REST);
  assert.equal(refused.code, "ERR_CONFIRMATION_IMPOSSIBLE");
  assert.match(refused.message, /only a client dialog is accepted here and this client shows none/);
  assert.deepEqual([world.announced, world.sent], [[], []]);
});
