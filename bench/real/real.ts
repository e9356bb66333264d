/**
 * The cost of real work compared with a bare server of the same kind in the same run: `deno task bench real`, or parts
 * of it as `real=websocket,stdio`. `--json` prints one line of JSON per row, to compare runs.
 */

import { writeSync } from "node:fs";
import { report } from "../report.ts";
import { httpRows } from "./http.ts";
import type { Row } from "./row.ts";
import { notificationRows } from "./notifications.ts";
import { stdioRows } from "./stdio.ts";
import { upstreamRows } from "./upstream.ts";
import { idleRows, longRunRows, startMemoryRows } from "./memory.ts";
import { websocketRows } from "./websocket.ts";

const PARTS: Readonly<Record<string, () => AsyncGenerator<Row>>> = {
  websocket: websocketRows,
  http: httpRows,
  stdio: stdioRows,
  upstream: upstreamRows,
  "start-memory": startMemoryRows,
  idle: idleRows,
  notifications: notificationRows,
  "long-run": longRunRows,
};

/** Runs all parts, or the named ones. */
export async function benchReal(
  chosen: readonly string[] | undefined,
  { isJson }: { readonly isJson: boolean },
): Promise<void> {
  for (const name of chosen ?? Object.keys(PARTS)) {
    const part = PARTS[name];
    if (part === undefined) throw new RangeError(`Cannot measure ${name}: expected ${Object.keys(PARTS).join(", ")}`);
    for await (const row of part()) {
      if (isJson) report({ figure: "real work", ...row });
      else writeSync(1, textOf(row));
    }
  }
}

/** A row for people: what was measured, and a line per figure. */
function textOf({ work, with: where, ...figures }: Row): string {
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(18)} ${rounded(value)}\n`);
  return `${work} (${where})\n${lines.join("")}`;
}

function rounded(value: string | number): string {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : value;
}
