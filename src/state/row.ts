/** Typed access to the columns of database rows. */

/** The types of column values. */
export type Cell = string | number | bigint | boolean | Uint8Array | null;

/** One row of a result. */
export type Row = Readonly<Record<string, Cell>>;

/** A text column. */
export function readText(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw wrongType(column, { wanted: "text", value });
  return value;
}

/** A nullable text column. */
export function readTextOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : readText(row, column);
}

/** An integer column within 2^53. */
export function readNumber(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value !== "number") throw wrongType(column, { wanted: "a number", value });
  return value;
}

/** A nullable integer column within 2^53. */
export function readOptionalNumber(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : readNumber(row, column);
}

/** A binary column. */
export function readBytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw wrongType(column, { wanted: "bytes", value });
  return value;
}

function wrongType(column: string, { wanted, value }: { wanted: string; value: unknown }): TypeError {
  return new TypeError(`Cannot read column ${column} as it must be ${wanted}: current type is ${typeof value}`);
}
