/** A broker on a real record, a real executor and the simulated exchange over HTTP, on clocks that a test moves. */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { Markets } from "../../src/market/pairs.ts";
import type { ToolError } from "../../src/protocol/tool_error.ts";
import type { Scope } from "../../src/access/scopes.ts";
import type { Order as LedgerOrder } from "../../src/simulation/engine/orders.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { openDatabase } from "../../src/state/sqlite.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import type { ToolContext } from "../../src/tools/tool.ts";
import { Broker } from "../../src/trading/broker.ts";
import type { BrokerCall } from "../../src/trading/broker_parts.ts";
import type { Announcement, Asking } from "../../src/trading/confirmation/confirmer.ts";
import { OrderExecutor } from "../../src/trading/execution/executor.ts";
import { KillSwitch } from "../../src/trading/execution/kill_switch.ts";
import type { ExchangeName } from "../../src/trading/orders/order_summary.ts";
import { MAIN_ACCOUNT } from "../../src/trading/orders/trading_account.ts";
import { OpenOrderCancellation } from "../../src/trading/execution/open_order_cancellation.ts";
import { CurrentPolicies } from "../../src/trading/policy/policies.ts";
import { parsePolicyFile } from "../../src/trading/policy/policy_file.ts";
import type { PolicyFile, TradingBound } from "../../src/trading/policy/policy_file.ts";
import { MIGRATIONS } from "../../src/state/record/sqlite/record_schema.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";
import { callChecked } from "../support/checked_call.ts";
import { callerOf } from "../support/callers.ts";
import type { Json } from "../support/exchange.ts";
import { answeringLate } from "./late_record.ts";
import { FaultyExchange, NOON_MS } from "./faulty_exchange.ts";

/** Longer pauses belong to background work; they last until the executor stops. */
const BACKGROUND_MS = 2_100;

/** A test's settings for its broker. */
export interface BrokerWorldOptions {
  /** @default "auto" */
  readonly bound?: TradingBound;
  /** The content of the policy file. */
  readonly policy?: Record<string, unknown>;
}

/** A limit order to buy that rests, as a caller requests it. */
export const REST = { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001", price: "1050000" } as const;

/** A limit order to buy that is filled at once. */
export const FILL = { ...REST, price: "1180000" } as const;

/** A policy file with this content. */
export function policyFileOf(content: Record<string, unknown>): PolicyFile {
  const parsed = parsePolicyFile(JSON.stringify(content));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.file;
}

/** The record on a database that the test holds, and this process in it. */
function openRecord(folder: string) {
  const database = openDatabase(join(folder, TRADING_DATABASE), { migrations: MIGRATIONS, durable: true });
  const record = new SqliteRecord(database, { folder });
  const lock = InstanceLock.take(folder);
  record.instances.enter({ id: lock.id, pid: Deno.pid, command: "serve", startedAt: NOON_MS, cancels: ["main"] });
  return { database, record, lock, killSwitch: new KillSwitch({ halts: answeringLate(record.halts) }) };
}

/** A broker and everything around it; disposing ends it. */
export class BrokerWorld implements AsyncDisposable {
  readonly exchange = new FaultyExchange();
  readonly folder: string;
  readonly policies: CurrentPolicies;
  /** Orders that the operator was notified of. */
  readonly announced: Announcement[] = [];
  /** The local wall clock minus the exchange's. */
  skewMs = 0;
  /** The exchange's name, as people see it. */
  name: ExchangeName = { kind: "simulated", host: "127.0.0.1:9000" };
  /** Called while a call waits for a person elsewhere. */
  meanwhile: () => void | Promise<void> = () => {};
  /** Why no venue is available. */
  unreachable: Error | undefined;
  /** Called whenever the destination of orders was looked up. */
  told: () => void = () => {};
  broker: Broker;
  #opened: ReturnType<typeof openRecord>;
  #executor: OrderExecutor;
  #venue = "";
  readonly #startMs = this.exchange.clock.now;
  readonly #markets: Markets;

  private constructor(folder: string, { bound = "auto", policy }: BrokerWorldOptions) {
    this.folder = folder;
    this.policies = new CurrentPolicies(bound, policy === undefined ? undefined : policyFileOf(policy));
    this.#markets = new Markets(this.#client, { now: () => this.exchange.clock.now });
    this.#opened = openRecord(folder);
    this.#executor = this.#openExecutor();
    this.broker = this.#openBroker();
  }

  static async start(options: BrokerWorldOptions = {}): Promise<BrokerWorld> {
    const world = new BrokerWorld(await Deno.makeTempDir(), options);
    await world.#executor.recover();
    return world;
  }

  get record(): SqliteRecord {
    return this.#opened.record;
  }

  get killSwitch(): KillSwitch {
    return this.#opened.killSwitch;
  }

  get database(): DatabaseSync {
    return this.#opened.database;
  }

  get now(): number {
    return this.exchange.clock.now + this.skewMs;
  }

  /** Paths of all writes to the exchange, in the order in which they were sent. */
  get sent(): string[] {
    return this.exchange.seen.filter(({ method }) => method !== "GET").map(({ path }) => path);
  }

  /** Orders that the exchange accepted, oldest first. */
  get orders(): readonly LedgerOrder[] {
    return this.exchange.createdSince(this.#startMs).filter(({ clientOrderId }) => clientOrderId.startsWith("lm-"));
  }

  /** The options of a call to the broker. */
  call(identity = "local", asking: Asking = { canElicit: false }): BrokerCall {
    return { identity, asking, signal: new AbortController().signal, mayTrade: () => true };
  }

  /** The context of an identity's tools. */
  context(
    identity = "local",
    { scopes, asking }: { readonly scopes?: readonly Scope[]; readonly asking?: Asking } = {},
  ): ToolContext {
    const isPaper = this.broker.traderOf(identity).account === "paper";
    return {
      caller: callerOf(identity, scopes),
      exchange: this.#client,
      markets: this.#markets,
      signal: new AbortController().signal,
      now: () => this.now,
      broker: this.broker,
      ...(asking === undefined ? {} : { asking }),
      isPaper,
      server: {
        name: "luno-mcp-server",
        version: "0.0.0",
        exchange: "simulated",
        trading: this.policies.bound,
        tools: TOOLS.listed,
      },
    };
  }

  /** The answer of a tool. */
  async answer(name: string, args: Record<string, unknown>, context: ToolContext = this.context()): Promise<Json> {
    const outcome = await callChecked(toolOf(name), args, context);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome.value;
  }

  /** The error of a tool. */
  async refusal(
    name: string,
    args: Record<string, unknown>,
    context: ToolContext = this.context(),
  ): Promise<ToolError> {
    const outcome = await callChecked(toolOf(name), args, context);
    assert.ok(!outcome.ok, `${name} answered ${JSON.stringify(outcome)}`);
    return outcome.error;
  }

  /** The process crashes and restarts. */
  async restart(): Promise<void> {
    await this.#executor.stop();
    this.#leave();
    this.#opened = openRecord(this.folder);
    this.#executor = this.#openExecutor();
    this.broker = this.#openBroker();
    await this.#executor.recover();
  }

  /**
   * The exchange turns out to be another one: orders go there from now on, and what was in flight to the first ends.
   */
  moveTo(venue: string): void {
    void this.#executor.stop();
    this.#venue = venue;
    this.#executor = this.#openExecutor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#executor.stop();
    this.#leave();
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }

  readonly #client = this.exchange.connect({ skewMs: () => this.skewMs });

  #leave(): void {
    const { record, lock } = this.#opened;
    try {
      record.instances.remove(lock.id);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // What it leaves belongs to the next one.
    }
    lock.release();
    record.close();
  }

  #openExecutor(): OrderExecutor {
    const { lock: { id }, killSwitch } = this.#opened;
    const record = answeringLate(this.record);
    return new OrderExecutor({
      exchange: this.#client,
      record,
      scope: { venue: this.#venue, account: "main" },
      pendingHalt: () => killSwitch.pending,
      instance: { id, takeOver: () => record.instances.takeOver(id, ["main"]) },
      now: () => this.now,
      monotonic: () => this.exchange.clock.now,
      sleep: (ms, signal) => ms > BACKGROUND_MS ? untilAborted(signal) : this.exchange.advance(ms),
      random: () => 0.9,
    });
  }

  #openBroker(): Broker {
    const { lock: instance, killSwitch } = this.#opened;
    const record = answeringLate(this.record);
    const now = () => this.now;
    const monotonic = () => this.exchange.clock.now;
    const cancellation = new OpenOrderCancellation({
      requests: record.cancelRequests,
      instance: instance.id,
      accounts: ["main"],
      cancelAll: () => this.#executor.cancelAll({}, "kill switch"),
      now,
      monotonic,
    });
    return new Broker({
      policies: this.policies,
      record,
      killSwitch,
      markets: this.#markets,
      account: MAIN_ACCOUNT,
      instance,
      venueOf: () => {
        if (this.unreachable !== undefined) return Promise.reject(this.unreachable);
        const account = MAIN_ACCOUNT.id;
        const venue = { account, exchange: this.#client, executor: this.#executor, name: this.name, id: this.#venue };
        this.told();
        return Promise.resolve(venue);
      },
      confirmation: {
        approvals: record.approvals,
        dialogs: record.dialogs,
        announce: (order) => this.announced.push(order),
        now,
        monotonic,
        sleep: async (ms) => {
          await this.meanwhile();
          await this.exchange.advance(ms);
        },
      },
      cancels: ["main"],
      halted: () => cancellation.look(),
      now,
      monotonic,
    });
  }
}

const TOOLS = selectTools(["market", "account", "trading", "server"]);

function toolOf(name: string) {
  return TOOLS.find(name) ?? assert.fail(`there is no tool ${name}`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
