/**
 * Compares the callers' answers, the record and the operators' actions with the exchange's own ledger, which no server
 * can write to. A violation is one sentence that begins with its kind.
 */

import Big from "big.js";
import type { Order as LedgerOrder } from "../../../src/simulation/engine/orders.ts";
import { keyOf, placementIn } from "./history.ts";
import type { EndedHistory, Told } from "./history.ts";
import { LIMITS } from "./plan.ts";
import type { AskedOrder, Step } from "./plan.ts";
import type { PulledHalt } from "./strikes.ts";
import type { SeenRow } from "./witness.ts";

/** Kinds of violations. */
export type ViolationKind = "doubled" | "lost" | "misreported" | "forbidden" | "limit" | "open";

/** A violation; `history` is set when it belongs to one. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
  readonly history?: EndedHistory;
}

/** The exchange's orders by the idempotency key under which the record began them. */
export type OrdersByKey = ReadonlyMap<string, readonly LedgerOrder[]>;

/** Orders by key, and those that the record does not know. */
export function ordersByKey(
  ledger: readonly LedgerOrder[],
  keys: ReadonlyMap<string, string>,
): { readonly byKey: OrdersByKey; readonly strays: readonly Violation[] } {
  const byKey = new Map<string, LedgerOrder[]>();
  const strays: Violation[] = [];
  for (const order of ledger) {
    const key = keys.get(order.clientOrderId);
    if (key === undefined) {
      strays.push({ kind: "lost", text: `${order.clientOrderId} is at the exchange, and was never written down` });
    } else byKey.set(key, [...byKey.get(key) ?? [], order]);
  }
  return { byKey, strays };
}

/** Violations of one history. */
export function checkHistory(history: EndedHistory, byKey: OrdersByKey): Violation[] {
  const keys = new Set(history.plan.map(({ step }) => keyOf(step)));
  for (const { step } of history.told) keys.add(keyOf(step));
  const all = [...keys].flatMap((key) => byKey.get(key) ?? []);
  const found = [
    ...history.open.map((text): Violation => ({ kind: "open", text })),
    ...[...keys].flatMap((key) => checkKey(key, history.told, byKey.get(key) ?? [])),
    ...checkCancels(history.told, byKey),
    ...checkReplacements(history.told, byKey),
    ...checkLimits(all),
  ];
  return found.map((violation) => ({ ...violation, history }));
}

function checkKey(key: string, told: readonly Told[], orders: readonly LedgerOrder[]): Violation[] {
  const found: Violation[] = [];
  const [order] = orders;
  if (orders.length > 1) {
    found.push({
      kind: "doubled",
      text: `${key} has ${orders.length} orders: ${orders.map(({ id }) => id).join(", ")}`,
    });
  }
  let isTold = false;
  for (const { step, answer } of told) {
    if (step.kind === "cancel" || keyOf(step) !== key || answer === undefined) continue;
    const placement = placementIn(step, answer);
    if (placement?.status === "placed") {
      isTold = true;
      if (placement.order_id === order?.id) continue;
      const what = order === undefined ? "the exchange has none" : `the exchange has ${order.id}`;
      found.push({
        kind: order === undefined ? "lost" : "misreported",
        text: `${key}: told of ${placement.order_id}, ${what}`,
      });
    }
    const isDenied = placement?.status === "not_placed" && placement.client_order_id === order?.clientOrderId;
    if (order !== undefined && isDenied) {
      found.push({ kind: "misreported", text: `${key}: told that nothing was placed, the exchange has ${order.id}` });
    }
  }
  if (order !== undefined && !isTold) {
    found.push({ kind: "lost", text: `${key}: the exchange has ${order.id}, and nobody was told of it` });
  }
  const asked = told.find(({ step }) => step.kind === "place" && step.key === key)?.step;
  if (order !== undefined && asked?.kind === "place" && !isAsAsked(order, asked.order)) {
    found.push({ kind: "misreported", text: `${key}: ${order.id} is not the order that was asked for` });
  }
  return found;
}

function isAsAsked(order: LedgerOrder, asked: AskedOrder): boolean {
  if (order.side !== asked["side"]) return false;
  if (order.type === "MARKET") return order.budget?.eq(asked["counter_volume"] ?? 0) === true;
  return priceOf(order).eq(asked["price"] ?? 0) && volumeOf(order).eq(asked["volume"] ?? 0);
}

function checkCancels(told: readonly Told[], byKey: OrdersByKey): Violation[] {
  return told.flatMap(({ step, answer }): Violation[] => {
    const ending = step.kind === "replace" ? answer?.old?.status : step.kind === "cancel" ? answer?.status : undefined;
    const [order] = byKey.get(step.key) ?? [];
    if (order === undefined || !["cancelled", "filled", "ended"].includes(ending)) return [];
    if (order.completedAt > 0) return [];
    return [{ kind: "misreported", text: `${step.key}: told that ${order.id} is ${ending}, and it is alive` }];
  });
}

/** An order and its replacement were never both alive. */
function checkReplacements(told: readonly Told[], byKey: OrdersByKey): Violation[] {
  const replacements = new Map(told.flatMap(({ step }) => step.kind === "replace" ? [[step.by, step] as const] : []));
  return [...replacements.values()].flatMap(({ key, by }: Extract<Step, { kind: "replace" }>): Violation[] => {
    const [old] = byKey.get(key) ?? [];
    const [after] = byKey.get(by) ?? [];
    if (old === undefined || after === undefined) return [];
    if (old.completedAt > 0 && old.completedAt <= after.createdAt) return [];
    return [{ kind: "doubled", text: `${by} came to ${after.id} while ${old.id}, which it replaces, was alive` }];
  });
}

function checkLimits(orders: readonly LedgerOrder[]): Violation[] {
  const found: Violation[] = [];
  const spent = orders.reduce((sum, order) => sum.plus(worthOf(order)), new Big(0));
  if (spent.gt(LIMITS.perDay)) found.push({ kind: "limit", text: `orders of ${spent} in a day` });
  for (const order of orders.filter((each) => worthOf(each).gt(LIMITS.perOrder))) {
    found.push({ kind: "limit", text: `${order.id} is worth ${worthOf(order)}` });
  }
  const most = Math.max(
    0,
    ...orders.map(({ createdAt }) => orders.filter((other) => isAlive(other, createdAt)).length),
  );
  if (most > LIMITS.openOrders) found.push({ kind: "limit", text: `${most} orders open together` });
  return found;
}

function isAlive({ createdAt, completedAt }: LedgerOrder, atMs: number): boolean {
  return createdAt <= atMs && (completedAt === 0 || completedAt > atMs);
}

function worthOf(order: LedgerOrder): Big {
  return order.type === "MARKET" ? order.budget ?? new Big(0) : priceOf(order).times(volumeOf(order));
}

function priceOf({ limitPrice, market }: LedgerOrder): Big {
  return new Big(limitPrice).div(new Big(10).pow(market.priceScale));
}

function volumeOf({ limitVolume, market }: LedgerOrder): Big {
  return new Big(limitVolume).div(new Big(10).pow(market.volumeScale));
}

/** In the order of the audit nothing is sent between a halt and its lift. */
export class HaltCheck {
  #isHalted = false;

  check(rows: readonly SeenRow[]): Violation[] {
    return rows.flatMap(({ seq, event, clientOrderId }): Violation[] => {
      if (event === "halt") this.#isHalted = true;
      if (event === "lift") this.#isHalted = false;
      if (!this.#isHalted || !["intent", "sent"].includes(event)) return [];
      return [{ kind: "forbidden", text: `row ${seq}: ${clientOrderId} is ${event} after a halt` }];
    });
  }
}

/** Every order that reached the exchange after a halt's answer was named by it. */
export function checkHalts(halts: readonly PulledHalt[], ledger: readonly LedgerOrder[]): Violation[] {
  return halts.flatMap(({ fromMs, untilMs, onTheirWay }) =>
    ledger
      .filter(({ createdAt, clientOrderId }) =>
        createdAt > fromMs && createdAt < untilMs && !onTheirWay.includes(clientOrderId)
      )
      .map(({ clientOrderId }): Violation => ({
        kind: "forbidden",
        text: `${clientOrderId} reached the exchange within a halt that does not name it`,
      }))
  );
}
