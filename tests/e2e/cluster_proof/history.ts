/** One history: three callers of one identity who call servers at random, and the answers they got. */

import { sleep } from "../../../src/timing/sleep.ts";
import type { Json } from "../../support/exchange.ts";
import { Dice } from "../../trading/chance.ts";
import type { RunningServer } from "../servers.ts";
import { callTool } from "../trading_world.ts";
import { drawSteps } from "./plan.ts";
import type { PlannedStep, Step } from "./plan.ts";

/** The answer to one call; nothing if its server was killed. */
export interface Told {
  readonly step: Step;
  readonly answer: Json | undefined;
}

/** The servers of a history. */
export interface HistoryPlace {
  /** The servers at this moment. */
  readonly servers: () => readonly RunningServer[];
  /** The credential of the history's identity. */
  readonly token: string;
  /** The market's bid for XBT. */
  readonly bid: number;
}

/** A history that has ended. */
export interface EndedHistory {
  readonly number: number;
  readonly plan: readonly PlannedStep[];
  readonly told: readonly Told[];
  /** Keys whose outcome was never found out. */
  readonly open: readonly string[];
}

const CALLERS = 3;
/** The time limit of a call, since a frozen server does not answer, in milliseconds. */
const CALL_MS = 60_000;
const PATIENCE_MS = 150_000;
const PAUSE_MS = 700;

/** Codes of calls that failed for a temporary reason, so that nothing is known of their order. */
const PASSING = new Set([
  "ERR_RECORD_FAILED",
  "ERR_UNDER_WAY",
  "ERR_RECOVERING",
  "ERR_TAKEN_OVER",
  "ERR_CLOCK_SKEW",
  "ERR_CLOCK_UNKNOWN",
  "ERR_TOO_LATE",
  "ERR_UNAVAILABLE",
  "ERR_NETWORK",
  "ERR_TIMEOUT",
  "ERR_CANCELLED",
  "ERR_STOPPED",
  "ERR_SHUTTING_DOWN",
  "ERR_BUSY",
  "ERR_QUEUE_FULL",
  "ERR_TOO_MANY_REQUESTS",
  "ERR_INTERNAL",
  "ERR_NOT_FINAL",
]);

/** Runs one history to its end: all steps, then until the outcome of each order is known, and none is open. */
export async function runHistory(number: number, seed: number, place: HistoryPlace): Promise<EndedHistory> {
  const dice = new Dice(seed * 1_000_003 + number);
  const plan = drawSteps(dice, { history: number, bid: place.bid });
  const history = new History(place, dice);
  const steps = plan[Symbol.iterator]();
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    for (const { step, server, pauseMs } of steps) {
      await pause(pauseMs);
      await history.take(step, server);
    }
  }));
  const open = await history.end();
  return { number, plan, told: history.told, open };
}

class History {
  readonly told: Told[] = [];
  readonly #place: HistoryPlace;
  readonly #dice: Dice;
  /** Order ids by key, as far as they were returned. */
  readonly #placed = new Map<string, string>();
  readonly #ended = new Set<string>();
  readonly #calls = new Map<string, { begun: number; running: number }>();
  /** The last step of each key whose outcome is unknown. */
  readonly #unknown = new Map<string, Step>();

  constructor(place: HistoryPlace, dice: Dice) {
    this.#place = place;
    this.#dice = dice;
  }

  /** Makes a call at a server. */
  async take(step: Step, server: number): Promise<Json | undefined> {
    const args = this.#argumentsOf(step);
    if (args === undefined) return undefined;
    if (step.kind === "cancel") {
      const answer = await this.#call("cancel_order", args, server);
      this.told.push({ step, answer });
      if (answer !== undefined && isOver(answer)) this.#ended.add(step.key);
      return answer;
    }
    const key = keyOf(step);
    this.#unknown.set(key, step);
    const calls = this.#callsOf(key);
    const number = ++calls.begun;
    const isAlone = ++calls.running === 1;
    const answer = await this.#call(`${step.kind}_order`, args, server);
    calls.running--;
    this.told.push({ step, answer });
    this.#learn(step, answer, { isAlone: isAlone && calls.begun === number });
    return answer;
  }

  /** Repeats until all outcomes are known, and cancels open orders; returns what could not be found out in time. */
  async end(): Promise<string[]> {
    const untilMs = performance.now() + PATIENCE_MS;
    const isTime = () => performance.now() < untilMs;
    while (this.#unknown.size > 0 && isTime()) {
      for (const step of [...this.#unknown.values()]) await this.take(step, this.#dice.below(1_000));
      if (this.#unknown.size > 0) await pause(PAUSE_MS);
    }
    while (this.#alive().length > 0 && isTime()) {
      for (const key of this.#alive()) await this.take({ kind: "cancel", key }, this.#dice.below(1_000));
      if (this.#alive().length > 0) await pause(PAUSE_MS);
    }
    return [
      ...[...this.#unknown.keys()].map((key) => `it is never known what became of ${key}`),
      ...this.#alive().map((key) => `${key} is never known to have ended`),
    ];
  }

  #alive(): string[] {
    return [...this.#placed.keys()].filter((key) => !this.#ended.has(key));
  }

  #argumentsOf(step: Step): Record<string, unknown> | undefined {
    if (step.kind === "place") return { ...step.order, idempotency_key: step.key };
    const order_id = this.#placed.get(step.key);
    if (order_id === undefined) return undefined;
    if (step.kind === "cancel") return { order_id };
    return { order_id, price: step.price, idempotency_key: step.by };
  }

  async #call(name: string, args: Record<string, unknown>, server: number): Promise<Json | undefined> {
    const { servers, token } = this.#place;
    const all = servers();
    const chosen = all[server % all.length];
    if (chosen === undefined) return undefined;
    const late = Promise.withResolvers<undefined>();
    const limit = setTimeout(() => late.resolve(undefined), CALL_MS);
    try {
      return await Promise.race([callTool(chosen, name, args, token).catch(() => undefined), late.promise]);
    } finally {
      clearTimeout(limit);
    }
  }

  #callsOf(key: string): { begun: number; running: number } {
    const calls = this.#calls.get(key) ?? { begun: 0, running: 0 };
    this.#calls.set(key, calls);
    return calls;
  }

  /** A refusal says nothing about another call with the same key that ran meanwhile. */
  #learn(step: Step, answer: Json | undefined, { isAlone }: { readonly isAlone: boolean }): void {
    if (answer === undefined || PASSING.has(answer.code)) return;
    const placement = placementIn(step, answer);
    if (step.kind === "replace" && answer.old !== undefined && isOver(answer.old)) this.#ended.add(step.key);
    if (placement?.status === "placed") this.#placed.set(keyOf(step), placement.order_id);
    const isWritten = placement?.client_order_id !== undefined;
    if (isKnown(step, answer) && (isWritten || isAlone)) this.#unknown.delete(keyOf(step));
  }
}

/** The key under which a step places. */
export function keyOf(step: Step): string {
  return step.kind === "replace" ? step.by : step.key;
}

/** What an answer says of the order that it was to place. */
export function placementIn(step: Step, answer: Json): Json | undefined {
  return step.kind === "replace" ? answer.placement : answer;
}

/** Whether an answer is final: no repetition could place an order that is not placed. */
function isKnown(step: Step, answer: Json): boolean {
  if (answer.code !== undefined) return true;
  if (step.kind === "replace" && answer.status === "nothing_left") return true;
  const placement = placementIn(step, answer);
  if (placement === undefined) return false;
  if (placement.status === "not_placed" && PASSING.has(placement.reason) && placement.client_order_id === undefined) {
    return false;
  }
  return ["placed", "not_placed"].includes(placement.status);
}

function isOver({ status }: Json): boolean {
  return ["cancelled", "filled", "ended"].includes(status);
}

async function pause(ms: number): Promise<void> {
  await sleep(ms, new AbortController().signal);
}
