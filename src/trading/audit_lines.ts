/** The log line for one row of the audit: level, message and fields. Depends on nothing but the row and its order. */

import { readJson } from "../text/read_json.ts";
import type { AuditRow } from "./record/audit_row.ts";
import type { Placement } from "./record/recorded_placement.ts";
import type { Order } from "./orders/order.ts";
import { kindOf } from "./orders/trading_account.ts";
import type { OrderKind } from "./orders/trading_account.ts";
import { isObject } from "../validation/is_object.ts";

/** The counted outcomes of orders; a fixed set, so that each can be a label. */
export const ORDER_OUTCOMES = ["refused", "placed", "not_placed", "unknown", "filled", "cancelled", "closed"] as const;

/** The outcome of an order. */
export type OrderOutcome = (typeof ORDER_OUTCOMES)[number];

/** A log record. */
export interface Line {
  readonly level: "debug" | "info" | "warning";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether to log it also when another process wrote the row. */
  readonly isForAll: boolean;
  /** The outcome to count. */
  readonly outcome?: { readonly kind: OrderKind; readonly outcome: OrderOutcome };
}

type Data = Readonly<Record<string, unknown>>;

/** One row and its order. */
interface Entry {
  readonly row: AuditRow;
  readonly data: Data;
  readonly placement: Placement | undefined;
}

/** The line for a row; `undefined` when it has none. `placement` is the order that the row belongs to. */
export function recordLine(row: AuditRow, placement: Placement | undefined): Line | undefined {
  const data = readData(row.data);
  return LINES[row.event]?.({ row, data, placement });
}

const LINES: Readonly<Record<string, (entry: Entry) => Line | undefined>> = {
  preview({ row, data }) {
    const { order, problems } = data;
    const fields = { ...idsOf(row), kind: kindOfRow(row, data), ...orderFields(order), problems };
    return { level: "debug", message: "order previewed", fields, isForAll: false };
  },

  decision({ row, data }) {
    const { code } = data;
    if (typeof code !== "string") return undefined;
    const outcome = { kind: kindOfRow(row, data), outcome: "refused" } as const;
    return { level: "info", message: "order refused", fields: { ...idsOf(row), code }, isForAll: false, outcome };
  },

  sent: (entry) => ({ level: "debug", message: "order sent", fields: fieldsOf(entry), isForAll: false }),

  outcome(entry) {
    const { state, reason } = entry.data;
    const known = OUTCOMES[String(state)];
    if (known === undefined) return undefined;
    const { level, message, outcome } = known;
    const why = typeof reason === "string" ? { code: reason } : {};
    const counted = { kind: placedKind(entry), outcome };
    return { level, message, fields: { ...fieldsOf(entry), ...why }, isForAll: false, outcome: counted };
  },

  fill: (entry) => settled(entry, "filled"),

  closed: (entry) => settled(entry, "closed"),

  cancel(entry) {
    const { row, data, placement } = entry;
    const { status, base, reason } = data;
    if (typeof status !== "string") return undefined;
    const fields = {
      ...idsOf(row),
      ...(reason === undefined ? {} : { code: reason }),
      ...orderFields(placement?.order),
    };
    if (status !== "cancelled") {
      const message = "order not cancelled";
      return { level: "warning", message, fields: { ...fields, status }, isForAll: false };
    }
    const outcome = { kind: placedKind(entry), outcome: "cancelled" } as const;
    const message = "order cancelled";
    return { level: "info", message, fields: { ...fields, filled_volume: base }, isForAll: false, outcome };
  },

  replace({ row, data }) {
    const fields = { identity: row.identity, replaced_order_id: row.orderId, status: data["status"] };
    return { level: "info", message: "order replaced", fields, isForAll: false };
  },

  confirmation_asked({ row, data, placement }) {
    const fields = { ...idsOf(row), ...approvalFields(data), ...orderFields(placement?.order) };
    return { level: "info", message: "approval requested", fields, isForAll: true };
  },

  confirmation({ row, data }) {
    const message = data["approved"] === true ? "order approved" : "order declined";
    return { level: "info", message, fields: { ...idsOf(row), ...approvalFields(data) }, isForAll: true };
  },

  halt({ row, data }) {
    const fields = { by: row.identity, reason: data["reason"], cancel_open: data["cancel_open"] };
    return { level: "warning", message: "trading halted", fields, isForAll: true };
  },

  lift({ row, data }) {
    const fields = { by: row.identity, ...(data["withdrawn"] === undefined ? {} : { withdrawn: data["withdrawn"] }) };
    return { level: "warning", message: "trading resumed", fields, isForAll: true };
  },

  halt_file({ data }) {
    const isThere = data["present"] === true;
    const message = isThere ? "trading halted by the halt file" : "halt file removed";
    return { level: "warning", message, fields: {}, isForAll: true };
  },
};

const OUTCOMES: Readonly<Record<string, Pick<Line, "level" | "message"> & { readonly outcome: OrderOutcome }>> = {
  placed: { level: "info", message: "order placed", outcome: "placed" },
  not_placed: { level: "info", message: "order not placed", outcome: "not_placed" },
  unknown: { level: "warning", message: "order outcome unknown", outcome: "unknown" },
};

function settled(entry: Entry, outcome: "filled" | "closed"): Line {
  const { base, counter, feeBase, feeCounter, status } = entry.data;
  const fields = {
    ...fieldsOf(entry),
    filled_volume: base,
    filled_value: counter,
    ...(feeBase === undefined ? {} : { fee_base: feeBase }),
    ...(feeCounter === undefined ? {} : { fee_counter: feeCounter }),
    ...(status === undefined ? {} : { status }),
  };
  const counted = { kind: placedKind(entry), outcome };
  return { level: "info", message: "order settled", fields, isForAll: false, outcome: counted };
}

function fieldsOf(entry: Entry): Data {
  const { row, placement } = entry;
  return { ...idsOf(row), kind: placedKind(entry), ...orderFields(placement?.order) };
}

function idsOf({ identity, clientOrderId, orderId }: AuditRow): Data {
  return {
    identity,
    ...(clientOrderId === null ? {} : { client_order_id: clientOrderId }),
    ...(orderId === null ? {} : { order_id: orderId }),
  };
}

/** The terms of an order; data in a row of the audit may be missing. */
function orderFields(order: unknown): Data {
  if (!isObject(order)) return {};
  const { pair, side, type, volume, counterVolume, price }: { [Field in keyof Order]?: unknown } = order;
  return {
    pair,
    side,
    type,
    ...(volume === undefined ? {} : { volume }),
    ...(counterVolume === undefined ? {} : { counter_volume: counterVolume }),
    ...(price === undefined ? {} : { price }),
  };
}

/** The two ways of asking have slightly different rows. */
function approvalFields({ approval, confirmation, way, ways, by }: Data): Data {
  return { approval_id: approval ?? confirmation, ways: ways ?? [way ?? by] };
}

/** The kind of an order in a row; earlier versions without accounts recorded whether it is on paper. */
function kindOfRow({ account }: AuditRow, { paper }: Data): OrderKind {
  return account === null ? (paper === true ? "paper" : "real") : kindOf(account);
}

function placedKind({ placement }: Entry): OrderKind {
  return placement === undefined ? "real" : kindOf(placement.account);
}

/** A row that is too long holds only its beginning; a damaged one must not stop the log. */
function readData(text: string): Data {
  const data = readJson(text);
  return isObject(data) ? data : {};
}
