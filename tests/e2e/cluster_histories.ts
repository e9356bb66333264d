/**
 * Random histories of three servers on one record, while servers and the database are killed or stand still. Afterwards
 * every idempotency key has one outcome, whichever server is asked, and the exchange has the orders that were told of, once.
 */

import type { Json } from "../support/exchange.ts";
import { Dice } from "../trading/chance.ts";
import { Cluster, place, settled } from "./cluster.ts";
import { PROGRAMS } from "./program.ts";
import type { RunningServer } from "./servers.ts";

/** What befalls a history. */
const STRIKES = ["none", "kill server", "stop server", "kill database", "stop database"] as const;

type Strike = (typeof STRIKES)[number];

/** What came of the histories. */
export interface ClusterTally {
  readonly histories: number;
  readonly calls: number;
  readonly orders: number;
  readonly strikes: Readonly<Partial<Record<Strike, number>>>;
  readonly violations: readonly string[];
}

const SERVERS = 3;
const MOST_CALLS = 12;
const MOST_KEYS = 4;
const STANDSTILL_MS = 3_000;

/** Runs histories one after the other, on one cluster. */
export async function runClusterHistories(count: number, seed: number): Promise<ClusterTally> {
  const [program] = PROGRAMS;
  if (program === undefined) throw new TypeError("Cannot run histories as there is no program");
  await using cluster = await Cluster.start(program);
  const run = new ClusterRun(cluster, new Dice(seed));
  for (let history = 0; history < count; history++) await run.history(history);
  return await run.tally(count);
}

/** The servers of a run, and what they have told. */
class ClusterRun {
  readonly #cluster: Cluster;
  readonly #dice: Dice;
  readonly #strikes: Partial<Record<Strike, number>> = {};
  readonly #violations: string[] = [];
  readonly #placed = new Set<string>();
  #servers: RunningServer[] = [];
  #calls = 0;

  constructor(cluster: Cluster, dice: Dice) {
    this.#cluster = cluster;
    this.#dice = dice;
  }

  async history(number: number): Promise<void> {
    while (this.#servers.length < SERVERS) this.#servers.push(await this.#cluster.serve());
    const order = await this.#cluster.world.resting();
    const keys = Array.from({ length: 1 + this.#dice.below(MOST_KEYS) }, (_each, key) => `h${number}-k${key}`);
    const calls = Array.from({ length: 1 + this.#dice.below(MOST_CALLS) }, () => this.#dice.pick(keys));
    const strike = this.#dice.pick(STRIKES);
    this.#strikes[strike] = (this.#strikes[strike] ?? 0) + 1;
    const asked = calls.map(async (key): Promise<readonly [string, Json | undefined]> => {
      const server = this.#dice.pick(this.#servers);
      await pause(this.#dice.below(100));
      this.#calls++;
      // Nobody answers where the server was killed.
      return [key, await place(server, { ...order, idempotency_key: key }).catch(() => undefined)];
    });
    await pause(this.#dice.below(100));
    await this.#strike(strike);
    const told = await Promise.all(asked);
    for (const key of new Set(calls)) {
      const server = this.#dice.pick(this.#servers);
      const last = await settled(server, { ...order, idempotency_key: key });
      this.#compare(key, last, told.filter(([each]) => each === key).map(([, answer]) => answer));
    }
  }

  /** Strikes, and lets everything go on again. */
  async #strike(strike: Strike): Promise<void> {
    const { postgres } = this.#cluster;
    const victim = this.#dice.pick(this.#servers);
    if (strike === "kill server") {
      victim.child.kill("SIGKILL");
      this.#servers = this.#servers.filter((server) => server !== victim);
    }
    if (strike === "stop server") {
      victim.child.kill("SIGSTOP");
      await pause(STANDSTILL_MS);
      victim.child.kill("SIGCONT");
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
  }

  /** What was said of a key before holds. */
  #compare(key: string, last: Json, told: readonly (Json | undefined)[]): void {
    if (last.status === "placed") this.#placed.add(last.order_id);
    for (const answer of told) {
      if (answer?.status === "placed" && answer.order_id !== last.order_id) {
        this.#violations.push(`${key}: told of order ${answer.order_id}, then of ${last.order_id ?? last.status}`);
      }
      if (answer?.status === "not_placed" && last.status === "placed") {
        this.#violations.push(`${key}: told that nothing was placed, then of order ${last.order_id}`);
      }
    }
  }

  async tally(histories: number): Promise<ClusterTally> {
    const there = this.#cluster.world.orders.map(({ id }) => id);
    const doubled = there.filter((id) => !this.#placed.has(id));
    const lost = [...this.#placed].filter((id) => !there.includes(id));
    this.#violations.push(...doubled.map((id) => `order ${id} is at the exchange, and nobody was told of it`));
    this.#violations.push(...lost.map((id) => `order ${id} was told of, and the exchange has none`));
    const audit = JSON.parse(await this.#cluster.command("audit", "verify", "--json"));
    if (!audit.ok) this.#violations.push(`the audit is broken: ${audit.reason}`);
    const strikes = this.#strikes;
    return { histories, calls: this.#calls, orders: there.length, strikes, violations: this.#violations };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
