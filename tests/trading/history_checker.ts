/**
 * Compares three accounts of one history: the exchange's own ledger, the journal, and the callers' answers. It
 * identifies orders by their prices and amounts, so that it also sees those with other ids, or none.
 */

import { formatDecimal } from "../../src/money/decimals.ts";
import type { Order as LedgerOrder } from "../../src/simulation/engine/orders.ts";
import { type EndedOrder, isEnded } from "../../src/trading/execution/cancel_result.ts";
import type { Placement } from "../../src/trading/record/recorded_placement.ts";
import { isOver } from "../../src/trading/orders/lifetime.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import type { PlacementResult } from "../../src/trading/execution/placement_result.ts";
import type { FaultyExchange } from "./faulty_exchange.ts";
import { type History, type Intent, NOTIONAL, type Told } from "./histories.ts";

/** What must never happen. */
const VIOLATIONS = [
  "doubled",
  "lost",
  "misreported",
  "forbidden",
  "limit",
  "self_trade",
  "preview",
  "stuck",
  "audit",
  "unsettled",
  "error",
] as const;

/** One of {@linkcode VIOLATIONS}, with details. */
export interface Violation {
  readonly kind: (typeof VIOLATIONS)[number];
  readonly text: string;
}

const MINUTE_MS = 60_000;

/** All violations of a history. */
export function checkHistory(history: History, exchange: FaultyExchange): Violation[] {
  const orders = exchange.createdSince(history.startedAt);
  const found: Violation[] = [
    ...history.errors.map((error) => violation("error", error instanceof Error ? error.stack ?? "" : String(error))),
    ...checkDoubled(history, orders),
    ...checkJournal(history, orders),
    ...history.told.flatMap((told) => checkTold(told, orders)),
    ...checkReplaced(history, orders),
    ...checkLimits(history, orders),
    ...checkForbidden(history, orders),
    ...checkRepetitions(history),
    ...checkPreviews(history),
    ...exchange.ownTradesSince(history.startedAt).map((ids) =>
      violation("self_trade", `own orders ${ids.join(" and ")} have traded with each other`)
    ),
    ...history.stuck.map((id) => violation("stuck", `nobody may replace ${id}, which nobody has replaced`)),
  ];
  const verified = history.store.audit.verify();
  if (!verified.ok) found.push(violation("audit", `${verified.row}: ${verified.reason}`));
  return found;
}

/**
 * Nothing is sent for a caller that has left or may not trade, nothing is sent after a halt, nothing arrives too late.
 */
function checkForbidden({ store, forbidden, left }: History, orders: readonly LedgerOrder[]): Violation[] {
  const late = orders.filter(({ clientOrderId, createdAt }) =>
    createdAt > (store.journal.find(clientOrderId)?.validUntil ?? Infinity)
  );
  return [
    ...forbidden.map((id) => violation("forbidden", `${id} left although its caller was gone or might not trade`)),
    ...left.map((id) => violation("forbidden", `${id} was open when everything was taken for cancelled`)),
    ...late.map(({ clientOrderId }) => violation("forbidden", `${clientOrderId} was taken after its time`)),
    ...checkHalts(store),
  ];
}

function checkHalts({ audit }: History["store"]): Violation[] {
  let isHalted = false;
  return audit.trail({ limit: 10_000 }).flatMap(({ event, clientOrderId }) => {
    if (event === "halt" || event === "lift") isHalted = event === "halt";
    const isWrong = event === "sent" && isHalted;
    return isWrong ? [violation("forbidden", `${clientOrderId} was sent while trading was halted`)] : [];
  });
}

function checkDoubled({ intents }: History, orders: readonly LedgerOrder[]): Violation[] {
  return intents.flatMap(({ number }) => {
    const rivals = intents.filter((intent) => intent.number === number || intent.rivals === number);
    const ids = rivals.flatMap(({ order: wanted }) => orders.filter((order) => isOf(order, wanted))).map(({ id }) =>
      id
    );
    return ids.length <= 1 ? [] : [violation("doubled", `order ${number} exists as ${ids.join(", ")}`)];
  });
}

function checkJournal({ store, intents }: History, orders: readonly LedgerOrder[]): Violation[] {
  const { journal } = store;
  const unsettled = journal.unsettled().map(({ clientOrderId, state }) =>
    violation("unsettled", `${clientOrderId} is still ${state}`)
  );
  const lost = orders.filter(({ id, clientOrderId }) => journal.find(clientOrderId)?.orderId !== id).map(
    ({ id, clientOrderId }) => {
      const state = journal.find(clientOrderId)?.state ?? "not there";
      return violation("lost", `order ${id} exists, and its placement ${clientOrderId} is ${state}`);
    },
  );
  const phantoms = intents.flatMap(({ previewId }) => journal.findByPreview(previewId) ?? []).filter((placement) =>
    placement.state === "placed" && !orders.some(({ id }) => id === placement.orderId)
  ).map(({ clientOrderId }) => violation("lost", `placement ${clientOrderId} is placed, and there is no order`));
  return [...unsettled, ...lost, ...phantoms];
}

function checkTold(told: Told, orders: readonly LedgerOrder[]): Violation[] {
  switch (told.kind) {
    case "placement":
      return checkResult(told.intent, told.result, orders);
    case "replace":
      return [
        ..."placement" in told.result ? checkResult(told.intent, told.result.placement, orders) : [],
        ...told.result.status === "replaced" || told.result.status === "nothing_left"
          ? checkEnded(told.result.old, orders)
          : [],
      ];
    case "cancel":
      if (isEnded(told.result)) return checkEnded(told.result, orders);
      return told.result.status === "not_found" ? checkMissing(told.result, orders) : [];
    case "cancel_all":
      return [...told.result.cancelled, ...told.result.ended].flatMap((ended) => checkEnded(ended, orders));
  }
}

function checkResult(intent: Intent, result: PlacementResult, orders: readonly LedgerOrder[]): Violation[] {
  const what = `order ${intent.number} was told ${JSON.stringify(result)}`;
  if (result.status === "placed") {
    const order = orders.find(({ id }) => id === result.order_id);
    const isIt = order !== undefined && order.clientOrderId === result.client_order_id && isOf(order, intent.order);
    return isIt ? [] : [violation("misreported", `${what}, and there is no such order`)];
  }
  if (result.status === "not_placed") {
    const order = orders.find(({ clientOrderId }) => clientOrderId === result.client_order_id);
    return order === undefined ? [] : [violation("misreported", `${what}, and ${order.id} exists`)];
  }
  return [];
}

/** A key is refused only when another order was requested under it. */
function checkRepetitions({ told, intents }: History): Violation[] {
  const contested = new Set(intents.flatMap(({ number, rivals }) => rivals === undefined ? [] : [number, rivals]));
  return told.flatMap((each) => {
    if (each.kind !== "placement" || each.result.status !== "refused" || contested.has(each.intent.number)) return [];
    if (each.result.reason !== "ERR_IDEMPOTENCY_MISMATCH") return [];
    return [violation("misreported", `order ${each.intent.number} was refused as another one than before`)];
  });
}

/** A preview is used up exactly by the order that has begun with it, in time. */
function checkPreviews({ store, intents, shown }: History): Violation[] {
  return intents.flatMap(({ previewId, identity }) => {
    const preview = shown.has(previewId) ? store.previews.find(previewId, identity) : undefined;
    if (preview === undefined) return [];
    const placement = store.journal.findByPreview(previewId);
    if ((placement === undefined) !== (preview.usedAt === null)) {
      return [
        violation("preview", `${previewId} is ${preview.usedAt === null ? "not " : ""}used, and its order another`),
      ];
    }
    const isLate = placement !== undefined && isOver(preview, placement.createdAt);
    return isLate ? [violation("preview", `${previewId} was placed after its time`)] : [];
  });
}

function checkEnded(told: EndedOrder, orders: readonly LedgerOrder[]): Violation[] {
  const order = orders.find(({ id }) => id === told.order_id);
  if (order === undefined) return []; // Older than the history.
  const isCancelled = order.cancelledAt > 0;
  const isTrue = order.status === "COMPLETE" && isCancelled === (told.status === "cancelled") &&
    formatDecimal(order.base) === told.filled_volume && formatDecimal(order.counter) === told.filled_value;
  return isTrue ? [] : [violation("misreported", `told ${JSON.stringify(told)}, and the order is ${order.status}`)];
}

function checkMissing(
  told: { readonly order_id?: string; readonly client_order_id?: string },
  orders: readonly LedgerOrder[],
): Violation[] {
  const order = orders.find(({ id, clientOrderId }) => id === told.order_id || clientOrderId === told.client_order_id);
  return order === undefined ? [] : [violation("misreported", `told not_found of ${order.id}, which exists`)];
}

/** A new order begins after the old one has ended, and has at most its remainder. */
function checkReplaced({ store, intents }: History, orders: readonly LedgerOrder[]): Violation[] {
  return intents.flatMap((intent) => {
    const next = orders.find((order) => isOf(order, intent.order));
    const old = orders.find(({ clientOrderId }) => clientOrderId === intent.replaces);
    if (intent.replaces === undefined || next === undefined || old === undefined) return [];
    if (old.status !== "COMPLETE" || old.completedAt > next.createdAt) {
      return [violation("doubled", `order ${next.id} began while ${old.id}, which it replaces, was alive`)];
    }
    const placed = store.journal.find(next.clientOrderId)?.order.volume ?? "0";
    const isTooMuch = old.base.plus(placed).gt(intent.order.volume ?? "0");
    return isTooMuch ? [violation("doubled", `order ${next.id} takes ${placed}, more than ${old.id} left`)] : [];
  });
}

function checkLimits({ store, policy }: History, orders: readonly LedgerOrder[]): Violation[] {
  const placements = orders.flatMap(({ clientOrderId }) => store.journal.find(clientOrderId) ?? []);
  const identities = new Set(placements.map(({ identity }) => identity));
  return [...identities].flatMap((identity) => {
    const own = placements.filter((placement) => placement.identity === identity);
    const names = new Set(own.map(({ clientOrderId }) => clientOrderId));
    const theirs = orders.filter(({ clientOrderId }) => names.has(clientOrderId));
    return [
      ...checkPerDay(identity, { count: theirs.length, most: Number(policy.maxPerDay?.amount) }),
      ...checkOpen(theirs, policy.maxOpenOrders ?? Infinity),
      ...checkRate(own, policy.maxOrdersPerMinute ?? Infinity),
    ];
  });
}

/** Every order is reserved with the same amount, and a history ends on the day it began. */
function checkPerDay(identity: string, { count, most }: { count: number; most: number }): Violation[] {
  const spent = count * Number(NOTIONAL);
  return spent <= most ? [] : [violation("limit", `${identity} has spent ${spent} of ${most} in a day`)];
}

function checkOpen(orders: readonly LedgerOrder[], most: number): Violation[] {
  return orders.flatMap(({ id, createdAt }) => {
    const open = orders.filter((other) =>
      other.createdAt <= createdAt && (other.status !== "COMPLETE" || other.completedAt > createdAt)
    );
    return open.length <= most ? [] : [violation("limit", `${id} was the ${open.length}th open order of ${most}`)];
  });
}

function checkRate(placements: readonly Placement[], most: number): Violation[] {
  const begun = placements.map(({ createdAt }) => createdAt).toSorted((a, b) => a - b);
  return begun.flatMap((at, place) => {
    const first = begun[place - most];
    return first === undefined || at - first >= MINUTE_MS
      ? []
      : [violation("limit", `${most + 1} orders began within ${at - first} ms`)];
  });
}

/** Whether an order of the exchange is the intended one, or its remainder. */
function isOf(order: LedgerOrder, wanted: Order): boolean {
  if (order.side !== wanted.side) return false;
  if (wanted.type === "market") return order.budget !== null && formatDecimal(order.budget) === wanted.counterVolume;
  return order.type !== "MARKET" && String(order.limitPrice) === wanted.price;
}

function violation(kind: Violation["kind"], text: string): Violation {
  return { kind, text };
}
