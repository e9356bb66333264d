import assert from "node:assert/strict";
import fc from "fast-check";
import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/server";
import type { Answer } from "../../src/protocol/answer.ts";
import { Channel } from "../../src/transport/channel.ts";
import type { ChannelOptions } from "../../src/transport/channel_parts.ts";
import type { RpcError } from "../../src/transport/json_rpc.ts";

/** What a request of a method needs at least. */
const PARAMS: Readonly<Record<string, unknown>> = {
  "tools/call": { name: "wait" },
  "initialize": { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } },
};

/** A channel whose other end is a list; the test answers as the SDK would. */
class TestChannel extends Channel {
  protected readonly unread = 0;
  readonly written: { id?: unknown; result?: unknown; error?: { code: number; message: string; data?: unknown } }[] =
    [];
  readonly delivered: JSONRPCMessage[] = [];
  ends = 0;

  constructor(options: ChannelOptions = {}) {
    super(options);
    this.onmessage = (message) => this.delivered.push(message);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  ask(id: number | string, method = "tools/call"): void {
    const params = PARAMS[method];
    this.receive(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  }

  cancel(requestId: number | string): void {
    this.receive(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }));
  }

  answer(id: number | string): void {
    void this.send({ jsonrpc: "2.0", id, result: {} });
  }

  /** Ids of the requests that the SDK was given. */
  get running(): unknown[] {
    return this.delivered.flatMap((message) => "id" in message && "method" in message ? [message.id] : []);
  }

  protected write(text: string): void {
    this.written.push(JSON.parse(text));
  }

  protected end(): void {
    this.ends++;
  }
}

/** A fast path whose answers the test gives. */
function manualFastPath() {
  const taken = new Map<unknown, { signal: AbortSignal; resolve: (answer: Answer) => void }>();
  return {
    taken,
    take(request: JSONRPCRequest, { signal }: { signal: AbortSignal }): Promise<Answer> | undefined {
      if (request.method !== "tools/call") return undefined;
      const { promise, resolve } = Promise.withResolvers<Answer>();
      taken.set(request.id, { signal, resolve });
      return promise;
    },
    answered(): void {},
  };
}

Deno.test("Channel runs requests concurrently up to its limit and the others in order of arrival", () => {
  const channel = new TestChannel({ maxInFlight: 2 });
  for (const id of [1, 2, 3, 4]) channel.ask(id);
  assert.deepEqual(channel.running, [1, 2]);
  channel.answer(2);
  assert.deepEqual(channel.running, [1, 2, 3]);
  channel.answer(1);
  assert.deepEqual(channel.running, [1, 2, 3, 4]);
});

Deno.test("Channel refuses requests that find the queue full, with their id and when to retry", () => {
  const channel = new TestChannel({ maxInFlight: 1, maxQueue: 1 });
  for (const id of ["a", "b", "c"]) channel.ask(id);
  assert.deepEqual(channel.written, [{
    jsonrpc: "2.0",
    id: "c",
    error: {
      code: -32000,
      message: "Too many requests at once: 1 run and 1 wait: send this one when others are answered",
      data: { code: "ERR_QUEUE_FULL", retryable: true, retryAfterMs: 1_000 },
    },
  }]);
});

Deno.test("Channel lets pings, openings and cancellations overtake a busy client's own calls", () => {
  const channel = new TestChannel({ maxInFlight: 1, maxQueue: 0 });
  channel.ask(1);
  for (const method of ["ping", "initialize", "server/discover"]) channel.ask(method, method);
  assert.deepEqual(channel.running, [1, "ping", "initialize", "server/discover"]);
  channel.cancel(1);
  channel.ask(2);
  assert.equal(channel.running.at(-1), 2);
});

Deno.test("Channel answers a failed request with an internal error, and continues", async () => {
  const { promise: failing, reject } = Promise.withResolvers<Answer>();
  const channel = new TestChannel({ fastPath: { take: ({ id }) => id === 1 ? failing : undefined } });
  channel.ask(1);
  reject(new Error("canary"));
  await assert.rejects(failing);
  await Promise.resolve();
  assert.deepEqual(channel.written.map(({ id, error }) => [id, error?.code]), [[1, -32603]]);
  assert.doesNotMatch(JSON.stringify(channel.written), /canary/);
  channel.ask(2);
  assert.deepEqual(channel.running, [2]);
});

Deno.test("Channel drops a queued request that is cancelled, without an answer", () => {
  const channel = new TestChannel({ maxInFlight: 1 });
  for (const id of [1, 2, 3]) channel.ask(id);
  channel.cancel(2);
  channel.answer(1);
  assert.deepEqual(channel.running, [1, 3]);
  assert.equal(channel.pending, 1);
});

Deno.test("Channel checks admission before it does anything, also for what is not a message, but not for pings", () => {
  const error = { code: -32000, message: "no", data: { code: "ERR_TOO_MANY_REQUESTS" } };
  const channel = new TestChannel({ admit: () => error });
  channel.ask(1);
  channel.ask(2, "ping");
  assert.deepEqual(channel.written, [{ jsonrpc: "2.0", id: 1, error }]);
  assert.deepEqual(channel.running, [2]);
  channel.ask(1, "ping");
  assert.deepEqual(channel.running, [2, 1]);
  channel.ask(3, "initialize");
  channel.receive("garbage");
  assert.deepEqual(channel.written.slice(1).map(({ id, error: { message } = { message: "" } }) => [id, message]), [[
    3,
    "no",
  ], [null, "no"]]);
});

Deno.test("Channel completes running requests and refuses new ones while it drains", async () => {
  const channel = new TestChannel();
  channel.ask(1);
  const drained = channel.drain(60_000);
  channel.ask(2);
  channel.answer(1);
  assert.equal(await drained, true);
  assert.deepEqual(channel.written.map(({ id, error }) => [id, error?.data]), [
    [2, { code: "ERR_SHUTTING_DOWN", retryable: true, retryAfterMs: 5_000 }],
    [1, undefined],
  ]);
});

Deno.test("Channel that is abandoned answers running and queued requests, each as it is, and none twice", async () => {
  const fastPath = manualFastPath();
  const channel = new TestChannel({ maxInFlight: 2, fastPath });
  channel.ask(1);
  channel.ask(2, "tools/list");
  channel.ask(3);
  assert.equal(await channel.drain(1), false);
  channel.abandon();
  fastPath.taken.get(1)?.resolve({ result: {} });
  assert.equal(await channel.drain(60_000), true);
  assert.deepEqual(channel.written.map(({ id, error }) => [id, error?.data]), [
    [1, { code: "ERR_SESSION_ENDED", retryable: false }],
    [2, { code: "ERR_SESSION_ENDED", retryable: false }],
    [3, { code: "ERR_SHUTTING_DOWN", retryable: true, retryAfterMs: 5_000 }],
  ]);
  assert.deepEqual(channel.delivered.map((message) => "method" in message && message.method), [
    "tools/list",
    "notifications/cancelled",
  ]);
});

Deno.test("Channel.drain() continues as long as answers arrive, on request", async () => {
  const channel = new TestChannel();
  channel.ask(1);
  channel.ask(2);
  const drained = channel.drain(1, { whileAnswering: true });
  channel.answer(1);
  setTimeout(() => channel.answer(2), 1);
  assert.equal(await drained, true);
});

Deno.test("Channel answers from the fast path with the request's id and releases its slot", async () => {
  const fastPath = manualFastPath();
  const channel = new TestChannel({ maxInFlight: 1, fastPath });
  channel.ask(1);
  channel.ask(2);
  fastPath.taken.get(1)?.resolve({ result: { value: 1 } });
  await channel.drain(0);
  assert.deepEqual(channel.written, [{ jsonrpc: "2.0", id: 1, result: { value: 1 } }]);
  assert.deepEqual([...fastPath.taken.keys()], [1, 2]);
  assert.deepEqual(channel.delivered, []);
});

Deno.test("Channel answers any number of queued requests in order when the fast path has their answers", async () => {
  const first = Promise.withResolvers<Answer>();
  const take = ({ id }: JSONRPCRequest) => id === 0 ? first.promise : { result: { id } };
  const channel = new TestChannel({ maxInFlight: 1, fastPath: { take } });
  const ids = Array.from({ length: 20_000 }, (_, id) => id);
  for (const id of ids) channel.ask(id);
  assert.deepEqual(channel.written, []);
  first.resolve({ result: {} });
  await channel.drain(0);
  assert.deepEqual(channel.written.map(({ id }) => id), ids);
});

Deno.test("Channel aborts fast-path work when it is cancelled or the connection ends, and does not answer it", async () => {
  const fastPath = manualFastPath();
  const channel = new TestChannel({ fastPath });
  for (const id of [1, 2]) channel.ask(id);
  channel.cancel(1);
  assert.equal(fastPath.taken.get(1)?.signal.aborted, true);
  assert.equal(fastPath.taken.get(2)?.signal.aborted, false);
  await channel.close();
  await channel.close();
  assert.equal(fastPath.taken.get(2)?.signal.aborted, true);
  for (const { resolve } of fastPath.taken.values()) resolve({ result: {} });
  await channel.drain(0);
  assert.deepEqual([channel.written, channel.ends], [[], 1]);
});

Deno.test("Channel notifies its observer of every request once, and of its outcome", () => {
  const events: unknown[] = [];
  const channel = new TestChannel({
    maxInFlight: 1,
    maxQueue: 0,
    observer: {
      received: ({ id }) => events.push(["received", id]),
      answered: ({ id }, { isError }) => events.push(["answered", id, isError]),
      refused: (request, { code }) => events.push(["refused", request?.id, code]),
    },
  });
  channel.ask(1);
  channel.ask(2);
  channel.answer(1);
  channel.receive("garbage");
  assert.deepEqual(events, [
    ["received", 1],
    ["received", 2],
    ["refused", 2, -32000],
    ["answered", 1, false],
    ["refused", undefined, -32700],
  ]);
});

Deno.test("Channel reports requests that are answered at once like all others, whether they were queued or not", async () => {
  const first = Promise.withResolvers<Answer>();
  const events: string[] = [];
  const tell = (event: string) => ({ id }: { readonly id: string | number }) => void events.push(`${event} ${id}`);
  const channel = new TestChannel({
    maxInFlight: 1,
    fastPath: { take: ({ id }) => id === "slow" ? first.promise : { result: { id } } },
    observer: {
      received: tell("received"),
      queued: tell("queued"),
      started: tell("started"),
      answered: tell("answered"),
      refused: () => events.push("refused"),
    },
  });
  for (const id of ["at once", "slow", "second", "third"]) channel.ask(id);
  assert.deepEqual([channel.pending, channel.written.map(({ id }) => id)], [3, ["at once"]]);
  channel.ask("third");
  first.resolve({ result: {} });
  await channel.drain(60_000);
  assert.deepEqual(events, [
    "received at once",
    "started at once",
    "answered at once",
    "received slow",
    "started slow",
    "received second",
    "queued second",
    "received third",
    "queued third",
    "received third",
    "refused",
    "answered slow",
    "started second",
    "answered second",
    "started third",
    "answered third",
  ]);
  assert.deepEqual(channel.written.map(({ id }) => id), ["at once", "third", "slow", "second", "third"]);
});

Deno.test("Channel answers, cancels or refuses every request exactly once, and never runs more than its limit", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), id: fc.nat(30) }),
    fc.record({ kind: fc.constant("answer" as const), id: fc.nat(30) }),
    fc.record({ kind: fc.constant("cancel" as const), id: fc.nat(30) }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(4),
      (steps, maxInFlight, maxQueue) => {
        const channel = new TestChannel({ maxInFlight, maxQueue });
        const open = new Set<number>();
        const running = new Set<unknown>();
        for (const { kind, id } of steps) {
          const before = channel.written.length;
          if (kind === "ask") {
            const wasOpen = open.has(id);
            channel.ask(id);
            const refused = channel.written.length > before;
            assert.equal(refused, wasOpen || open.size >= maxInFlight + maxQueue);
            if (!refused) open.add(id);
          } else if (kind === "cancel") {
            channel.cancel(id);
            open.delete(id);
            running.delete(id);
          } else if (running.has(id)) {
            channel.answer(id);
            open.delete(id);
            running.delete(id);
          }
          for (const message of channel.delivered.splice(0)) if ("id" in message) running.add(message.id);
          assert.ok(running.size <= maxInFlight);
          assert.equal(channel.pending, open.size);
        }
      },
    ),
  );
});

Deno.test("Channel does not count what its client cancels as an error", () => {
  const outcomes: boolean[] = [];
  const observer = {
    received() {},
    answered: (_: unknown, { isError }: { isError: boolean }) => outcomes.push(isError),
    refused() {},
  };
  const fastPath = manualFastPath();
  const channel = new TestChannel({ fastPath, observer, maxInFlight: 1 });
  channel.ask(1);
  channel.ask(2);
  for (const id of [2, 1]) channel.cancel(id);
  assert.deepEqual(outcomes, [false, false]);
});

/** Admissions that the test gives, in the order of asking. */
function manualAdmission() {
  const asked: PromiseWithResolvers<RpcError | undefined>[] = [];
  return {
    asked,
    admit() {
      const admission = Promise.withResolvers<RpcError | undefined>();
      asked.push(admission);
      return admission.promise;
    },
  };
}

Deno.test("Channel keeps the order of messages that arrive while a request waits for admission", async () => {
  const { asked, admit } = manualAdmission();
  const channel = new TestChannel({ admit });
  channel.ask(1);
  channel.ask(2);
  channel.cancel(1);
  channel.ask(3, "ping");
  assert.deepEqual([channel.running, asked.length], [[], 1]);
  asked[0]?.resolve(undefined);
  await Promise.resolve();
  assert.deepEqual([channel.running, asked.length], [[1], 2]);
  asked[1]?.resolve({ code: -32000, message: "Too many requests" });
  await Promise.resolve();
  assert.deepEqual(channel.written.map(({ id, error }) => [id, error?.message]), [[2, "Too many requests"]]);
  assert.deepEqual(channel.running, [1, 3]);
});

Deno.test("Channel answers a request that was waiting for admission when it began to end", async () => {
  const { asked, admit } = manualAdmission();
  const channel = new TestChannel({ admit });
  channel.ask(1);
  const drained = channel.drain(60_000);
  asked[0]?.resolve(undefined);
  assert.equal(await drained, true);
  assert.deepEqual(channel.written.map(({ id, error }) => [id, error?.data]), [
    [1, { code: "ERR_SHUTTING_DOWN", retryable: true, retryAfterMs: 5_000 }],
  ]);
});

Deno.test("Channel releases what waits for admission when it closes", async () => {
  const { asked, admit } = manualAdmission();
  const channel = new TestChannel({ admit });
  channel.ask(1);
  channel.ask(2);
  await channel.close();
  asked[0]?.resolve(undefined);
  await Promise.resolve();
  assert.deepEqual([channel.running, channel.written, asked.length], [[], [], 1]);
});
