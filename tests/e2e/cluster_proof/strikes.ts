/** Faults of servers and their database while histories run, one after another. */

import { sleep } from "../../../src/timing/sleep.ts";
import { lookUntil } from "../../support/look_until.ts";
import type { Dice } from "../../trading/chance.ts";
import type { Cluster } from "../cluster.ts";
import type { RunningServer } from "../servers.ts";
import { callTool } from "../trading_world.ts";
import type { Json } from "../../support/exchange.ts";
import type { Witness } from "./witness.ts";

/** The relative frequency of each. */
const WEIGHTS = {
  "kill server": 6,
  "pause server": 4,
  /** Longer than the lease, the time that the exchange accepts a request in, and the tolerance of clocks. */
  "pause server long": 1,
  "kill database": 5,
  "pause database": 3,
  "pause database long": 0.5,
  /** A server cannot renew its lease, while everything else works. */
  "hold lease": 0.7,
  "halt": 4,
} as const;

/** One of them. */
export type Strike = keyof typeof WEIGHTS;

/** All of them. */
const STRIKES = Object.keys(WEIGHTS) as readonly Strike[];

/** A halt, as its caller was answered. */
export interface PulledHalt {
  /** When its answer arrived, and when the lift was requested; wall milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Client order ids of the orders that had been sent before. */
  readonly onTheirWay: readonly string[];
}

/** The parts that faults affect. */
export interface StruckParts {
  readonly cluster: Cluster;
  readonly witness: Witness;
  readonly servers: RunningServer[];
  /** Starts a server in place of one that was killed. */
  readonly startServer: () => Promise<RunningServer>;
  /** How many histories have ended, and how many end between two faults, on average. */
  readonly ended: () => number;
  readonly between: number;
  /** The credential of an administrator. */
  readonly adminToken: () => Promise<string>;
}

const LONG_MS = 18_000;
const HOLD_MS = 20_000;
/** Before each of the first faults, so that something is in progress, in milliseconds. */
const FIRST_PAUSE_MS = 1_500;
const LOOK_EVERY_MS = 100;

/** Draws and executes faults. */
export class Striker {
  readonly counts: Partial<Record<Strike, number>> = {};
  readonly halts: PulledHalt[] = [];
  readonly #parts: StruckParts;
  readonly #dice: Dice;
  readonly #next: Strike[];
  readonly #ending = new AbortController();
  #hasMadeFirst: boolean;

  /** `first` lists the faults before random ones. */
  constructor(parts: StruckParts, dice: Dice, first: readonly Strike[] = []) {
    this.#parts = parts;
    this.#dice = dice;
    this.#next = [...first];
    this.#hasMadeFirst = first.length === 0;
  }

  /** Whether the first faults are over. */
  get hasMadeFirst(): boolean {
    return this.#hasMadeFirst;
  }

  /** How many servers or databases were killed or frozen. */
  get killsAndPauses(): number {
    const struck = STRIKES.filter((strike) => /kill|pause/.test(strike));
    return struck.reduce((sum, strike) => sum + (this.counts[strike] ?? 0), 0);
  }

  /** Executes faults until {@linkcode Striker.end}, and leaves everything running. */
  async run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const first = this.#next.shift();
      this.#hasMadeFirst ||= first === undefined;
      if (first === undefined) await this.#gap();
      else await this.#pause(FIRST_PAUSE_MS);
      if (this.#ending.signal.aborted) return;
      const strike = first ?? this.#draw();
      this.counts[strike] = (this.counts[strike] ?? 0) + 1;
      await this.#strike(strike);
    }
  }

  /** Starts no further fault. */
  end(): void {
    this.#ending.abort();
  }

  async #gap(): Promise<void> {
    const { ended, between } = this.#parts;
    const until = ended() + this.#dice.below(2 * between);
    while (ended() < until && !this.#ending.signal.aborted) await this.#pause(LOOK_EVERY_MS);
  }

  #draw(): Strike {
    const sum = Object.values(WEIGHTS).reduce((all, each) => all + each, 0);
    let place = this.#dice.unit() * sum;
    return STRIKES.find((strike) => (place -= WEIGHTS[strike]) < 0) ?? "halt";
  }

  async #strike(strike: Strike): Promise<void> {
    const { postgres } = this.#parts.cluster;
    switch (strike) {
      case "kill server":
        return await this.#killServer();
      case "pause server":
        return await this.#pauseServer(500 + this.#dice.below(3_000));
      case "pause server long":
        return await this.#pauseServer(LONG_MS);
      case "kill database":
        await postgres.kill();
        await this.#pause(this.#dice.below(1_000));
        return await postgres.restart();
      case "pause database":
        return await this.#pauseDatabase(500 + this.#dice.below(4_000));
      case "pause database long":
        return await this.#pauseDatabase(LONG_MS);
      case "hold lease":
        return await this.#holdLease();
      case "halt":
        return await this.#halt(1_000 + this.#dice.below(6_000));
    }
  }

  async #killServer(): Promise<void> {
    const { servers, startServer } = this.#parts;
    const place = this.#dice.below(servers.length);
    servers[place]?.child.kill("SIGKILL");
    servers.splice(place, 1, await startServer());
  }

  async #pauseServer(ms: number): Promise<void> {
    const { child } = this.#dice.pick(this.#parts.servers);
    child.kill("SIGSTOP");
    await this.#pause(ms);
    child.kill("SIGCONT");
  }

  async #pauseDatabase(ms: number): Promise<void> {
    const { postgres } = this.#parts.cluster;
    await postgres.pause();
    await this.#pause(ms);
    await postgres.resume();
  }

  async #holdLease(): Promise<void> {
    const { witness, servers } = this.#parts;
    const { pid } = this.#dice.pick(servers).child;
    await witness.holdLease(pid);
    await this.#pause(HOLD_MS);
    await witness.freeLeases();
  }

  /** Halts at a server or from a machine without one, and lifts the halt from a machine without one. */
  async #halt(ms: number): Promise<void> {
    const { cluster } = this.#parts;
    const onTheirWay = this.#dice.chance(0.7) ? await this.#haltAtServer() : await this.#haltByCommand();
    const fromMs = Date.now();
    await this.#pause(ms);
    const untilMs = Date.now();
    if (onTheirWay !== undefined) this.halts.push({ fromMs, untilMs, onTheirWay });
    const lift = () => cluster.tryCommand("resume", "--json");
    await lookUntil((said) => said !== undefined, lift, "the halt cannot be lifted");
  }

  async #haltAtServer(): Promise<string[] | undefined> {
    const server = this.#dice.pick(this.#parts.servers);
    const token = await this.#parts.adminToken();
    const answer: Json = await callTool(server, "halt_trading", { reason: "proof" }, token).catch(() => ({}));
    return answer.halted === true ? answer.on_their_way : undefined;
  }

  async #haltByCommand(): Promise<string[] | undefined> {
    const said = await this.#parts.cluster.tryCommand("kill", "--json", "--reason", "proof");
    if (said === undefined) return undefined;
    return JSON.parse(said).on_their_way.map(({ client_order_id }: Json) => client_order_id);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, this.#ending.signal).catch(() => {});
  }
}
