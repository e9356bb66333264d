/** `audit`: verifies the audit log, shows one order from its preview to its fills, and archives old rows. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { auditProblems, isAction } from "../config/rules/command_rules.ts";
import type { Origins } from "../config/parse.ts";
import { ARCHIVE_FOLDER } from "../state/record/archive_files.ts";
import { ArchiveError } from "../trading/record/archive.ts";
import type { AuditRow } from "../trading/record/audit_row.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import { screenOf } from "./terminal/screen.ts";
import type { Screen } from "./terminal/screen.ts";
import { relativeTime } from "./terminal/times.ts";
import { truncate, wrapText } from "./terminal/width.ts";
import type { CommandCall } from "./command_call.ts";
import { hasNoRecord, withRecord } from "./open_record.ts";
import { isMissing } from "./find_folder.ts";
import { findRecord } from "./find_record.ts";
import { fail, refuse, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import { isObject } from "../validation/is_object.ts";

/** Rows to show when no order is given. */
const LATEST_ROWS = 50;

/** More rows than any order has. */
const MAX_ROWS = 10_000;

/** Runs `verify`, `show` or `archive`. */
export async function audit(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json, wide = false }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.audit, { flags, env: world.env });
  const { origins } = parsed;
  const folder = await findRecord(parsed, world.env);
  const [action] = operands;
  const all = [
    ...problems,
    ...checkAction(action, origins),
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : folder.problems),
  ];
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const { head: expectedHead, order, recordRetention, verbose = false } = parsed.values;
  const asJson = json || !world.stdout.isTerminal();
  const isNowhere = parsed.values.state !== undefined && await isMissing(folder.path);
  if (action === "show" && order === undefined && await hasNoRecord(folder) && !isNowhere) {
    await print(world.stdout, asJson ? JSON.stringify({ rows: [] }) : NO_ROWS);
    return 0;
  }
  return await withRecord({ folder, access: action === "archive" ? "change" : "read" }, {
    world,
    body: (record) => {
      if (action === "archive") return archive(record, { days: recordRetention, world, asJson });
      return action === "verify"
        ? verify(record, { expectedHead, world, asJson })
        : show(record, { order, world, asJson, screen: screenOf(world, { wide }), verbose });
    },
  });
}

async function verify(
  { audit }: TradingRecord,
  { expectedHead, world, asJson }: { expectedHead: string | undefined; world: World; asJson: boolean },
): Promise<ExitCode> {
  const result = await audit.verify({ expectedHead });
  if (asJson) await print(world.stdout, JSON.stringify(result));
  if (!result.ok) {
    const place = result.row === null ? "The audit log is broken" : `The audit is broken at row ${result.row}`;
    await say(world, `${place}: ${result.reason}`, world.stderr);
    return 1;
  }
  if (!asJson) {
    const proof = expectedHead === undefined
      ? "  keep the head elsewhere; audit verify --head HASH proves later that the rows up to it are the same"
      : "  the rows up to the expected head are those of then";
    const archived = result.archived === undefined ? "" : `, ${result.archived} of them in archive files`;
    const whole = `The audit is whole\n  rows  ${result.rows}${archived}\n  head  ${result.head}\n${proof}`;
    await say(world, whole, world.stdout);
  }
  return 0;
}

/** Moves rows older than this many days into archive files; servers may keep running. */
async function archive(
  { archive }: TradingRecord,
  { days, world, asJson }: { days: number | undefined; world: World; asJson: boolean },
): Promise<ExitCode> {
  if (days === undefined) throw new TypeError("Cannot archive as nothing says what is old");
  const archived = await attempt(() => archive.run({ days, now: world.now() }));
  if (archived instanceof ArchiveError) {
    return await fail(world, `Cannot archive as ${archived.message}`);
  }
  const { rows, files, placements } = archived;
  if (asJson) await print(world.stdout, JSON.stringify({ rows, files, placements }));
  else if (rows + placements === 0) await print(world.stdout, `Nothing in the audit log is older than ${days} days`);
  else {
    const names = files.map((file) => `\n  ${ARCHIVE_FOLDER}/${file}`).join("");
    await print(world.stdout, `Archived\n  rows  ${rows}\n  placements  ${placements}${names}`);
  }
  return 0;
}

async function show(
  { audit }: TradingRecord,
  { order, world, asJson, screen, verbose }: {
    order: string | undefined;
    world: World;
    asJson: boolean;
    screen: Screen;
    verbose: boolean;
  },
): Promise<ExitCode> {
  const rows = order === undefined
    ? await audit.trail({ limit: LATEST_ROWS })
    : await audit.trail({ orderId: order, clientOrderId: order, limit: MAX_ROWS });
  if (rows.length === 0 && order !== undefined) {
    return await fail(world, `Cannot show ${JSON.stringify(order.slice(0, 200))} as no row of the audit speaks of it`);
  }
  if (asJson) await print(world.stdout, JSON.stringify({ rows: rows.map(asRecord) }));
  else if (rows.length === 0) await print(world.stdout, NO_ROWS);
  else if (verbose) await print(world.stdout, rows.map((row) => describe(row, screen)).join("\n"));
  else {
    const lines = rows.map((row) => truncate(summarize(row, screen), screen.columns));
    await print(world.stdout, [...lines, "", "--verbose shows all that each event says"].join("\n"));
  }
  return 0;
}

const NO_ROWS = "Nothing was recorded yet";

/** An event on one line: time, type, identity, and the most important data. */
function summarize({ at, event, identity, clientOrderId, orderId, data }: AuditRow, { now }: Screen): string {
  const { order, ...others } = readData(data);
  const facts = [
    orderWords({ ...others, ...(isObject(order) ? order : {}) }),
    ...SUMMARIZED.map((name) => others[name]).filter((value) => typeof value === "string").map(String),
    ...(orderId === null ? [] : [orderId]),
    ...(clientOrderId === null ? [] : [clientOrderId]),
  ];
  const words = [relativeTime(at, now).padStart(11), event.padEnd(12), identity, ...facts];
  return words.filter((word) => word !== "").map(printable).join("  ");
}

/** The most important data of an event, apart from its order. */
const SUMMARIZED = ["state", "status", "outcome", "code", "reason"] as const;

function orderWords(
  { side, volume, base, counter_volume: counterVolume, pair, price }: Record<string, unknown>,
): string {
  const amount = volume ?? counterVolume ?? base;
  if (typeof side !== "string" || typeof pair !== "string") return "";
  return [side, amount, pair, ...(price === undefined || price === null ? [] : ["at", price])]
    .filter((word) => word !== undefined && word !== null).map(String).join(" ");
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

function describe({ seq, at, identity, event, clientOrderId, orderId, data }: AuditRow, { columns }: Screen): string {
  const ids = [clientOrderId ?? [], orderId === null ? [] : `order ${orderId}`].flat().join("  ");
  const lines = [`${seq}  ${new Date(at).toISOString()}  ${event.toUpperCase()}  ${identity}  ${ids}`.trimEnd()];
  for (const [name, value] of Object.entries(readData(data))) {
    if (value !== null) {
      lines.push(`     ${name}  ${printable(typeof value === "string" ? value : JSON.stringify(value))}`);
    }
  }
  return wrapText(lines.join("\n"), { width: columns, indent: 2 });
}

/** A row that was tampered with is shown unchanged. */
function readData(text: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null ? { ...data } : { data };
  } catch {
    return { unreadable: text };
  }
}

/** Neutralizes control characters, so that stored data cannot control the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}

async function attempt<Result>(body: () => Promise<Result>): Promise<Result | ArchiveError> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
}

function checkAction(action: string | undefined, origins: Origins<typeof COMMAND_SETTINGS.audit>): string[] {
  if (isAction("audit", action)) return auditProblems(action, origins);
  const word = action === undefined ? "audit" : JSON.stringify(action);
  return [`${word}: expected audit verify, audit show with or without --order ID, or audit archive`];
}
