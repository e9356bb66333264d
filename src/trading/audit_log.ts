/**
 * The audit as log records: one line per order and outcome, approval, halt and resume.
 *
 * Rows are logged once they are committed, so the log never reports a change that was rolled back. Orders are logged by
 * the process that placed them; approvals, halts and resumes also when another process (a command, another server) made
 * them.
 */

import { getLogger } from "../logging/logger.ts";
import { recordLine } from "./audit_lines.ts";
import type { OrderOutcome } from "./audit_lines.ts";
import type { OrderKind } from "./orders/trading_account.ts";
import type { AuditFeed, FeedRow } from "./record/audit.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** The most rows of one read; the next read continues. */
const ROWS_A_LOOK = 500;

/** The number of orders of a kind with an outcome since the start. */
export interface OrderCount {
  readonly kind: OrderKind;
  readonly outcome: OrderOutcome;
  readonly count: number;
}

/** Figures about trading. */
export interface TradingFigures {
  readonly isHalted: boolean;
  readonly approvalsWaiting: number;
  /** Orders of this process since its start. */
  readonly orders: readonly OrderCount[];
}

/** Follows one record; owns a timer from `start` to `stop`. */
export class AuditLog {
  readonly #feed: AuditFeed;
  readonly #counts = new Map<`${OrderCount["kind"]} ${OrderOutcome}`, OrderCount>();
  #seq: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The read in progress. */
  #looking: Promise<void> | undefined;
  #hasFailed = false;

  private constructor(feed: AuditFeed, seq: number) {
    this.#feed = feed;
    this.#seq = seq;
  }

  /**
   * Follows a record from now on.
   *
   * @throws {StoreError} when the record cannot be read
   */
  static async open(feed: AuditFeed): Promise<AuditLog> {
    return new AuditLog(feed, await feed.start());
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), INTERVAL_MS);
  }

  /** Stops the timer, and logs the remaining rows. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.look();
  }

  /** Orders of this process by outcome. */
  get counts(): readonly OrderCount[] {
    return [...this.#counts.values()];
  }

  /** Logs what was recorded since the last read; settles with a read that is already running. Never rejects. */
  look(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<void> {
    try {
      const { rows, through } = await this.#feed.after(this.#seq, ROWS_A_LOOK);
      this.#seq = through;
      for (const row of rows) this.#log(row);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.error("cannot read the audit log", { error });
      this.#hasFailed = true;
    }
  }

  #log({ row, isOwn, placement }: FeedRow): void {
    const line = recordLine(row, placement);
    if (line === undefined || !(isOwn || line.isForAll)) return;
    const { level, message, fields, outcome } = line;
    log[level](message, { ...fields, ...(line.isForAll ? { by_this_server: isOwn } : {}) });
    if (outcome !== undefined) this.#count(outcome.kind, outcome.outcome);
  }

  #count(kind: OrderCount["kind"], outcome: OrderOutcome): void {
    const key = `${kind} ${outcome}` as const;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { kind, outcome, count });
  }
}
