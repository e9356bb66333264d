/** Answers and errors of tools, formatted for people. */

import { PLAIN_DECIMAL } from "../../money/decimals.ts";
import { formatOrderBook } from "./order_book.ts";
import type { BookLevel } from "./order_book.ts";
import { styled } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { cellText, formatTable } from "./table.ts";
import type { TableRow } from "./table.ts";
import { isMoment, relativeTime, shortTime } from "./times.ts";
import { displayWidth, pad, wrap, wrapText } from "./width.ts";
import { isObject } from "../../validation/is_object.ts";

/** A tool's answer, or a part of it. */
type Values = Readonly<Record<string, unknown>>;

/** Columns that matter least to people, in the order in which a narrow screen omits them. */
const EXPENDABLE = [
  "client_order_id",
  "accounts",
  "unconfirmed",
  "reference",
  "row_index",
  "sequence",
  "fee_base",
  "fee_counter",
  "time_in_force",
  "stop_direction",
  "stop_price",
  "filled_value",
  "average_price",
  "available_delta",
  "completed",
];

/** Times that are shown relative to now; times of candles and trades stay absolute. */
const RELATIVE: ReadonlySet<string> = new Set(["created", "completed", "expires", "expires_at", "valid_until"]);

/** A tool's answer: single values as a list, nested objects below it, rows as tables, a book as a ladder. */
export function formatAnswer(answer: Values, screen: Screen): string {
  const { next_cursor: cursor, ...rest } = answer;
  const { bids, asks, ...others } = rest;
  const book = isSide(bids) && isSide(asks) ? formatOrderBook({ bids, asks }, screen) : undefined;
  const parts = Object.entries(book === undefined ? rest : others);
  const singles = parts.filter(([, value]) => !isBlock(value));
  const blocks = parts.filter(([, value]) => isBlock(value))
    .map(([name, value]) => `${styled(cellText(name), "bold", screen)}\n${formatBlock(value, screen)}`);
  const more = cursor === undefined ? "" : `More rows: the same call with\n  cursor=${cellText(cursor)}`;
  return [formatFields(singles, screen), book ?? "", ...blocks, more].filter((part) => part !== "").join("\n\n");
}

/** A tool's error: its code and sentence, then what can be done about it. */
export function formatError(error: Values, screen: Screen): string {
  const { code, message, retryable, retry_after_ms: retryAfterMs, suggestions, exchange } = error;
  const head = cellText(code);
  const lines = [`${head}: ${cellText(message)}`];
  const untold = Array.isArray(suggestions)
    ? suggestions.map(cellText).filter((word) => !String(message).includes(word))
    : [];
  if (untold.length > 0) lines.push(`  did you mean: ${untold.join(", ")}`);
  if (typeof retryAfterMs === "number") lines.push(`  try again in ${Math.ceil(retryAfterMs / 1_000)} s`);
  else if (retryable === true) lines.push("  trying again may succeed");
  if (isObject(exchange)) lines.push(`  the exchange answered: ${cellText(formatExchange(exchange))}`);
  const text = wrapText(lines.join("\n"), { width: screen.columns, indent: 2 });
  return styled(head, "red", screen) + text.slice(head.length);
}

function formatExchange({ code, status, text, trace_id: trace }: Values): string {
  const facts = [code, status === undefined ? undefined : `status ${status}`, trace && `trace ${trace}`];
  const known = facts.filter((fact) => fact !== undefined && fact !== "").join(", ");
  return text === undefined ? known : `${JSON.stringify(text)}${known === "" ? "" : ` (${known})`}`;
}

function formatFields(fields: readonly (readonly [string, unknown])[], screen: Screen, indent = ""): string {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(cellText(name))));
  return fields.map(([name, value]) => {
    const [first = "", ...rest] = wrap(fieldText(value, screen), screen.columns - indent.length - width - 2);
    const head = `${indent}${styled(pad(cellText(name), width), "dim", screen)}  ${first}`;
    return [head, ...rest.map((line) => `${indent}${" ".repeat(width + 2)}${line}`)].join("\n");
  }).join("\n");
}

function fieldText(value: unknown, { now }: Screen): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(cellText).join(", ");
  if (!isMoment(value)) return cellText(value);
  return `${shortTime(value)} (${relativeTime(Date.parse(value), now)})`;
}

/** Whether a value needs more than one line. */
function isBlock(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((item) => isObject(item) || Array.isArray(item));
  return isObject(value);
}

function formatBlock(value: unknown, screen: Screen): string {
  if (isObject(value)) {
    const inner = Object.entries(value);
    const singles = inner.filter(([, part]) => !isBlock(part));
    const blocks = inner.filter(([, part]) => isBlock(part));
    const lines = [formatFields(singles, screen, "  ")].filter((part) => part !== "");
    return [...lines, ...blocks.map(([name, part]) => `  ${cellText(name)}\n${indented(part, screen)}`)].join("\n");
  }
  const rows = (value as readonly unknown[]).map((row) => isObject(row) ? row : { ...(row as readonly unknown[]) });
  return formatTable(rows.map((row) => readableRow(row, screen)), screen, { expendable: EXPENDABLE });
}

function indented(value: unknown, screen: Screen): string {
  return formatBlock(value, { ...screen, columns: screen.columns - 2 }).replaceAll(/^/gm, "  ");
}

function readableRow(row: TableRow, { now }: Screen): TableRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (!isMoment(value)) return [name, value];
      return [name, RELATIVE.has(name) ? relativeTime(Date.parse(value), now) : shortTime(value)];
    }),
  );
}

function isSide(value: unknown): value is readonly BookLevel[] {
  return Array.isArray(value) &&
    value.every((level) =>
      Array.isArray(level) && level.length === 2 && level.every((part) => PLAIN_DECIMAL.test(String(part)))
    );
}
