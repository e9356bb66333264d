/** What is answered without the SDK, against the SDK: the same bytes for the same messages. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { LOCAL_CALLER } from "../../src/access/caller.ts";
import type { CallerFacts } from "../../src/access/caller.ts";
import { listingOf } from "../../src/protocol/listing.ts";
import { createServerFactory } from "../../src/protocol/mcp_server.ts";
import { Opening } from "../../src/protocol/opening.ts";
import { ReadyAnswers } from "../../src/protocol/ready_answers.ts";
import { ConnectionResumption } from "../../src/protocol/resumption.ts";
import { Resumptions } from "../../src/session/resumptions.ts";
import { MemoryResumptionStore } from "../../src/state/shared/memory/resumptions.ts";
import { Channel } from "../../src/transport/channel.ts";
import { serveChannel } from "../../src/transport/serve_channel.ts";
import { callerOf } from "../support/callers.ts";
import { CONVERSATIONS, initialize, modern, notification, request } from "./opening_corpus.ts";
import type { Conversation } from "./opening_corpus.ts";

/** A channel whose other end is a list of texts. */
class TestChannel extends Channel {
  protected readonly unread = 0;
  readonly written: string[] = [];

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Sends a message, and waits until whatever it leads to has been written. */
  async say(message: JSONRPCMessage): Promise<void> {
    this.receive(JSON.stringify(message));
    await this.quiet();
    await new Promise(setImmediate);
  }

  protected write(text: string): void {
    this.written.push(text);
  }

  protected end(): void {}
}

interface Peer {
  readonly caller?: CallerFacts;
  /** Whether all is left to the SDK. */
  readonly isBare: boolean;
}

const identity = { name: "luno-mcp-server", version: "1.2.3" };
const listing = listingOf(["market", "account", "server"]);
const answers = new ReadyAnswers({ identity, listing });
const createServer = createServerFactory({
  identity,
  listing,
  backend: () => Promise.reject(new Error("no call reaches a tool here")),
});

/** What a conversation is answered, and whether a server object was made for it. */
async function hold(conversation: Conversation, { caller = LOCAL_CALLER, isBare }: Peer) {
  const opening = new Opening(isBare ? undefined : answers, caller);
  const resumptions = new Resumptions(new MemoryResumptionStore(() => 0));
  const connection = {
    identity: caller.identity,
    sessionId: "",
    subscriptions: [],
    isClosed: false,
    superseded: assert.fail,
  };
  const resumption = new ConnectionResumption({ resumptions, connection, goOn: () => assert.fail() });
  const channel = new TestChannel(isBare ? {} : { opening, resumption });
  let servers = 0;
  const handle = serveChannel(channel, {
    ...(isBare ? {} : { opening }),
    loadServer: () =>
      Promise.resolve(() => {
        servers++;
        return createServer(() => caller);
      }),
    failed: () => {},
  });
  for (const message of conversation) await channel.say(message);
  await handle.close();
  await resumptions.close();
  return { written: channel.written, servers };
}

for (const [name, conversation] of Object.entries(CONVERSATIONS)) {
  Deno.test(`Opening answers exactly like the SDK: ${name}`, async () => {
    const [ours, theirs] = [await hold(conversation, { isBare: false }), await hold(conversation, { isBare: true })];
    assert.deepEqual(ours.written, theirs.written);
    const isAnswer = (text: string) => !("method" in JSON.parse(text));
    const asked = conversation.filter((message) => "method" in message && "id" in message);
    assert.equal(ours.written.filter(isAnswer).length, asked.length, "each request has an answer");
  });
}

Deno.test("Opening answers exactly like the SDK to callers with fewer rights", async () => {
  for (const scopes of [["market:read"], ["account:read"], ["market:read", "server:admin"], []] as const) {
    const caller = callerOf("key:ann", scopes);
    for (const name of ["initialize, initialized and every list", "a discovery and every list"]) {
      const conversation = CONVERSATIONS[name] ?? assert.fail(name);
      const [ours, theirs] = await Promise.all([false, true].map((isBare) => hold(conversation, { caller, isBare })));
      assert.deepEqual(ours?.written, theirs?.written, scopes.join());
    }
  }
});

Deno.test("Opening needs no server object for openings, pings and lists", async () => {
  for (
    const name of [
      "initialize, initialized and every list",
      "a discovery and every list",
      "every list without a discovery",
      "every list without initialize",
      "pings before and after initialize",
      "initialize twice, in two revisions",
      "a discovery, then initialize",
    ]
  ) {
    const { servers } = await hold(CONVERSATIONS[name] ?? assert.fail(name), { isBare: false });
    assert.equal(servers, 0, name);
  }
});

Deno.test("a server that is created late learns once what its client said at the opening", async () => {
  const opening = new Opening(answers, LOCAL_CALLER);
  const channel = new TestChannel({ opening });
  const heard: unknown[] = [];
  const handle = serveChannel(channel, {
    opening,
    loadServer: () =>
      Promise.resolve(() => {
        const server = createServer(() => LOCAL_CALLER);
        server.oninitialized = () => {
          const revision = server.getNegotiatedProtocolVersion();
          heard.push([server.getClientVersion()?.name, server.getClientCapabilities(), revision]);
        };
        return server;
      }),
    failed: assert.fail,
  });
  const capabilities = { elicitation: { form: {} } };
  await channel.say(initialize(0, { protocolVersion: "2025-06-18", capabilities }));
  await channel.say(notification("notifications/initialized"));
  assert.deepEqual(heard, []);
  const asked = [request(1, "no/such"), request(2, "ping"), request(3, "no/such")];
  for (const message of asked) channel.receive(JSON.stringify(message));
  await channel.say(request(4, "no/such"));
  assert.deepEqual(heard, [["claude-ai", capabilities, "2025-06-18"]]);
  assert.deepEqual(channel.written.map((text) => JSON.parse(text).id).sort(), [0, 1, 2, 3, 4]);
  await handle.close();
});

Deno.test("requests are answered even when no server can be created, and the next one tries again", async () => {
  const opening = new Opening(answers, LOCAL_CALLER);
  const channel = new TestChannel({ opening });
  const failures: string[] = [];
  let tries = 0;
  const handle = serveChannel(channel, {
    opening,
    loadServer: () =>
      tries++ === 0 ? Promise.reject(new Error("no room")) : Promise.resolve(() => createServer(() => LOCAL_CALLER)),
    failed: ({ message }) => failures.push(message),
  });
  await channel.say(initialize(0));
  await channel.say(request(1, "no/such"));
  await channel.say(request(2, "no/such"));
  assert.deepEqual(failures, ["no room"]);
  assert.deepEqual(channel.written.slice(1).map((text) => JSON.parse(text).error.code), [-32603, -32601]);
  await handle.close();
});

Deno.test("Opening answers exactly like the SDK for any messages in any order", async () => {
  const envelopes = [undefined, {}, { "io.modelcontextprotocol/protocolVersion": "2099-01-01" }, {
    "io.modelcontextprotocol/protocolVersion": "2025-03-26",
  }];
  const message = fc.tuple(
    fc.constantFrom(
      "ping",
      "initialize",
      "server/discover",
      "tools/list",
      "prompts/list",
      "no/such",
      "notifications/initialized",
      "notifications/roots/list_changed",
    ),
    fc.constantFrom(...envelopes),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 7 }), async (messages) => {
      const conversation = messages.map(([method, meta], id) => {
        const claimed = meta && modern(id, method, { meta });
        if (!method.startsWith("notifications/")) {
          return claimed ?? (method === "initialize" ? initialize(id) : request(id, method));
        }
        const params = claimed && "params" in claimed ? claimed.params : undefined;
        return notification(method, params);
      });
      const [ours, theirs] = [await hold(conversation, { isBare: false }), await hold(conversation, { isBare: true })];
      assert.deepEqual(ours.written, theirs.written);
    }),
    { numRuns: 400 },
  );
});
