/** `audit`: checks the record of every order, and shows one order from its preview to its fills. */

import { AUDIT_SETTINGS } from "../config/trading_commands_settings.ts";
import { parseSettings } from "../config/parse.ts";
import type { Origins } from "../config/parse.ts";
import type { AuditRow } from "../trading/audit.ts";
import type { TradingStore } from "../trading/store.ts";
import type { CommandCall } from "./command_call.ts";
import { findFolder, withRecord } from "./trading_record.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** Rows that are shown where no order is named. */
const LATEST_ROWS = 50;

/** More than any order has. */
const MAX_ROWS = 10_000;

/** Does what the operands say: `verify` or `show`. */
export async function audit(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(AUDIT_SETTINGS, { flags, env: world.env });
  const { values, origins } = parsed;
  const folder = findFolder(values.state, { env: world.env, origin: origins.state });
  const [action, ...extra] = operands;
  const all = [
    ...problems,
    ...judgeAction(action, origins),
    ...extra.map((word) => `${JSON.stringify(word)}: unexpected argument`),
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : [folder.problem]),
  ];
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const { head: expectedHead, order } = parsed.values;
  const asJson = json || !world.stdout.isTerminal();
  return await withRecord({ folder, access: "read" }, {
    world,
    body: (store) =>
      action === "verify" ? verify(store, { expectedHead, world, asJson }) : show(store, { order, world, asJson }),
  });
}

async function verify(
  store: TradingStore,
  { expectedHead, world, asJson }: { expectedHead: string | undefined; world: World; asJson: boolean },
): Promise<ExitCode> {
  const result = store.verify({ expectedHead });
  if (asJson) await print(world.stdout, JSON.stringify(result));
  if (!result.ok) {
    const place = result.row === null ? "The record is broken" : `The audit is broken at row ${result.row}`;
    await print(world.stderr, `${place}: ${result.reason}`);
    return 1;
  }
  if (!asJson) {
    const proof = expectedHead === undefined
      ? "  keep the head elsewhere; audit verify --head HASH proves later that the rows up to it are the same"
      : "  the rows up to the expected head are those of then";
    const archived = result.archived === undefined ? "" : `, ${result.archived} of them in archive files`;
    await print(
      world.stdout,
      `The audit is whole\n  rows  ${result.rows}${archived}\n  head  ${result.head}\n${proof}`,
    );
  }
  return 0;
}

async function show(
  store: TradingStore,
  { order, world, asJson }: { order: string | undefined; world: World; asJson: boolean },
): Promise<ExitCode> {
  const rows = order === undefined
    ? store.audit.trail({ limit: LATEST_ROWS })
    : store.audit.trail({ orderId: order, clientOrderId: order, limit: MAX_ROWS });
  if (rows.length === 0 && order !== undefined) {
    await print(world.stderr, `Cannot show ${JSON.stringify(order.slice(0, 200))} as no row of the audit speaks of it`);
    return 1;
  }
  await print(world.stdout, asJson ? JSON.stringify({ rows: rows.map(asRecord) }) : rows.map(describe).join("\n"));
  return 0;
}

function asRecord({ seq, at, identity, event, clientOrderId, orderId, data, hash }: AuditRow): Record<string, unknown> {
  return {
    seq,
    at: new Date(at).toISOString(),
    identity,
    event,
    client_order_id: clientOrderId,
    order_id: orderId,
    data: readData(data),
    hash,
  };
}

function describe({ seq, at, identity, event, clientOrderId, orderId, data }: AuditRow): string {
  const ids = [clientOrderId ?? [], orderId === null ? [] : `order ${orderId}`].flat().join("  ");
  const lines = [`${seq}  ${new Date(at).toISOString()}  ${event.toUpperCase()}  ${identity}  ${ids}`.trimEnd()];
  for (const [name, value] of Object.entries(readData(data))) {
    if (value !== null) {
      lines.push(`     ${name}  ${printable(typeof value === "string" ? value : JSON.stringify(value))}`);
    }
  }
  return lines.join("\n");
}

/** A row that was tampered with is shown as it is. */
function readData(text: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null ? { ...data } : { data };
  } catch {
    return { unreadable: text };
  }
}

/** The terminal acts on nothing that stands in the record. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}

function judgeAction(action: string | undefined, origins: Origins<typeof AUDIT_SETTINGS>): string[] {
  const isGiven = (name: "head" | "order") => origins[name] === "flag";
  switch (action) {
    case "verify":
      return isGiven("order") ? ["--order: audit verify does not take it"] : [];
    case "show":
      return [
        ...(isGiven("head") ? ["--head: audit show does not take it"] : []),
      ];
    default:
      return [
        `${
          action === undefined ? "audit" : JSON.stringify(action)
        }: expected audit verify, or audit show with or without --order ID`,
      ];
  }
}
