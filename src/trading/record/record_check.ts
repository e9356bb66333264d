/**
 * Compares the record's tables with its audit: each placement, the daily sums, and the halt must match the rows of the
 * audit. Pure; rows are added one by one. {@linkcode ChainCheck} verifies the chain of the audit's rows.
 */

import Big from "big.js";
import { parseDecimal } from "../../money/decimals.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditRow } from "./audit_row.ts";
import type { Placement } from "./recorded_placement.ts";
import { startOfUtcDay } from "../policy/limits.ts";
import { orderDigest } from "../orders/order.ts";
import { isPaper } from "../orders/trading_account.ts";

/** A table that contradicts the audit; `row` is the audit's row about it, if there is one. */
export interface Contradiction {
  readonly row: number | null;
  readonly reason: string;
}

/** A row of the table of placements. */
export interface CheckedPlacement {
  readonly clientOrderId: string;
  /** Whether it may be live, according to the row. */
  readonly isAlive: boolean;
  /** `undefined` when it cannot be parsed, as no version of ours wrote it. */
  readonly placement: Placement | undefined;
}

/** One stored sum. */
export interface CheckedSum extends Pick<Placement, "identity" | "account" | "venue"> {
  readonly currency: string;
  readonly amount: string;
  /** The start of its UTC day. */
  readonly day: number;
}

/** What the audit says about one placement. */
interface Told {
  /** The row of its intent. */
  readonly row: number;
  readonly createdAt: number;
  readonly venue: string | null;
  readonly account: string | null;
  /** The identifying terms of the intent, as one text; `null` when its row was truncated. */
  readonly terms: string | null;
  lastRow: number;
  state: string;
  orderId: string | null;
  reason: string | null;
  validUntil: number | null;
  isAlive: boolean;
}

/** Takes first the audit's rows, then every placement and sum in any sequence; then returns the contradictions. */
export class RecordCheck {
  readonly #told = new Map<string, Told>();
  readonly #seen = new Set<string>();
  /** Per day, the value of the placements minus the stored sum. */
  readonly #sums = new Map<string, Big>();
  readonly #keptFrom: number;
  #halt: { readonly row: number; readonly halted: boolean } = { row: 0, halted: false };

  /** `keptFrom`: the UTC day from which on everything is kept. */
  constructor({ keptFrom }: { readonly keptFrom: number }) {
    this.#keptFrom = keptFrom;
  }

  /** Adds the next row of a valid chain. */
  add(row: AuditRow): void {
    const { seq, event, clientOrderId } = row;
    if (event === "halt" || event === "lift") this.#halt = { row: seq, halted: event === "halt" };
    if (clientOrderId === null) return;
    if (event === "intent") return void this.#told.set(clientOrderId, begin(row));
    const told = this.#told.get(clientOrderId);
    if (told !== undefined && advance(told, row)) told.lastRow = seq;
  }

  /** Adds a placement; returns its problem, if there is one. */
  addPlacement(checked: CheckedPlacement): Contradiction | undefined {
    const { clientOrderId: id, placement } = checked;
    const told = this.#told.get(id);
    this.#seen.add(id);
    if (told === undefined) return { row: null, reason: `placement ${id} has no intent in the audit: it was put in` };
    const difference = differenceOf(told, checked);
    if (difference !== undefined) {
      return {
        row: told.lastRow,
        reason: `placement ${id} has another ${difference} than the audit tells: it was changed`,
      };
    }
    if (placement !== undefined && placement.notional !== null && placement.state !== "not_placed") {
      this.#count({ ...placement, ...placement.notional, day: startOfUtcDay(placement.createdAt) }, 1);
    }
    return undefined;
  }

  /** Adds the stored sum of a day. */
  addSum(sum: CheckedSum): void {
    this.#count(sum, -1);
  }

  /** The first contradiction; `keptAfter`: the last archived row; `isHalted`: according to the record. */
  end(
    { keptAfter, isHalted }: { readonly keptAfter: number; readonly isHalted: boolean | undefined },
  ): Contradiction | undefined {
    return this.#missingPlacement(keptAfter) ?? this.#wrongSum() ?? this.#wrongHalt(isHalted);
  }

  #missingPlacement(keptAfter: number): Contradiction | undefined {
    for (const [id, { row, lastRow, isAlive }] of this.#told) {
      // Final placements are deleted together with their rows.
      if (this.#seen.has(id) || (!isAlive && lastRow <= keptAfter)) continue;
      return { row, reason: `placement ${id}, which the audit tells of, is missing: it was removed` };
    }
    return undefined;
  }

  #count({ identity, account, venue, currency, amount, day }: CheckedSum, sign: 1 | -1): void {
    if (day < this.#keptFrom) return;
    const name = JSON.stringify([identity, account, venue, currency, startOfUtcDay(day)]);
    this.#sums.set(name, (this.#sums.get(name) ?? new Big(0)).plus(parseDecimal(amount).times(sign)));
  }

  #wrongSum(): Contradiction | undefined {
    const [wrong] = [...this.#sums].filter(([, sum]) => !sum.eq(0));
    if (wrong === undefined) return undefined;
    const [identity, , , currency, day] = JSON.parse(wrong[0]);
    const reason = `what ${identity} has used in ${currency} on ${new Date(day).toISOString().slice(0, 10)} ` +
      "is not the sum of its placements: it was changed";
    return { row: null, reason };
  }

  #wrongHalt(isHalted: boolean | undefined): Contradiction | undefined {
    if (isHalted === undefined) return { row: null, reason: "the halt is missing: it was removed" };
    const { row, halted } = this.#halt;
    if (isHalted === halted) return undefined;
    const reason = halted
      ? "trading was halted and the database says that it is not"
      : "nobody halted trading and the database says that it is halted";
    return { row, reason: `${reason}: it was changed` };
  }
}

function begin(row: AuditRow): Told {
  const { preview_id, digest, policy, paper, notional, idempotency_key, cut } = read(row);
  const named = [row.identity, preview_id, digest, policy, paper, worthOf(notional), idempotency_key ?? null];
  return {
    row: row.seq,
    createdAt: row.at,
    venue: row.venue,
    account: row.account,
    terms: cut === undefined ? JSON.stringify(named) : null,
    lastRow: row.seq,
    state: "intent",
    orderId: null,
    reason: null,
    validUntil: null,
    isAlive: true,
  };
}

/** Returns whether the row changes what is known. */
function advance(told: Told, row: AuditRow): boolean {
  const data = read(row);
  switch (row.event) {
    case "sent":
      told.state = "sent";
      told.validUntil = Number(data["valid_until"]);
      return true;
    case "outcome":
      told.state = String(data["state"]);
      told.reason = typeof data["reason"] === "string" ? data["reason"] : null;
      told.orderId = row.orderId;
      told.isAlive = told.state !== "not_placed";
      return true;
    case "fill":
    case "closed":
      if (data["final"] === true) told.isAlive = false;
      return true;
    default:
      return false;
  }
}

function differenceOf(told: Told, { placement, isAlive }: CheckedPlacement): string | undefined {
  if (placement === undefined) return "content";
  const { identity, previewId, digest, policyDigest, account, notional, idempotencyKey } = placement;
  const paper = isPaper(account);
  const named = [recordedIdentity(identity), previewId, digest, policyDigest, paper, worthOf(notional), idempotencyKey];
  const differences: readonly (readonly [string, boolean])[] = [
    ["order", orderDigest(placement.order) !== digest || (told.terms !== null && told.terms !== JSON.stringify(named))],
    // Rows of versions without accounts or venues have none.
    ["account", told.account !== null && account !== told.account],
    ["venue", told.venue !== null && placement.venue !== told.venue],
    ["time", placement.createdAt !== told.createdAt],
    ["state", placement.state !== told.state || isAlive !== told.isAlive],
    ["order id", placement.orderId !== told.orderId],
    ["reason", placement.reason !== told.reason],
    ["deadline", placement.validUntil !== told.validUntil],
  ];
  return differences.find(([, differs]) => differs)?.[0];
}

/** A canonical text of an amount. */
function worthOf(notional: unknown): unknown {
  if (typeof notional !== "object" || notional === null) return null;
  return Object.entries(notional).toSorted(([a], [b]) => a < b ? -1 : 1);
}

function read({ data }: AuditRow): Record<string, unknown> {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
