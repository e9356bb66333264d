/**
 * Holds the record's tables against its audit: each placement, what counts for a day, and the kill switch stand as the
 * rows of the audit say. The chain of the rows themselves is {@linkcode Audit.verify}'s.
 */

import Big from "big.js";
import { parseDecimal } from "../../money/decimals.ts";
import { readNumber, readText } from "../../state/sqlite.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditRow } from "./audit_row.ts";
import type { Row } from "../../state/sqlite.ts";
import { readPlacement } from "./placement_rows.ts";
import type { Placement } from "./recorded_placement.ts";
import { startOfUtcDay } from "../policy/limits.ts";
import { orderDigest } from "../orders/order.ts";
import type { StoreConnection } from "./store_connection.ts";

/** A table that contradicts the audit; `row` is the audit's row that speaks of it, where there is one. */
export interface Contradiction {
  readonly row: number | null;
  readonly reason: string;
}

/** What the audit tells of one placement. */
interface Told {
  /** Of its intent. */
  readonly row: number;
  readonly createdAt: number;
  readonly venue: string | null;
  /** By which the intent is known, as one text; `null` where its row was cut. */
  readonly terms: string | null;
  lastRow: number;
  state: string;
  orderId: string | null;
  reason: string | null;
  validUntil: number | null;
  isAlive: boolean;
}

/** Takes the audit's rows, one after the other, then compares. */
export class RecordCheck {
  readonly #connection: StoreConnection;
  readonly #told = new Map<string, Told>();
  #isHalted: { readonly row: number; readonly halted: boolean } = { row: 0, halted: false };

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** Takes the next row of a chain that holds. */
  add(row: AuditRow): void {
    const { seq, event, clientOrderId } = row;
    if (event === "halt" || event === "lift") this.#isHalted = { row: seq, halted: event === "halt" };
    if (clientOrderId === null) return;
    if (event === "intent") return void this.#told.set(clientOrderId, begin(row));
    const told = this.#told.get(clientOrderId);
    if (told !== undefined && advance(told, row)) told.lastRow = seq;
  }

  /** The first thing that stands otherwise than the rows say; `keptAfter` is the last row that was archived. */
  compare(
    { keptAfter, keptFrom }: { readonly keptAfter: number; readonly keptFrom: number },
  ): Contradiction | undefined {
    return this.#comparePlacements(keptAfter) ?? this.#compareDayUse(keptFrom) ?? this.#compareSwitch();
  }

  #comparePlacements(keptAfter: number): Contradiction | undefined {
    const seen = new Set<string>();
    for (const row of this.#connection.each("SELECT * FROM placements")) {
      const id = readText(row, "client_order_id");
      const told = this.#told.get(id);
      seen.add(id);
      if (told === undefined) return { row: null, reason: `placement ${id} has no intent in the audit: it was put in` };
      const difference = differenceOf(told, row);
      if (difference !== undefined) {
        return {
          row: told.lastRow,
          reason: `placement ${id} has another ${difference} than the audit tells: it was changed`,
        };
      }
    }
    for (const [id, { row, lastRow, isAlive }] of this.#told) {
      // What was final goes with the rows that speak of it.
      if (seen.has(id) || (!isAlive && lastRow <= keptAfter)) continue;
      return { row, reason: `placement ${id}, which the audit tells of, is missing: it was removed` };
    }
    return undefined;
  }

  #compareDayUse(keptFrom: number): Contradiction | undefined {
    const sums = new Map<string, Big>();
    const count = (key: unknown[], amount: string, sign: 1 | -1) => {
      const name = JSON.stringify(key);
      sums.set(name, (sums.get(name) ?? new Big(0)).plus(parseDecimal(amount).times(sign)));
    };
    const counted =
      `SELECT identity, paper, venue, notional_currency AS currency, notional_amount AS amount, created_at AS at
      FROM placements WHERE state <> 'not_placed' AND notional_amount IS NOT NULL`;
    const kept = "SELECT identity, paper, venue, currency, amount, day AS at FROM day_use";
    for (const [query, sign] of [[counted, 1], [kept, -1]] as const) {
      for (const row of this.#connection.each(query)) {
        const day = startOfUtcDay(readNumber(row, "at"));
        if (day < keptFrom) continue;
        const whose = [readText(row, "identity"), readNumber(row, "paper"), readText(row, "venue")];
        const key = [...whose, readText(row, "currency"), day];
        count(key, readText(row, "amount"), sign);
      }
    }
    const [wrong] = [...sums].filter(([, sum]) => !sum.eq(0));
    if (wrong === undefined) return undefined;
    const [identity, , , currency, day] = JSON.parse(wrong[0]);
    const reason = `what ${identity} has used in ${currency} on ${new Date(day).toISOString().slice(0, 10)} ` +
      "is not the sum of its placements: it was changed";
    return { row: null, reason };
  }

  #compareSwitch(): Contradiction | undefined {
    const row = this.#connection.row("SELECT is_halted FROM kill_switch WHERE id = 1");
    if (row === undefined) return { row: null, reason: "the halt is missing: it was removed" };
    const { row: at, halted } = this.#isHalted;
    if ((readNumber(row, "is_halted") === 1) === halted) return undefined;
    const reason = halted
      ? "trading was halted and the database says that it is not"
      : "nobody halted trading and the database says that it is halted";
    return { row: at, reason: `${reason} pulled: it was changed` };
  }
}

function begin(row: AuditRow): Told {
  const { preview_id, digest, policy, paper, notional, idempotency_key, cut } = read(row);
  const named = [row.identity, preview_id, digest, policy, paper, worthOf(notional), idempotency_key ?? null];
  return {
    row: row.seq,
    createdAt: row.at,
    venue: row.venue,
    terms: cut === undefined ? JSON.stringify(named) : null,
    lastRow: row.seq,
    state: "intent",
    orderId: null,
    reason: null,
    validUntil: null,
    isAlive: true,
  };
}

/** Answers whether the row changes what is known. */
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

function differenceOf(told: Told, row: Row): string | undefined {
  const placement = readable(row);
  if (placement === undefined) return "content";
  const isAlive = readNumber(row, "is_alive") === 1;
  const { identity, previewId, digest, policyDigest, paper, notional, idempotencyKey } = placement;
  const named = [recordedIdentity(identity), previewId, digest, policyDigest, paper, worthOf(notional), idempotencyKey];
  const differences: readonly (readonly [string, boolean])[] = [
    ["order", orderDigest(placement.order) !== digest || (told.terms !== null && told.terms !== JSON.stringify(named))],
    // Rows of versions that told no venues apart name none.
    ["venue", told.venue !== null && placement.venue !== told.venue],
    ["time", placement.createdAt !== told.createdAt],
    ["state", placement.state !== told.state || isAlive !== told.isAlive],
    ["order id", placement.orderId !== told.orderId],
    ["reason", placement.reason !== told.reason],
    ["deadline", placement.validUntil !== told.validUntil],
  ];
  return differences.find(([, differs]) => differs)?.[0];
}

/** An amount in one form, however its fields stand. */
function worthOf(notional: unknown): unknown {
  if (typeof notional !== "object" || notional === null) return null;
  return Object.entries(notional).toSorted(([a], [b]) => a < b ? -1 : 1);
}

/** A row that no program of ours has written cannot be read. */
function readable(row: Row): Placement | undefined {
  try {
    return readPlacement(row);
  } catch {
    return undefined;
  }
}

function read({ data }: AuditRow): Record<string, unknown> {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
