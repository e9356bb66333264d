/**
 * Calls with an idempotency key. Of the calls for the same request with one key, one runs at a time over all processes;
 * the others wait for its result. Calls are compared by what was requested, because what was derived from the request
 * (a converted amount, say) may differ the next time.
 */

import type { Sleep } from "../timing/sleep.ts";
import { formatDecimal, parseDecimal, PLAIN_DECIMAL } from "../money/decimals.ts";
import { codeOf } from "../money/currencies.ts";
import type { Audit } from "./record/audit.ts";
import type { CallClaim, CallClaims } from "./record/call_claims.ts";
import type { Placement } from "./record/recorded_placement.ts";
import type { OrderRequest } from "./orders/order.ts";
import type { Replacement } from "./orders/replacement.ts";
import { StoreError } from "./record/store_error.ts";
import { TradingError } from "./orders/trading_error.ts";
import { isObject } from "../validation/is_object.ts";

/** How long a call waits for one with its key in another process. */
const PATIENCE_MS = 60_000;

const LOOK_EVERY_MS = 250;

/** Parts of {@linkcode RunningCalls}. */
export interface RunningCallsParts {
  readonly claims: Pick<CallClaims, "claim" | "release">;
  /** The id of this process. */
  readonly instance: { readonly id: string };
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly sleep: Sleep;
}

/** The work of calls with a key. */
export type KeyedWork = "place the order" | "replace the order";

/** One call with a key. */
export interface KeyedCall extends Omit<CallClaim, "instance" | "attempt"> {
  /** What it is to do, for the error when its key belongs to another call. */
  readonly what: KeyedWork;
  /** Ends its waiting. */
  readonly signal: AbortSignal;
}

/** Runs calls with the same key one after the other. */
export class RunningCalls {
  readonly #parts: RunningCallsParts;
  /** Calls that run in this process or are about to, by account, venue, identity and key. */
  readonly #here = new Map<string, Promise<unknown>>();
  /** Attempts that have ended but whose keys other processes still consider held. */
  readonly #unreleased = new Set<string>();

  constructor(parts: RunningCallsParts) {
    this.#parts = parts;
  }

  /**
   * Runs a call once no other one with its key runs. The result of that one is in the journal, which `body` checks
   * first.
   *
   * @throws {TradingError} when the key belongs to another call, the caller has given up, or the other process takes
   * too long
   * @throws {StoreError} when the record cannot be written
   */
  async run<Result>({ signal, what, ...call }: KeyedCall, body: () => Promise<Result>): Promise<Result> {
    const { claims, instance, monotonic, sleep } = this.#parts;
    const name = JSON.stringify([call.account, call.venue, call.identity, call.idempotencyKey]);
    const untilMs = monotonic() + PATIENCE_MS;
    for (;;) {
      if (signal.aborted) throw cancelled();
      const attempt = crypto.randomUUID();
      const running = this.#here.get(name);
      const claim = () => claims.claim({ ...call, instance: instance.id, attempt }, { isHere: running !== undefined });
      if (running === undefined) {
        // Registered before the key is claimed: of two calls here only one may claim it as unused in this process.
        const tried = await this.#alone(name, async () => {
          const claimed = await claim();
          return claimed === "claimed" ? { claimed, result: await this.#run(attempt, body) } as const : { claimed };
        });
        if (tried.claimed === "claimed") return tried.result;
        if (tried.claimed === "other") throw usedKey(what);
        if (monotonic() >= untilMs) throw underWay();
        await sleep(LOOK_EVERY_MS, signal).catch(() => {});
      } else {
        const claimed = await claim();
        // The call here did not get the key, or did not keep it.
        if (claimed === "claimed") await this.#release(attempt);
        if (claimed === "other") throw usedKey(what);
        await ended(running, signal);
      }
    }
  }

  /** Runs what must not run concurrently with the same key. */
  async #alone<Result>(name: string, body: () => Promise<Result>): Promise<Result> {
    const running = body();
    this.#here.set(name, running);
    try {
      return await running;
    } finally {
      this.#here.delete(name);
    }
  }

  async #run<Result>(attempt: string, body: () => Promise<Result>): Promise<Result> {
    try {
      return await body();
    } finally {
      await this.#release(attempt);
    }
  }

  /** A key that could not be released is free for calls of this process, and for others after the next call here. */
  async #release(attempt: string): Promise<void> {
    this.#unreleased.add(attempt);
    try {
      for (const each of this.#unreleased) {
        await this.#parts.claims.release(each);
        this.#unreleased.delete(each);
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

/** Canonical text of a requested order: independent of the order of fields and of how pair and amounts are written. */
export function askedToPlace(request: OrderRequest): string {
  const { pair, time_in_force, post_only, ...rest } = request;
  const words = pair.toUpperCase().split(/[^A-Z0-9]+/).filter((word) => word !== "").map(codeOf).join("");
  return inOneForm({
    ...rest,
    pair: words.replaceAll("BTC", "XBT"),
    time_in_force: time_in_force === "GTC" ? undefined : time_in_force,
    post_only: post_only || undefined,
  });
}

/** Canonical text of a requested replacement. */
export function askedToReplace({ target, price, volume, postOnly }: Replacement): string {
  return inOneForm({ ...target, price, volume, post_only: postOnly, replace: true });
}

/** Whether a placement of an earlier version, which did not record the request, came from a call for the same. */
export async function wasAskedFor(
  audit: Pick<Audit, "trail">,
  { clientOrderId, identity }: Placement,
  request: object,
): Promise<boolean> {
  const preview = (await audit.trail({ clientOrderId, identity })).find(({ event }) => event === "preview");
  const data: unknown = preview === undefined ? null : JSON.parse(preview.data);
  return isObject(data) && isObject(data["asked"]) && inOneForm(data["asked"]) === inOneForm(request);
}

/** The key was used for something else. */
export function usedKey(what: KeyedWork): TradingError {
  const message =
    `Cannot ${what} as the idempotency key was used for another one: use the key's own request to learn ` +
    "what became of it, and a new key for another order";
  return new TradingError(message, { code: "ERR_IDEMPOTENCY_MISMATCH" });
}

function cancelled(): TradingError {
  const message = "This call has sent nothing, and was cancelled while it waited for the first one with its key";
  return new TradingError(message, { code: "ERR_CANCELLED" });
}

function underWay(): TradingError {
  const message = "This call has sent nothing, as the first one with its key still runs in another process: make the " +
    "same call again to learn what becomes of that";
  return new TradingError(message, { code: "ERR_UNDER_WAY", retryAfterMs: LOOK_EVERY_MS });
}

function inOneForm(request: object): string {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  const fields = given.map(([name, value]): [string, unknown] => [name, isAmount(value) ? exact(value) : value]);
  return JSON.stringify(fields.toSorted(([a], [b]) => a < b ? -1 : 1));
}

function isAmount(value: unknown): value is string {
  return typeof value === "string" && PLAIN_DECIMAL.test(value);
}

function exact(amount: string): string {
  return formatDecimal(parseDecimal(amount));
}

/** Waits until the work settles, or the signal aborts. */
async function ended(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const givenUp = Promise.withResolvers<void>();
  const giveUp = () => givenUp.resolve();
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  await Promise.race([work.then(() => {}, () => {}), givenUp.promise]);
  signal.removeEventListener("abort", giveUp);
}
