/** Two real accounts on one record: each calls its own exchange with its own key, budget and breaker, and mixes with no other. */

import assert from "node:assert/strict";
import { openExchangeAccount } from "../../src/server/exchange_account.ts";
import type { OpenExchangeAccount } from "../../src/server/exchange_account.ts";
import { OrderExecutors } from "../../src/server/executors.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { startSimulation } from "../../src/simulation/server.ts";
import type { PlacementResult } from "../../src/trading/execution/placement_result.ts";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import type { Policy } from "../../src/trading/policy/policy.ts";
import type { TradingRecord } from "../../src/trading/record/trading_record.ts";
import { TestWorld } from "../cli/world.ts";
import type { RecordInstallation } from "../state/record/installation.ts";
import { startPostgresRecord } from "../state/record/postgres_record.ts";
import { RECORD_ENGINES } from "../state/record/record_engines.ts";
import { PostgresServer } from "../state/postgres_server.ts";
import { rightsBy } from "../trading/sending_rights.ts";
import { INSTANCE } from "../trading/stores.ts";

const ENGINES: Readonly<Record<string, () => Promise<RecordInstallation>>> = {
  ...RECORD_ENGINES,
  postgres: () => startPostgresRecord(server),
};

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

class LiveWorld extends TestWorld {
  override now(): number {
    return Date.now();
  }
}

/** A simulated exchange, and what was asked of it: by which key, along which path. */
class Venue implements AsyncDisposable {
  readonly url: URL;
  readonly asked: { readonly key: string | undefined; readonly path: string }[] = [];
  readonly #simulation: Awaited<ReturnType<typeof startSimulation>>;
  readonly #relay: Deno.HttpServer<Deno.NetAddr>;
  /** Whether it is out of order. */
  isDown = false;

  private constructor(simulation: Awaited<ReturnType<typeof startSimulation>>) {
    this.#simulation = simulation;
    this.#relay = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#handle(request));
    this.url = new URL(`http://127.0.0.1:${this.#relay.addr.port}`);
  }

  static async start(): Promise<Venue> {
    return new Venue(await startSimulation({ connectionResets: false, rateLimitPerMinute: 0 }));
  }

  /** Keys that were shown. */
  get keys(): Set<string> {
    return new Set(this.asked.flatMap(({ key }) => key ?? []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay.shutdown();
    await this.#simulation.stop();
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const token = request.headers.get("authorization")?.replace("Basic ", "");
    this.asked.push({ key: token && atob(token).split(":")[0], path: pathname });
    if (this.isDown) return new Response("{}", { status: 503 });
    const { method, headers } = request;
    const body = method === "GET" ? null : await request.text();
    return await fetch(`${this.#simulation.url}${pathname}${search}`, { method, headers, body });
  }
}

/** Two venues, an account at each, and executors of both on one record. */
class TwoAccounts implements AsyncDisposable {
  readonly executors: OrderExecutors;
  readonly record: TradingRecord;
  readonly venues: readonly [Venue, Venue];
  readonly main: OpenExchangeAccount;
  readonly second: OpenExchangeAccount;
  #previews = 0;

  private constructor(record: TradingRecord, venues: readonly [Venue, Venue]) {
    const world = new LiveWorld();
    const { trading, full } = SIMULATED_KEYS;
    const open = (id: string, access: { url: URL; key: { id: string; secret: string }; limitPerMinute: number }) =>
      openExchangeAccount({ account: { id, kind: "real" }, ...access }, world);
    this.record = record;
    this.venues = venues;
    this.main = open("main", { url: venues[0].url, key: trading, limitPerMinute: 60 });
    this.second = open("second", { url: venues[1].url, key: full, limitPerMinute: 120 });
    this.executors = new OrderExecutors({
      record,
      pendingHalt: () => ({ halted: false }),
      instance: { id: INSTANCE.id, takeOver: () => record.instances.takeOver(INSTANCE.id, ["main", "second"]) },
      accounts: [this.main, this.second],
      paper: undefined,
      world,
    });
  }

  static async start(installation: RecordInstallation): Promise<TwoAccounts> {
    return new TwoAccounts(await installation.open(), [await Venue.start(), await Venue.start()]);
  }

  /** Places an order that rests, on an account. */
  async place(
    account: string,
    { policy = { mode: "auto" }, idempotencyKey }: {
      readonly policy?: Omit<Policy, "digest">;
      readonly idempotencyKey?: string;
    } = {},
  ): Promise<PlacementResult> {
    const { executor, exchange } = await this.executors.venueOf({ identity: "local", account });
    const { bid } = await exchange.call("getTicker", { pair: "XBTZAR" });
    const price = String(Math.floor(Number(bid) * 0.9));
    const terms = { policy: sealPolicy(policy), notional: { amount: "1000", currency: "ZAR" } };
    return await executor.place({
      order: { ...ORDER, price },
      identity: "local",
      previewId: `preview-${++this.#previews}`,
      idempotencyKey,
      ...rightsBy(() => terms),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executors.stop();
    this.main.exchange.close();
    this.second.exchange.close();
    for (const venue of this.venues) await venue[Symbol.asyncDispose]();
  }
}

const ORDER = { pair: "XBTZAR", base: "XBT", counter: "ZAR", side: "BUY", type: "limit", volume: "0.001" } as const;

for (const [engine, start] of Object.entries(ENGINES)) {
  Deno.test(`two accounts on one record on ${engine}: each places, limits and cancels its own orders at its own exchange`, async () => {
    await using installation = await start();
    await using accounts = await TwoAccounts.start(installation);
    const { executors, record: { journal, halts, audit }, venues: [first, other] } = accounts;
    const limited = { mode: "auto", maxPerDay: { amount: "1000", currency: "ZAR" }, maxOpenOrders: 1 } as const;
    const [mine, its] = [
      await accounts.place("main", { policy: limited, idempotencyKey: "k" }),
      await accounts.place("second", { policy: limited, idempotencyKey: "k" }),
    ];
    assert.ok(mine.status === "placed" && its.status === "placed");
    assert.notEqual(mine.client_order_id, its.client_order_id);
    const beyond = await accounts.place("second", { policy: limited });
    assert.deepEqual([beyond.status, "reason" in beyond && beyond.reason], ["refused", "ERR_LIMIT_OPEN_ORDERS"]);
    // No call went to the other's exchange, or by the other's key.
    assert.deepEqual([first.keys, other.keys], [new Set(["simulated_key"]), new Set(["simulated_full_key"])]);
    const posts = [first, other].map(({ asked }) => asked.filter(({ path }) => path === "/api/1/postorder").length);
    assert.deepEqual(posts, [1, 1]);

    await halts.pull({ by: "test", reason: "", cancelOpen: ["second"], now: Date.now() });
    const { cancelled, remaining } = await executors.cancelAll("second");
    // The exchange has orders of its own account open from before.
    assert.ok(cancelled.some(({ order_id }) => order_id === its.order_id));
    assert.deepEqual(remaining, []);
    assert.deepEqual((await journal.open()).map(({ account }) => account), ["main"]);
    assert.equal(first.asked.some(({ path }) => path === "/api/1/stoporder"), false);
    await assert.rejects(executors.venueOf({ identity: "local", account: "third" }), { code: "ERR_ACCOUNT_ELSEWHERE" });
    assert.ok((await audit.verify()).ok);
  });
}

Deno.test("two accounts: calls use the budget of their own account, and its breaker opens for it only", async () => {
  const start = ENGINES["sqlite"] ?? assert.fail();
  await using installation = await start();
  await using accounts = await TwoAccounts.start(installation);
  const { main, second, venues: [first] } = accounts;
  assert.equal((await accounts.place("main")).status, "placed");
  assert.equal((await accounts.place("second")).status, "placed");
  const budgets = () => [main, second].map(({ exchange }) => exchange.status().budget);
  const [, untouched = assert.fail()] = budgets();
  const { executor } = await accounts.executors.venueOf({ identity: "local", account: "main" });
  await executor.cancelAll({}, "local");
  const [drawn = assert.fail(), kept = assert.fail()] = budgets();
  assert.deepEqual([drawn.limitPerMinute, kept.limitPerMinute], [60, 120]);
  assert.ok(drawn.remaining < 60 && kept.remaining >= untouched.remaining);
  first.isDown = true;
  const ask = () => main.exchange.call("getTicker", { pair: "XBTZAR" });
  while (main.exchange.status().breaker.state !== "open") await assert.rejects(ask());
  assert.equal(second.exchange.status().breaker.state, "closed");
  await assert.rejects(ask(), { code: "ERR_UNAVAILABLE" });
  assert.equal((await accounts.place("second")).status, "placed");
});
