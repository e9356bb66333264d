/**
 * Fulfils the requests to cancel open orders: in rounds, with growing pauses, until nothing is open. A failed round is
 * repeated; when the process ends, another one takes over its request.
 */

import { getLogger } from "../../logging/logger.ts";
import { kindOf } from "../orders/trading_account.ts";
import { errorCodeIn } from "../../errors/error_table.ts";
import type { CancelAllResult } from "./cancel_all.ts";
import type { CancelRequest, CancelRequests, RoundOutcome } from "../record/cancel_requests.ts";
import { pauseAfter } from "../../timing/backoff.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** Parts of an {@linkcode OpenOrderCancellation}. */
export interface CancellationParts {
  readonly requests: Pick<CancelRequests, "open" | "claim" | "note">;
  /** The id of this process. */
  readonly instance: string;
  /**
   * Whether to take over a request that a live process is working on.
   *
   * @default false
   */
  readonly fromLiving?: boolean;
  /** Ids of the accounts whose orders this process can cancel. */
  readonly accounts: readonly string[];
  /** Cancels everything that is open on an account, once. */
  readonly cancelAll: (account: string) => Promise<CancelAllResult>;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Works on the requests of its accounts, one round of each at a time. */
export class OpenOrderCancellation {
  readonly #parts: CancellationParts;
  readonly #running = new Map<string, Promise<void>>();
  /** When the next round of a request may begin, in monotonic milliseconds; by account. */
  readonly #due = new Map<string, { readonly request: number; readonly at: number }>();

  constructor(parts: CancellationParts) {
    this.#parts = parts;
  }

  /** Begins the rounds that are due; settles when none is running. */
  async look(): Promise<void> {
    const { requests, accounts } = this.#parts;
    for (const request of await requests.open(accounts)) {
      if (this.#running.has(request.account) || !this.#isDue(request)) continue;
      const round = this.#round(request).finally(() => this.#running.delete(request.account));
      this.#running.set(request.account, round);
    }
    await Promise.all(this.#running.values());
  }

  #isDue({ account, number }: CancelRequest): boolean {
    const due = this.#due.get(account);
    return due?.request !== number || due.at <= this.#parts.monotonic();
  }

  async #round(request: CancelRequest): Promise<void> {
    const { requests, instance, fromLiving, now, monotonic, random = Math.random } = this.#parts;
    const { account, number, rounds } = request;
    const pause = pauseAfter(rounds + 1, {
      firstMs: FIRST_PAUSE_MS,
      longestMs: LONGEST_PAUSE_MS,
      random,
      certain: 0.5,
    });
    this.#due.set(account, { request: number, at: monotonic() + pause });
    if (!await requests.claim(request, instance, { fromLiving, now: now() })) return;
    const outcome = await this.#cancelAll(account);
    this.#due.set(account, { request: number, at: monotonic() + pause });
    this.#report(request, outcome);
    await requests.note(request, outcome, now());
  }

  async #cancelAll(account: string): Promise<RoundOutcome> {
    try {
      const { cancelled, ended, remaining, is_complete, list_error } = await this.#parts.cancelAll(account);
      return {
        remaining: remaining.map(({ order_id, client_order_id, reason }) => ({
          ...(order_id === undefined ? {} : { order_id }),
          ...(client_order_id === undefined ? {} : { client_order_id }),
          reason,
        })),
        unlisted: is_complete ? null : list_error ?? "ERR_ANSWER_INVALID",
        // Lists may lag: only a round that finds nothing open is the last.
        isDone: is_complete && remaining.length + cancelled.length + ended.length === 0,
      };
    } catch (error) {
      log.error("cannot cancel open orders", { error });
      return { remaining: [], unlisted: errorCodeIn(error) ?? "ERR_INTERNAL", isDone: false };
    }
  }

  #report({ account, rounds }: CancelRequest, { remaining, unlisted, isDone }: RoundOutcome): void {
    const fields = {
      order_kind: kindOf(account),
      account,
      attempt: rounds + 1,
      remaining: remaining.map(({ reason, ...ids }) => ({ ...ids, reason })),
    };
    if (isDone) log.warning("all open orders cancelled after the halt", fields);
    else if (remaining.length > 0 || unlisted !== null) {
      log.error("open orders remain after the halt; trying again", { ...fields, list_error: unlisted });
    }
  }
}
