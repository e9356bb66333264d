import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { LogRecords } from "../support/log_records.ts";
import { StdioTransport } from "../../src/transport/stdio.ts";
import type { StdioTransportOptions } from "../../src/transport/stdio.ts";
import { anyCharacter } from "../support/any_character.ts";

const MAX_SIZE = 2_048;

/** A client's end of stdin. */
class Inlet {
  reads = 0;
  readonly #chunks: Uint8Array[] = [];
  #end: { error?: Error } | undefined;
  #more = Promise.withResolvers<void>();

  write(data: string | Uint8Array): void {
    this.#chunks.push(typeof data === "string" ? new TextEncoder().encode(data) : data);
    this.#wake();
  }

  send(message: unknown): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  end(error?: Error): void {
    this.#end = error === undefined ? {} : { error };
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#chunks.length === 0 && this.#end === undefined) await this.#more.promise;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      if (chunk.length > buffer.length) this.#chunks.unshift(chunk.subarray(buffer.length));
      buffer.set(chunk.subarray(0, buffer.length));
      return Math.min(chunk.length, buffer.length);
    }
    if (this.#end?.error !== undefined) throw this.#end.error;
    return null;
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }
}

/** A client's end of stdout: takes `bytesPerWrite` at a time, nothing while held, and breaks when told to. */
class Outlet {
  text = "";
  writes = 0;
  bytesPerWrite = Infinity;
  broken: Error | undefined;
  #gate: PromiseWithResolvers<void> | undefined;
  #more = Promise.withResolvers<void>();
  readonly #decoder = new TextDecoder();

  hold(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#gate?.promise;
    if (this.broken !== undefined) throw this.broken;
    const count = Math.min(bytes.length, this.bytesPerWrite);
    this.text += this.#decoder.decode(bytes.subarray(0, count), { stream: true });
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
    return count;
  }

  /** The first `count` messages, as soon as they are there. */
  async messages(count: number): Promise<Record<string, unknown>[]> {
    while (this.text.split("\n").length <= count) await this.#more.promise;
    return this.text.split("\n").slice(0, count).map((line) => JSON.parse(line));
  }
}

/** A started transport whose requests are answered at once, unless their method is `hang`. */
function setup(
  reply: (method: string) => unknown = () => ({}),
  clocks: StdioTransportOptions["clocks"] = undefined,
) {
  const stdin = new Inlet();
  const stdout = new Outlet();
  const received: JSONRPCMessage[] = [];
  const transport = new StdioTransport({ stdin, stdout }, { maxMessageSize: MAX_SIZE, clocks });
  let closes = 0;
  transport.onclose = () => closes++;
  transport.onmessage = (message) => {
    received.push(message);
    if (!("method" in message) || !("id" in message) || message.method === "hang") return;
    void transport.send({ jsonrpc: "2.0", id: message.id, result: { value: reply(message.method) } });
  };
  void transport.start();
  return { stdin, stdout, received, transport, closes: () => closes };
}

function request(id: unknown, method = "ping"): Record<string, unknown> {
  return { jsonrpc: "2.0", id, method };
}

/** What comes back for `lines`, before the answer to a good request that follows them. */
async function refusalsOf(...lines: (string | Uint8Array)[]): Promise<unknown[][]> {
  const { stdin, stdout, transport } = setup();
  for (const line of lines) {
    stdin.write(line);
    stdin.write("\n");
  }
  stdin.send(request("last"));
  stdin.end();
  await transport.ended;
  assert.equal(await transport.drain(60_000), true);
  const answers = await stdout.messages(stdout.text.split("\n").length - 1);
  assert.deepEqual(answers.pop(), { jsonrpc: "2.0", id: "last", result: { value: {} } });
  return answers.map(({ jsonrpc, id, error, ...rest }) => {
    assert.deepEqual([jsonrpc, rest], ["2.0", {}]);
    assert.ok(typeof error === "object" && error !== null && "code" in error && "message" in error);
    return [id, error.code, String(error.message)];
  });
}

async function codesOf(...lines: (string | Uint8Array)[]): Promise<unknown[][]> {
  return (await refusalsOf(...lines)).map(([id, code]) => [id, code]);
}

Deno.test("StdioTransport delivers every message in order and writes each answer on a line of its own", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: anyCharacter, maxLength: 20 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(1, 7, 4_096),
      fc.constantFrom("\n", "\r\n", "\n\n", "\n \r\n"),
      async (names, bytesPerWrite, newline) => {
        const { stdin, stdout, transport } = setup((method) => method);
        stdout.bytesPerWrite = bytesPerWrite;
        stdin.write(names.map((name, index) => JSON.stringify(request(index, `a${name}`))).join(newline));
        stdin.end();
        await transport.ended;
        assert.equal(await transport.drain(60_000), true);
        assert.ok(stdout.text.endsWith("\n"));
        assert.deepEqual(
          await stdout.messages(stdout.text.split("\n").length - 1),
          names.map((name, id) => ({ jsonrpc: "2.0", id, result: { value: `a${name}` } })),
        );
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("StdioTransport joins answers that are ready together into one write", async () => {
  const { stdin, stdout } = setup();
  stdin.write(Array.from({ length: 20 }, (_, id) => `${JSON.stringify(request(id))}\n`).join(""));
  await stdout.messages(20);
  assert.equal(stdout.writes, 1);
});

Deno.test("StdioTransport answers a line that is not JSON with a parse error and the id that can be found, and continues", async () => {
  assert.deepEqual(await codesOf('{"jsonrpc":"2.0","id":7,"method":', "nonsense", '{"method":"x","params":{"id":3}'), [
    [7, -32700],
    [null, -32700],
    [null, -32700],
  ]);
});

Deno.test("StdioTransport answers each request of a batch, and a batch without requests once", async () => {
  const batch = JSON.stringify([request(1), { jsonrpc: "2.0", method: "notifications/x" }, request("b"), 5, null]);
  assert.deepEqual(await codesOf(batch, "[]", '[{"jsonrpc":"2.0","method":"notifications/x"}]'), [
    [1, -32600],
    ["b", -32600],
    [null, -32600],
    [null, -32600],
  ]);
});

Deno.test("StdioTransport answers a batch of any length with a bounded number of refusals", async () => {
  const batch = `[${Array(200).fill('{"id":1}').join(",")}]`;
  assert.equal((await codesOf(batch)).length, 100);
});

Deno.test("StdioTransport refuses JSON that is not a message with its id, if it has one", async () => {
  const lines = [
    '{"id":1}',
    '{"jsonrpc":"1.0","id":2,"method":"x"}',
    '{"jsonrpc":"2.0","id":3,"method":4}',
    "5",
    "null",
    '"x"',
  ];
  assert.deepEqual(
    await codesOf(...lines),
    [1, 2, 3, null, null, null].map((id) => [id, -32600]),
  );
});

Deno.test("StdioTransport refuses ids that are null, fractional or of another type", async () => {
  const lines = ["null", "1.5", "true", "{}", "[1]"].map((id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
  assert.deepEqual(await codesOf(...lines), lines.map(() => [null, -32600]));
});

Deno.test("StdioTransport refuses an oversized line with its id and both sizes, and reads the next", async () => {
  const line = JSON.stringify({ ...request(7), params: { text: "x".repeat(MAX_SIZE) } });
  const last = JSON.stringify({ method: "x", params: { text: "x".repeat(200_000), id: 4 }, jsonrpc: "2.0", id: "z" });
  const [first, second] = await refusalsOf(line, last);
  assert.deepEqual(first?.slice(0, 2), [7, -32600]);
  assert.match(String(first?.[2]), new RegExp(`at most ${MAX_SIZE} bytes: current size is ${line.length}`));
  assert.deepEqual(second?.slice(0, 2), ["z", -32600]);
});

Deno.test("StdioTransport refuses a line that is not UTF-8 with its id", async () => {
  const line = new TextEncoder().encode('{"jsonrpc":"2.0","id":9,"method":"x?"}').map((byte) =>
    byte === 0x3f ? 0xff : byte
  );
  assert.deepEqual(await refusalsOf(line), [[9, -32700, "Parse error: expected UTF-8"]]);
});

Deno.test("StdioTransport survives deeply nested JSON", async () => {
  const { stdin, stdout } = setup();
  stdin.write(`${"[".repeat(MAX_SIZE)}\n${"[".repeat(1_000)}${"]".repeat(1_000)}\n`);
  stdin.write(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(300)}1${"}".repeat(300)}}\n`);
  const ids = (await stdout.messages(3)).map(({ id }) => id);
  assert.deepEqual(ids, [null, null, 1]);
});

Deno.test("StdioTransport refuses an id that is in use, until its request is answered or cancelled", async () => {
  const { stdin, stdout, transport, received } = setup();
  stdin.send(request(1, "hang"));
  stdin.send(request(1));
  stdin.send(request("1"));
  const [refused, other] = await stdout.messages(2);
  assert.deepEqual([refused?.id, other?.id], [1, "1"]);
  assert.match(JSON.stringify(refused?.error), /-32600.*id is in use/);
  assert.equal(received.length, 2, "the second request with id 1 is not delivered");

  await transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  stdin.send(request(1, "hang"));
  stdin.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  stdin.send(request(1));
  const answers = await stdout.messages(4);
  assert.ok(answers.slice(2).every(({ id, result }) => id === 1 && result !== undefined));
});

Deno.test("StdioTransport.drain() waits for the running requests and for a slow reader", async () => {
  const { stdin, stdout, transport } = setup();
  stdin.send(request(1, "hang"));
  stdin.send(request(2, "hang"));
  stdin.end();
  await transport.ended;
  let drained: boolean | undefined;
  const drain = transport.drain(60_000).then((done) => drained = done);
  await transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  await setImmediate();
  assert.equal(drained, undefined);
  stdout.hold();
  await transport.send({ jsonrpc: "2.0", id: 2, error: { code: 1, message: "no" } });
  await setImmediate();
  assert.equal(drained, undefined);
  stdout.release();
  await drain;
  assert.equal(drained, true);
  assert.equal((await stdout.messages(2)).length, 2);
});

Deno.test("StdioTransport.drain() does not wait for a request that was cancelled", async () => {
  const { stdin, transport } = setup();
  stdin.send(request(1, "hang"));
  stdin.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1, reason: "late" } });
  stdin.end();
  await transport.ended;
  assert.equal(await transport.drain(60_000), true);
});

Deno.test("StdioTransport.drain() gives up after its time", async () => {
  const { stdin, stdout, transport } = setup();
  stdin.send(request(1, "hang"));
  stdin.end();
  await transport.ended;
  assert.equal(await transport.drain(1), false);
  stdout.hold();
  await transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  assert.equal(await transport.drain(1), false);
  stdout.release();
  assert.equal(await transport.drain(60_000), true);
});

Deno.test("StdioTransport closes once when stdout fails, and stops waiting for what nobody can read", async () => {
  const { stdin, stdout, transport, closes } = setup();
  stdin.send(request(1, "hang"));
  await setImmediate();
  const drain = transport.drain(60_000);
  stdout.broken = new Deno.errors.BrokenPipe("gone");
  await transport.send({ jsonrpc: "2.0", method: "notifications/message", params: {} });
  await transport.ended;
  assert.equal(await drain, false);
  await transport.close();
  assert.equal(closes(), 1);
  await transport.send({ jsonrpc: "2.0", id: 1, result: {} });
  assert.equal(stdout.writes, 1, "nothing is written to a closed stdout");
});

Deno.test("StdioTransport ends when stdin fails, and still writes the answers to what it received", async () => {
  using log = LogRecords.start();
  const { stdin, stdout, transport } = setup();
  stdin.send(request(1));
  stdin.end(new Error("unreadable"));
  await transport.ended;
  assert.deepEqual(log.of("cannot read stdin; ending").map(({ level }) => level), ["warning"]);
  assert.equal(await transport.drain(60_000), true);
  assert.deepEqual((await stdout.messages(1)).map(({ id }) => id), [1]);
});

Deno.test("StdioTransport delivers a last message without a newline", async () => {
  const { stdin, stdout } = setup();
  stdin.write(JSON.stringify(request(1)));
  stdin.end();
  assert.deepEqual((await stdout.messages(1)).map(({ id }) => id), [1]);
});

Deno.test("StdioTransport delivers and writes nothing once it is closed, not even the rest of a chunk", async () => {
  const { stdin, stdout, transport, received } = setup();
  const deliver = transport.onmessage;
  transport.onmessage = (message) => {
    deliver?.(message);
    void transport.close();
  };
  stdin.write(`${JSON.stringify(request(1))}\n${JSON.stringify(request(2))}\nnonsense\n${JSON.stringify(request(3))}`);
  await transport.ended;
  stdin.send(request(4));
  stdin.end();
  await setImmediate();
  assert.deepEqual([received.length, stdout.text], [1, ""]);
});

Deno.test("StdioTransport stops reading while its answers are not read, and loses none of them", async () => {
  const { stdin, stdout } = setup(() => "x".repeat(1_048_576));
  stdout.hold();
  for (let id = 0; id < 20; id++) stdin.send(request(id));
  await setImmediate();
  assert.ok(stdin.reads < 15, `${stdin.reads} of 20 requests were read`);
  stdout.release();
  const answers = await stdout.messages(20);
  assert.deepEqual(answers.map(({ id }) => id), Array.from({ length: 20 }, (_, id) => id));
});

Deno.test("StdioTransport receives cancellations, answers and its input's end while many requests wait", async () => {
  const { stdin, received, transport } = setup();
  for (let id = 0; id < 500; id++) stdin.send(request(id, "hang"));
  stdin.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 0 } });
  stdin.send({ jsonrpc: "2.0", id: "dialog", result: {} });
  stdin.end();
  await transport.ended;
  const last = received.slice(-2).map((message) => "method" in message ? message.method : message.id);
  assert.deepEqual([transport.pending, ...last], [499, "hang", "dialog"]);
});

Deno.test("StdioTransport stops reading while a megabyte of requests waits, and then continues", async () => {
  const { stdin, transport } = setup();
  const params = { text: "x".repeat(1_024) };
  for (let id = 0; id < 1_500; id++) stdin.send({ ...request(id, "hang"), params });
  await setImmediate();
  const read = stdin.reads;
  assert.ok(read < 1_200, `${read} of 1500 requests were read`);
  for (let id = 0; id < 600; id++) await transport.send({ jsonrpc: "2.0", id, result: {} });
  await setImmediate();
  assert.ok(stdin.reads > read, `${stdin.reads} requests were read`);
  await transport.close();
});

Deno.test("StdioTransport disconnects from a client that does not read notifications", async () => {
  const { stdout, transport, closes } = setup();
  stdout.hold();
  const message: JSONRPCMessage = {
    jsonrpc: "2.0",
    method: "notifications/message",
    params: { data: "x".repeat(8 * 1_048_576) },
  };
  for (let sent = 0; sent < 4; sent++) await transport.send(message); // The first of them is being written.
  assert.ok(!transport.isClosed);
  await transport.send(message);
  await transport.ended;
  assert.deepEqual([transport.isClosed, closes()], [true, 1]);
  stdout.release();
});

Deno.test("StdioTransport yields to other work while a client floods, whatever it sends", async () => {
  for (const line of ["", "garbage", '{"jsonrpc":"2.0","method":"x"}', JSON.stringify(request(1))]) {
    const { stdin, transport } = setup();
    stdin.write(`${line}\n`.repeat(4_096));
    stdin.end();
    let turns = 0;
    let isOver = false;
    void transport.ended.then(() => isOver = true);
    while (!isOver) {
      await setImmediate();
      turns++;
    }
    assert.ok(turns >= 4_096 / 256, `${turns} turns beside ${JSON.stringify(line)}`);
  }
});

Deno.test("StdioTransport holds the clocks while it handles a message", async () => {
  const steps: string[] = [];
  const clocks = { hold: () => void steps.push("hold"), release: () => void steps.push("release") };
  const { stdin, stdout } = setup((method) => void steps.push(method), clocks);
  stdin.send(request(1));
  stdin.send(request(2));
  await stdout.messages(2);
  assert.deepEqual(steps, ["hold", "ping", "release", "hold", "ping", "release"]);
  stdin.end();
});
