/**
 * Clients that disconnect while their orders wait: over real sockets, with an exchange over HTTP and the record on
 * disk.
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { WebSocket } from "ws";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";

import { lookUntil } from "../support/look_until.ts";
import type { Program } from "./program.ts";
import type { Json } from "./requests.ts";
import type { RunningServer } from "./servers.ts";
import { SocketClient } from "./socket_client.ts";
import { TradingWorld } from "./trading_world.ts";

/** Calls per minute, of which reads of the account may use all but one. */
const CALLS = 19;

/** The program from source, with a monotonic clock set by the test. */
const PROGRAM: Program = {
  name: "source",
  command: Deno.execPath(),
  args: ["run", "--quiet", "--no-prompt", "-P=serve", "tests/e2e/told_clock_server.ts"],
};

/** A server whose call budget stays used up until its clock moves; disposing ends it. */
class SlowServer implements AsyncDisposable {
  readonly trading: TradingWorld;
  readonly #server: RunningServer;
  readonly #clock: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(trading: TradingWorld, server: RunningServer) {
    this.trading = trading;
    this.#server = server;
    this.#clock = server.child.stdin.getWriter();
  }

  static async start(trading: TradingWorld, mode: "confirm" | "auto"): Promise<SlowServer> {
    return new SlowServer(trading, await trading.serve(PROGRAM, mode, { flags: ["--api-rate-limit", String(CALLS)] }));
  }

  /** Sets the clock to a time since the start; it continues from there unless it is to stand still. */
  async setClock(elapsedMs: number, { isStill = false } = {}): Promise<void> {
    await this.#clock.write(new TextEncoder().encode(`${elapsedMs}${isStill ? " still" : ""}\n`));
  }

  async connect(): Promise<{ readonly client: SocketClient; readonly socket: WebSocket }> {
    const socket = new WebSocket(this.#server.ws);
    return { client: await SocketClient.open(socket), socket };
  }

  /** One call of a client that stays until it is answered. */
  async call(name: string, args: Record<string, unknown>): Promise<Json> {
    await using client = (await this.connect()).client;
    const { result, error } = await client.ask(name, args);
    return result ?? { error };
  }

  /**
   * Makes a call, and once it runs breaks its connection and waits until it has ended; `meanwhile` runs before that.
   */
  async callAndLeave(name: string, args: Record<string, unknown>, meanwhile = () => Promise.resolve()): Promise<void> {
    const { client, socket } = await this.connect();
    client.send({ jsonrpc: "2.0", id: 1, method: name, params: args });
    await this.running(1);
    await meanwhile();
    socket.terminate();
    await client.closed;
    await this.running(0);
  }

  /** Waits until so many calls with an idempotency key run. */
  async running(count: number): Promise<void> {
    using record = new DatabaseSync(`${this.trading.state}/${TRADING_DATABASE}`, { readOnly: true });
    const rows = record.prepare("SELECT count(*) AS count FROM calls");
    const look = async () => {
      await turn();
      return Number(rows.get()?.["count"]);
    };
    await lookUntil((seen) => seen === count, look, "calls that run");
  }

  /** Reads or changes the record as a command does. */
  record<Result>(work: (store: SqliteRecord) => Result): Result {
    const store = SqliteRecord.open({ folder: this.trading.state, mode: "write" });
    try {
      return work(store);
    } finally {
      store.close();
    }
  }

  /** The audit's events of one preview's order. */
  events(previewId: string): (readonly [event: string, code: unknown])[] {
    const rows = this.record(({ audit }) => audit.trail({ identity: "local" }));
    const [clientOrderId] = rows.filter(({ data }) => data.includes(previewId)).flatMap((row) =>
      row.clientOrderId ?? []
    );
    return rows.filter((row) => row.clientOrderId === clientOrderId).map(({ event, data }) =>
      [event, JSON.parse(data).code] as const
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clock.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

Deno.test("an order that is queued for the call budget when its client disconnects is not sent, and the same call places it once", async () => {
  await using trading = await TradingWorld.start();
  await using server = await SlowServer.start(trading, "auto");
  const first = await server.call("preview_order", await trading.resting());
  await server.setClock(30_000);
  const { preview_id } = await server.call("preview_order", await trading.resting({ volume: "0.002" }));
  for (let id = 0; await isAnswered(server, id); id++) assert.ok(id < CALLS);
  const last = await server.call("place_order", { preview_id: first.preview_id });
  assert.equal(last.status, "placed", JSON.stringify(last));
  const order = { preview_id, idempotency_key: "key-1" };
  // The first calls leave the window of a minute soon: until then an order is queued.
  await server.setClock(56_000, { isStill: true });
  await server.callAndLeave("place_order", order);
  assert.equal(trading.sent.length, 1);
  assert.deepEqual(server.events(preview_id), [["preview", undefined], ["decision", "ERR_CANCELLED"]]);
  await server.setClock(61_000);
  const placed = await server.call("place_order", order);
  assert.deepEqual([placed.status, placed.repeated], ["placed", undefined], JSON.stringify(placed));
  const again = await server.call("place_order", order);
  assert.deepEqual([again.order_id, again.repeated], [placed.order_id, true]);
  assert.equal(trading.sent.length, 2);
});

Deno.test("an order that is pending approval when its client disconnects is not sent; after approval the same call places it once", async () => {
  await using trading = await TradingWorld.start();
  await using server = await SlowServer.start(trading, "confirm");
  const order = { ...await trading.resting(), idempotency_key: "key-1" };
  const asked = async () => {
    const pending = async () => (await turn(), server.record(({ approvals }) => approvals.pending(Date.now())));
    await lookUntil(({ length }) => length === 1, pending, "an approval that waits");
  };
  await server.callAndLeave("place_order", order, asked);
  const [{ id, previewId } = assert.fail()] = server.record(({ approvals }) => approvals.pending(Date.now()));
  assert.deepEqual(trading.sent, []);
  assert.deepEqual(server.events(previewId).map(([event]) => event), ["preview", "confirmation_asked"]);
  server.record(({ approvals }) => approvals.decide(id, { approved: true, by: "terminal", now: Date.now() }));
  assert.deepEqual(trading.sent, []);
  await server.setClock(5_000);
  const placed = await server.call("place_order", order);
  assert.deepEqual([placed.status, placed.repeated], ["placed", undefined], JSON.stringify(placed));
  const again = await server.call("place_order", order);
  assert.deepEqual([again.order_id, again.repeated], [placed.order_id, true]);
  assert.equal(trading.sent.length, 1);
});

/** Reads an order that nobody has read; `false` once the call budget is used up for that. */
async function isAnswered(server: SlowServer, id: number): Promise<boolean> {
  const { error } = await server.call("get_order_status", { order_id: `BXMC2CJ7HNB${String(id).padStart(4, "0")}` });
  return error?.data?.code !== "ERR_BUDGET_EXHAUSTED";
}
