/** Rows of instances, as every engine keeps them. */

import type { OrderKind } from "../../../trading/record/cancel_requests.ts";
import type { InstanceFacts } from "../../../trading/record/instances.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";

const KIND_BITS: Readonly<Record<OrderKind, number>> = { real: 1, paper: 2 };

/** Kinds of orders as one number. */
export function bitsOf(kinds: readonly OrderKind[]): number {
  return kinds.reduce((sum, kind) => sum | KIND_BITS[kind], 0);
}

/** Reads a row of `instances`. */
export function readInstance(row: Row): InstanceFacts {
  const bits = readNumber(row, "cancels");
  return {
    id: readText(row, "id"),
    pid: readNumber(row, "pid"),
    command: readText(row, "command"),
    startedAt: readNumber(row, "started_at"),
    cancels: (["real", "paper"] as const).filter((kind) => (bits & KIND_BITS[kind]) !== 0),
  };
}
