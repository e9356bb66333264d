/**
 * Random histories of a whole service, while servers, Redis and PostgreSQL are killed or frozen. Afterwards every
 * idempotency key has one outcome, the exchange has the reported orders, once, no identity was answered in another
 * one's session, every trade of an own order was read once, and no caller was allowed more than its limits.
 */

import type { Json } from "../support/exchange.ts";
import { lookUntil } from "../support/look_until.ts";
import { Dice } from "../trading/chance.ts";
import { FillReader } from "./fill_reader.ts";
import { GreedyCaller } from "./greedy_caller.ts";
import { SHIPPED } from "./program.ts";
import { Service } from "./service.ts";
import { ServiceCaller, WAYS } from "./service_caller.ts";

/** Faults during a history. */
const STRIKES = [
  "none",
  "kill server",
  "end server",
  "stop server",
  "kill database",
  "stop database",
  "kill Redis",
  "stop Redis",
] as const;

type Strike = (typeof STRIKES)[number];

/** The results of the histories. */
export interface ServiceTally {
  readonly histories: number;
  readonly calls: number;
  readonly orders: number;
  /** Trades of own orders that were read. */
  readonly trades: number;
  readonly strikes: Readonly<Partial<Record<Strike, number>>>;
  /** Calls that a session answered, and sessions that had ended when they were called. */
  readonly sessions: { readonly answered: number; readonly ended: number };
  /** Calls of one identity that were allowed, and the maximum that its limit allows in that time. */
  readonly limit: { readonly admitted: number; readonly allowed: number };
  readonly violations: readonly string[];
}

const SERVERS = 3;
const MOST_CALLS = 12;
const MOST_KEYS = 4;
const STANDSTILL_MS = 3_000;
/** How often the trades of an order are read to their end. */
const READS = 3;
const TRADERS = ["alice", "bob"] as const;
const TRADING = ["market:read", "account:read", "orders:write"];
/** What an identity that does not trade may call per minute. */
const GREEDY_LIMIT = 120;

interface Trader {
  readonly name: string;
  readonly key: string;
  readonly caller: ServiceCaller;
}

/** What a caller was answered for an idempotency key. */
interface Told {
  readonly trader: Trader;
  readonly key: string;
  readonly answer: Json | undefined;
}

/** Runs histories one after another, on one service. */
export async function runServiceHistories(count: number, seed: number): Promise<ServiceTally> {
  const [program] = SHIPPED;
  if (program === undefined) throw new TypeError("Cannot run histories as there is no program");
  const access = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(access, JSON.stringify(accessFile()), { mode: 0o600 });
    const flags = ["--trading", "auto", "--access", access, "--drain-time", "1"];
    await using service = await Service.start(program, { servers: SERVERS, flags });
    const run = await ServiceRun.start(service, new Dice(seed));
    for (let history = 0; history < count; history++) await run.history(history);
    return await run.tally(count);
  } finally {
    await Deno.remove(access);
  }
}

function accessFile(): object {
  const wide = { scopes: TRADING, rate_limit: 100_000 };
  const traders = Object.fromEntries(TRADERS.map((name) => [`key:${name}`, wide]));
  return { identities: { ...traders, "key:greedy": { scopes: ["market:read"], rate_limit: GREEDY_LIMIT } } };
}

/** The service of a run, and its answers. */
class ServiceRun {
  readonly #service: Service;
  readonly #dice: Dice;
  readonly #traders: readonly Trader[];
  readonly #greedy: GreedyCaller;
  readonly #strikes: Partial<Record<Strike, number>> = {};
  readonly #violations: string[] = [];
  readonly #placed = new Set<string>();
  #calls = 0;
  #trades = 0;

  private constructor(parts: { service: Service; dice: Dice; traders: readonly Trader[]; greedy: GreedyCaller }) {
    this.#service = parts.service;
    this.#dice = parts.dice;
    this.#traders = parts.traders;
    this.#greedy = parts.greedy;
  }

  static async start(service: Service, dice: Dice): Promise<ServiceRun> {
    const keyFor = async (name: string, scopes: readonly string[]) =>
      (await service.command("keys", "create", name, "--scopes", scopes.join())).trim();
    const { url } = service.balancer;
    const traders: Trader[] = [];
    for (const name of TRADERS) {
      const key = await keyFor(name, TRADING);
      traders.push({ name, key, caller: new ServiceCaller(url, key) });
    }
    const greedy = new GreedyCaller(url, { key: await keyFor("greedy", ["market:read"]), perMinute: GREEDY_LIMIT });
    return new ServiceRun({ service, dice, traders, greedy });
  }

  async history(number: number): Promise<void> {
    const order = await this.#service.world.resting();
    const keys = Array.from({ length: 1 + this.#dice.below(MOST_KEYS) }, (_each, key) => `h${number}-k${key}`);
    const calls = Array.from({ length: 1 + this.#dice.below(MOST_CALLS) }, () => this.#dice.pick(keys));
    const strike = this.#dice.pick(STRIKES);
    this.#strikes[strike] = (this.#strikes[strike] ?? 0) + 1;
    const asked = calls.map(async (key): Promise<Told> => {
      const [trader, way] = [this.#dice.pick(this.#traders), this.#dice.pick(WAYS)];
      await pause(this.#dice.below(100));
      this.#calls++;
      return { trader, key, answer: await trader.caller.call(way, "place_order", { ...order, idempotency_key: key }) };
    });
    const fills = this.#followFills(number);
    await pause(this.#dice.below(100));
    await this.#strike(strike);
    const told = await Promise.all(asked);
    await fills;
    await this.#trySessions();
    for (const [trader, key] of uniqueKeys(told)) {
      const last = await this.#settled(trader, { ...order, idempotency_key: key });
      this.#compare(`${trader.name} ${key}`, last, told.filter((each) => each.trader === trader && each.key === key));
    }
  }

  /** Causes a fault, and lets everything continue. */
  async #strike(strike: Strike): Promise<void> {
    const { postgres, redis, servers } = this.#service;
    const victim = this.#dice.below(SERVERS);
    if (strike === "kill server") await this.#service.restart(victim, "SIGKILL");
    if (strike === "end server") await this.#service.restart(victim, "SIGTERM");
    if (strike === "stop server") {
      servers[victim]?.child.kill("SIGSTOP");
      await pause(STANDSTILL_MS);
      servers[victim]?.child.kill("SIGCONT");
    }
    if (strike === "kill database") {
      await postgres.kill();
      await postgres.restart();
    }
    if (strike === "stop database") {
      await postgres.pause();
      await pause(STANDSTILL_MS);
      await postgres.resume();
    }
    if (strike === "kill Redis") {
      await redis.stop();
      await redis.start();
    }
    if (strike === "stop Redis") {
      redis.freeze();
      await pause(STANDSTILL_MS);
      redis.thaw();
    }
  }

  /** Has an order filled at once in part and then as the market moves, and reads its trades meanwhile. */
  async #followFills(number: number): Promise<void> {
    const { world } = this.#service;
    const trader = this.#dice.pick(this.#traders);
    const { order_id } = await this.#settled(trader, {
      ...await world.crossing(),
      idempotency_key: `h${number}-fills`,
    });
    this.#placed.add(order_id);
    const reader = new FillReader(trader.caller, order_id);
    for (let read = 0; read < READS; read++) await reader.untilRead(world.exchange.tradesOf(order_id));
    const there = world.exchange.tradesOf(order_id).slice(0, reader.read.length);
    this.#trades += there.length;
    if (reader.read.join() !== there.join()) {
      this.#violations.push(`order ${order_id} was filled by ${there.join()}, and ${reader.read.join()} was read`);
    }
  }

  /** Each tries the sessions of the others. */
  async #trySessions(): Promise<void> {
    for (const { name, caller } of this.#traders) {
      for (const other of this.#traders.filter((each) => each.name !== name)) {
        const status = await caller.statusFor(other.key).catch(() => 0);
        if (status === 200) this.#violations.push(`${other.name} was answered in the session of ${name}`);
      }
    }
  }

  /** Repeats the question until the outcome of an order is known. */
  async #settled({ caller, name }: Trader, order: Record<string, unknown>): Promise<Json> {
    const isKnown = (answer: Json | undefined) => ["placed", "not_placed"].includes(answer?.status);
    const ask = () => caller.call(this.#dice.pick(WAYS), "place_order", order);
    return await lookUntil(isKnown, ask, `it is not known what became of an order of ${name}`);
  }

  /** Earlier answers about a key still hold. */
  #compare(key: string, last: Json, told: readonly Told[]): void {
    if (last.status === "placed") this.#placed.add(last.order_id);
    for (const { answer } of told) {
      if (answer?.status === "placed" && answer.order_id !== last.order_id) {
        this.#violations.push(`${key}: told of order ${answer.order_id}, then of ${last.order_id ?? last.status}`);
      }
      if (answer?.status === "not_placed" && last.status === "placed") {
        this.#violations.push(`${key}: told that nothing was placed, then of order ${last.order_id}`);
      }
    }
  }

  async tally(histories: number): Promise<ServiceTally> {
    const limit = await this.#greedy.end();
    if (limit.admitted > limit.allowed) {
      this.#violations.push(`${limit.admitted} calls were let through where the limit allows ${limit.allowed}`);
    }
    const there = this.#service.world.orders.map(({ id }) => id);
    const unknown = there.filter((id) => !this.#placed.has(id));
    const lost = [...this.#placed].filter((id) => !there.includes(id));
    this.#violations.push(...unknown.map((id) => `order ${id} is at the exchange, and nobody was told of it`));
    this.#violations.push(...lost.map((id) => `order ${id} was told of, and the exchange has none`));
    const audit = JSON.parse(await this.#service.command("audit", "verify", "--json"));
    if (!audit.ok) this.#violations.push(`the audit is broken: ${audit.reason}`);
    const sum = (count: (trader: Trader) => number) => this.#traders.reduce((total, each) => total + count(each), 0);
    const sessions = {
      answered: sum(({ caller }) => caller.sessions.answered),
      ended: sum(({ caller }) => caller.sessions.ended),
    };
    const [calls, trades, orders, strikes] = [this.#calls, this.#trades, there.length, this.#strikes];
    return { histories, calls, orders, trades, strikes, sessions, limit, violations: this.#violations };
  }
}

function uniqueKeys(told: readonly Told[]): readonly (readonly [Trader, string])[] {
  return [...new Map(told.map(({ trader, key }) => [`${trader.name} ${key}`, [trader, key] as const])).values()];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
