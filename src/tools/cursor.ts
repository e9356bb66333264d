/** Cursors: opaque positions in a list. */

import { z } from "zod";
import { ArgumentError } from "./tool.ts";

/**
 * What a cursor belongs to: the list's name, and everything that selects and orders its rows, except limit and fields.
 */
export type CursorQuery = readonly [list: string, ...(string | number | null | readonly string[])[]];

/** Creates a cursor that is valid for one query only. */
export function writeCursor(position: Record<string, unknown>, query: CursorQuery): string {
  const text = JSON.stringify({ ...position, of: digest(query) });
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Parses a cursor.
 *
 * @throws {ArgumentError} when this list did not create it, or for another query
 */
export function readCursor<Position extends z.ZodObject>(
  schema: Position,
  { cursor, query }: { readonly cursor: string; readonly query: CursorQuery },
): z.output<Position> {
  const { of, ...position } = Object(decode(cursor));
  const read = schema.safeParse(position);
  if (!read.success) {
    throw new ArgumentError(
      "cursor",
      "expected the next_cursor of this tool's previous answer: start again without a cursor",
    );
  }
  if (of === digest(query)) return read.data;
  throw new ArgumentError(
    "cursor",
    "expected the next_cursor of an answer to this same query, and it belongs to another one: repeat that query's other " +
      "arguments, or start again without a cursor",
  );
}

/**
 * A position in a list that is sorted by time, newest first, in which several rows may share a millisecond: the list
 * continues at `atMs`, without the rows `seen` of that millisecond.
 */
export const TimePosition = z.strictObject({ atMs: z.int().min(0), seen: z.array(z.string().max(64)).max(500) });

/** The schema of a {@linkcode TimePosition}. */
export type TimePosition = z.output<typeof TimePosition>;

/** A row of a list that is sorted by time. */
export interface TimedRow {
  readonly id: string;
  readonly atMs: number;
}

/** The rows that follow `position`, among rows at or before it. */
export function rowsAfter<Row>(
  rows: readonly Row[],
  position: TimePosition | undefined,
  key: (row: Row) => TimedRow,
): Row[] {
  if (position === undefined) return [...rows];
  return rows.filter((row) => {
    const { id, atMs } = key(row);
    return atMs < position.atMs || (atMs === position.atMs && !position.seen.includes(id));
  });
}

/** The position after the last of `rows`, which follow `previous`. */
export function positionAfter<Row>(
  rows: readonly Row[],
  previous: TimePosition | undefined,
  key: (row: Row) => TimedRow,
): TimePosition | undefined {
  const keys = rows.map(key);
  const atMs = keys.at(-1)?.atMs;
  if (atMs === undefined) return previous;
  const seen = keys.filter((row) => row.atMs === atMs).map((row) => row.id);
  return { atMs, seen: previous?.atMs === atMs ? [...previous.seen, ...seen] : seen };
}

/** FNV-1a: 32 bits that distinguish queries; not a security measure. */
function digest(query: CursorQuery): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(query))) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: "base64url" })));
  } catch {
    return undefined;
  }
}
