/** Answers as people read them on a terminal. */

import Table from "cli-table3";

/** A table of rows of the same shape, numbers to the right. */
export function formatTable(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isNumber = (column: string) => rows.every((row) => /^-?[\d.]*$/.test(cell(row[column])));
  const table = new Table({
    head: columns,
    colAligns: columns.map((column) => isNumber(column) ? "right" : "left"),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => columns.map((column) => cell(row[column]))));
  return table.toString();
}

/** A tool's answer: single values as a list, lists of rows as tables below it. */
export function formatAnswer(answer: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(answer).map(([name, value]): { single?: [string, string]; block?: string } => {
    if (!Array.isArray(value)) return { single: [name, cell(value)] };
    if (value.length === 0) return { single: [name, "none"] };
    if (value.every(isRow)) return { block: `${name}\n${formatTable(value)}` };
    if (value.every(Array.isArray)) {
      return { block: `${name}\n${value.map((row) => `  ${row.map(cell).join("  ")}`).join("\n")}` };
    }
    return { single: [name, value.map(cell).join(", ")] };
  });
  const singles = parts.flatMap(({ single }) => single === undefined ? [] : [single]);
  const width = Math.max(0, ...singles.map(([name]) => name.length));
  const blocks = parts.flatMap(({ block }) => block === undefined ? [] : [block]);
  return [singles.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"), ...blocks].filter((part) =>
    part !== ""
  ).join("\n\n");
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
