/** Formats rows as a table that fits the screen: wraps wide text, then omits columns, with a note that names them. */

import { printable } from "./live_text.ts";
import { styled } from "./screen.ts";
import type { Screen } from "./screen.ts";
import { displayWidth, pad, truncate, wrap } from "./width.ts";

/** A row, by column names. */
export type TableRow = Readonly<Record<string, unknown>>;

/** Options of a table. */
export interface TableOptions {
  /** Columns that are omitted first when the screen is too narrow. */
  readonly expendable?: readonly string[];
}

const GAP = "  ";

/** The least width of wrapped text. */
const NARROWEST_TEXT = 12;

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly isNumber: boolean;
  width: number;
}

/** A table of rows of the same shape, with column heads; numbers are right-aligned. */
export function formatTable(rows: readonly TableRow[], screen: Screen, options: TableOptions = {}): string {
  const all = columnsOf(rows);
  const shown = fit(all, screen, options.expendable ?? []);
  const lines = rows.flatMap((_, index) => rowLines(shown, index));
  const heads = shown.map(({ name, width, isNumber }) => pad(name, width, isNumber ? "left" : "right"));
  const hidden = all.filter((column) => !shown.includes(column) && !isEmpty(column)).map(({ name }) => name);
  const note = hidden.length === 0
    ? []
    : wrap(`not shown: ${hidden.join(", ")} (--wide shows all)`, screen.columns).map((line) =>
      styled(line, "dim", screen)
    );
  return [styled(heads.join(GAP).trimEnd(), "bold", screen), ...lines, ...note].join("\n");
}

/** A value as one line of text. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return printable(text).replaceAll("\n", " ");
}

function columnsOf(rows: readonly TableRow[]): Column[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => {
    const cells = rows.map((row) => cellText(row[name]));
    const width = Math.max(displayWidth(cellText(name)), ...cells.map(displayWidth));
    return { name: cellText(name), cells, width, isNumber: cells.every((cell) => /^-?[\d.]*$/.test(cell)) };
  });
}

/** The columns that fit, with their widths; at least one. */
function fit(all: readonly Column[], { columns: room }: Screen, expendable: readonly string[]): Column[] {
  if (widthOf(all) <= room) return [...all];
  let shown = all.filter((column) => !isEmpty(column));
  if (shrinkText(shown, room)) return shown;
  const order = [
    ...expendable.flatMap((name) => shown.find((column) => column.name === name) ?? []),
    ...shown.toReversed().filter(({ name }) => !expendable.includes(name)),
  ];
  const dropped: Column[] = [];
  for (const column of order) {
    if (shown.length === 1) break;
    shown = shown.filter((one) => one !== column);
    dropped.unshift(column);
    if (widthOf(shown) <= room || shrinkText(shown, room)) return refill({ all, shown, dropped, room });
  }
  const [last] = shown;
  if (last !== undefined) last.width = Math.min(last.width, room);
  return shown;
}

/** Restores columns that fit after a wide one was omitted. */
function refill(
  { all, shown, dropped, room }: { all: readonly Column[]; shown: Column[]; dropped: readonly Column[]; room: number },
): Column[] {
  const kept = new Set(shown);
  for (const column of dropped) {
    if (widthOf([...kept, column]) <= room) kept.add(column);
  }
  return all.filter((column) => kept.has(column));
}

/** Narrows the widest column of several words; returns whether that is enough. */
function shrinkText(columns: readonly Column[], room: number): boolean {
  const over = widthOf(columns) - room;
  if (over <= 0) return true;
  const texts = columns.filter(({ cells }) => cells.some((cell) => cell.includes(" ")));
  const [widest] = texts.toSorted((one, other) => other.width - one.width);
  if (widest === undefined || widest.width - over < Math.max(NARROWEST_TEXT, displayWidth(widest.name))) return false;
  widest.width -= over;
  return true;
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * Math.max(0, columns.length - 1);
}

function isEmpty({ cells }: Column): boolean {
  return cells.every((cell) => cell === "");
}

function rowLines(columns: readonly Column[], index: number): string[] {
  const cells = columns.map(({ cells, width }) => {
    const text = cells[index] ?? "";
    return text.includes(" ") || columns.length === 1 ? wrap(text, width) : [truncate(text, width)];
  });
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from(
    { length: height },
    (_, line) =>
      columns.map(({ width, isNumber }, column) => pad(cells[column]?.[line] ?? "", width, isNumber ? "left" : "right"))
        .join(GAP).trimEnd(),
  );
}
