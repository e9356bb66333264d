/**
 * Calls that are made again with their idempotency key: which placement the first one came to, and whether they ask for
 * the same. What was asked for stands in the audit's row of the preview, as what was decided for the caller (an amount
 * that was converted, say) may come out differently the next time.
 */

import type { Audit } from "./audit.ts";
import type { Journal, Placement } from "./journal.ts";
import { TradingError } from "./trading_error.ts";

/** The record of calls that were made. */
export class EarlierCalls {
  readonly #journal: Pick<Journal, "findByKey">;
  readonly #audit: Pick<Audit, "trail">;

  constructor({ journal, audit }: { journal: Pick<Journal, "findByKey">; audit: Pick<Audit, "trail"> }) {
    this.#journal = journal;
    this.#audit = audit;
  }

  /** The placement that an identity's key stands for. */
  find(identity: string, idempotencyKey: string | undefined): Placement | undefined {
    return idempotencyKey === undefined ? undefined : this.#journal.findByKey(identity, idempotencyKey);
  }

  /** Whether a placement came of a call that asked for this. */
  isFor({ clientOrderId, identity }: Placement, asked: object): boolean {
    const rows = this.#audit.trail({ clientOrderId, identity });
    const preview = rows.find(({ event }) => event === "preview");
    const data: unknown = preview === undefined ? null : JSON.parse(preview.data);
    return isObject(data) && isObject(data.asked) && wordsOf(data.asked) === wordsOf(asked);
  }
}

/** The key was used for something else. */
export function usedKey(what: string): TradingError {
  return new TradingError(`Cannot ${what} as the idempotency key was used for another one: use a new key`, {
    code: "ERR_IDEMPOTENCY_MISMATCH",
  });
}

/** A request in one form, however its fields stand. */
function wordsOf(request: object): string {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return JSON.stringify(given.toSorted(([a], [b]) => a < b ? -1 : 1));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
