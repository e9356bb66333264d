/**
 * The audit as log records: one line for each order and what became of it, each approval, halt and resume.
 *
 * Rows are logged once they are written for good, so the log never tells of a change that was undone. Of orders this
 * process logs its own; approvals, halts and resumes also where another process (a command, another server) made them.
 */

import { getLogger } from "../logging/logger.ts";
import { recordLine } from "./audit_lines.ts";
import type { OrderOutcome } from "./audit_lines.ts";
import type { OrderKind } from "./orders/trading_account.ts";
import type { AuditFeed, FeedRow } from "./record/audit.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

const INTERVAL_MS = 250;

/** Rows that one look takes at most; the next look goes on. */
const ROWS_A_LOOK = 500;

/** How many orders of a kind came to an outcome since the start. */
export interface OrderCount {
  readonly kind: OrderKind;
  readonly outcome: OrderOutcome;
  readonly count: number;
}

/** Trading in numbers. */
export interface TradingFigures {
  readonly isHalted: boolean;
  readonly approvalsWaiting: number;
  /** Of this process, since its start. */
  readonly orders: readonly OrderCount[];
}

/** Follows one record; owns a timer from `start` to `stop`. */
export class AuditLog {
  readonly #feed: AuditFeed;
  readonly #counts = new Map<`${OrderCount["kind"]} ${OrderOutcome}`, OrderCount>();
  #seq: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The look that waits for the record. */
  #looking: Promise<void> | undefined;
  #hasFailed = false;

  private constructor(feed: AuditFeed, seq: number) {
    this.#feed = feed;
    this.#seq = seq;
  }

  /** Follows a record from here on. @throws {StoreError} the record cannot be read */
  static async open(feed: AuditFeed): Promise<AuditLog> {
    return new AuditLog(feed, await feed.start());
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), INTERVAL_MS);
  }

  /** Ends the timer, and logs what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.look();
  }

  /** Orders of this process by what became of them. */
  get counts(): readonly OrderCount[] {
    return [...this.#counts.values()];
  }

  /** Logs what was recorded since the last look; where one is going on, settles with that. Never rejects. */
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
