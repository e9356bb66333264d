/** Cursors: where a list goes on, opaque to the client. */

import { z } from "zod";
import { ArgumentError } from "./tool.ts";

/** Writes a cursor. */
export function writeCursor(position: Record<string, unknown>): string {
  return new TextEncoder().encode(JSON.stringify(position)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Reads a cursor back.
 *
 * @throws {ArgumentError} when it is not one that this list has written
 */
export function readCursor<Position extends z.ZodObject>(schema: Position, cursor: string): z.output<Position> {
  const read = schema.safeParse(decode(cursor));
  if (read.success) return read.data;
  throw new ArgumentError(
    "cursor",
    "expected the next_cursor of this tool's previous answer: start again without a cursor",
  );
}

/**
 * A position in a list that is sorted by time, newest first, where several rows may share a millisecond: the list goes
 * on at `atMs`, without the rows `seen` of that millisecond.
 */
export const TimePosition = z.strictObject({ atMs: z.int().min(0), seen: z.array(z.string().max(64)).max(500) });

/** A position as {@linkcode TimePosition} reads it. */
export type TimePosition = z.output<typeof TimePosition>;

/** A row of a list that is sorted by time. */
export interface TimedRow {
  readonly id: string;
  readonly atMs: number;
}

/** The rows that follow `position`, out of rows at or before it. */
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

/** The position behind the last of `rows`, which follow `previous`. */
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

function decode(cursor: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: "base64url" })));
  } catch {
    return undefined;
  }
}
