/** Copies a whole record from one engine to another, and verifies that the copy is equal. */

import { createHash } from "node:crypto";
import { MAIN_ACCOUNT } from "../../../trading/orders/trading_account.ts";
import type { Row } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import type { RecordEnd } from "./record_end.ts";
import { KEYS, PAPER_TABLES, RECORD_TABLES } from "./tables.ts";
import type { MovedTable, RecordState } from "./tables.ts";

/** Options of a move. */
export interface MoveOptions {
  /** Maps the exchange of the main account in the source to its name in the target; others keep their names. */
  readonly venueOf: (name: string) => string;
  /** Called with the number of rows of a table that were read so far. */
  readonly onRows?: (table: string, count: number) => Promise<void>;
}

/** The result of a move. */
export interface Moved {
  /** The number of rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** The number of audit rows, including archived ones, and the last hash. */
  readonly audit: { readonly rows: number; readonly head: string; readonly archived?: number };
}

/** Rows in memory at a time. */
const BATCH_ROWS = 500;

/**
 * Copies the record. When this throws, the target must be rolled back.
 *
 * @throws {StateError} when one of the two is in use, the target is not empty, or the copy differs
 */
export async function moveRecord(source: RecordEnd, target: RecordEnd, options: MoveOptions): Promise<Moved> {
  await checkUnused(source, target);
  const state = await source.state();
  const there = await checkEmpty({ source, target }, state);
  const rows: Record<string, number> = {};
  for (const table of [KEYS, ...PAPER_TABLES, ...RECORD_TABLES]) {
    rows[table.name] = await moveTable(table, { source, target, isThere: there.includes(table) }, options);
  }
  await target.setState(state);
  if (JSON.stringify(await target.state()) !== JSON.stringify(state)) throw differs(target, "its state");
  const verified = await target.verify();
  if (!verified.ok) {
    const place = verified.row === null ? "" : ` at row ${verified.row}`;
    throw new StateError(`Cannot move ${source.name} as its audit is broken${place}: ${verified.reason}`, {
      path: source.name,
    });
  }
  await checkUnused(source, target);
  const { ok: _, ...audit } = verified;
  return { rows, audit };
}

async function checkUnused(...ends: readonly RecordEnd[]): Promise<void> {
  for (const end of ends) {
    const user = await end.usedBy();
    if (user === undefined) continue;
    throw new StateError(`Cannot move as ${end.name} is in use: ${user}: end it, then try again`, {
      path: end.name,
      failure: "busy",
    });
  }
}

/** Finds what the target already has from an earlier attempt or an earlier use: keys, and paper accounts. */
async function checkEmpty(ends: Ends, { keyStore }: RecordState): Promise<readonly MovedTable[]> {
  const { target } = ends;
  const there = await target.state();
  const mark = there.keyStore;
  const hasKeys = mark !== undefined && mark.store === keyStore?.store && mark.revision === keyStore.revision;
  const full: string[] = [];
  for (const table of hasKeys ? RECORD_TABLES : [KEYS, ...RECORD_TABLES]) {
    if (await target.hasRows(table)) full.push(table.name);
  }
  const paper = await findPaper(ends);
  full.push(...paper.other.map(({ name }) => name));
  if (full.length === 0 && there.start.seq === 0) return [...(hasKeys ? [KEYS] : []), ...paper.same];
  throw new StateError(
    `Cannot move to ${target.name} as it is not empty: there are rows of ${full.join(", ")}: ` +
      "use an empty one, or take away what is there",
    { path: target.name },
  );
}

/** The target's tables of paper accounts that have rows: those equal to the source, and others. */
async function findPaper(
  { source, target }: Ends,
): Promise<{ readonly same: readonly MovedTable[]; readonly other: readonly MovedTable[] }> {
  const same: MovedTable[] = [];
  const other: MovedTable[] = [];
  const full = await Promise.all(PAPER_TABLES.map((table) => target.hasRows(table)));
  for (const table of full.includes(true) ? PAPER_TABLES : []) {
    const [one, two] = [await digestOf(table, source), await digestOf(table, target)];
    (one.count === two.count && one.end() === two.end() ? same : other).push(table);
  }
  return { same, other };
}

async function digestOf(table: MovedTable, end: RecordEnd): Promise<RowsDigest> {
  const digest = new RowsDigest(table);
  for await (const rows of batches(end.rows(table))) digest.add(rows);
  return digest;
}

interface Ends {
  readonly source: RecordEnd;
  readonly target: RecordEnd;
}

/** Returns the number of rows. */
async function moveTable(
  table: MovedTable,
  { source, target, isThere }: Ends & { readonly isThere: boolean },
  { venueOf, onRows }: MoveOptions,
): Promise<number> {
  const read = new RowsDigest(table);
  for await (const batch of batches(source.rows(table))) {
    const rows = table.name === "accounts"
      ? batch.map((row) => row["id"] === MAIN_ACCOUNT.id ? { ...row, exchange: venueOf(String(row["exchange"])) } : row)
      : batch;
    read.add(rows);
    if (!isThere) await target.add(table, rows);
    await onRows?.(table.name, read.count);
  }
  const kept = await digestOf(table, target);
  if (kept.count !== read.count || kept.end() !== read.end()) throw differs(target, `table ${table.name}`);
  return read.count;
}

async function* batches(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  for await (const row of rows) {
    if (batch.push(row) < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function differs(target: RecordEnd, what: string): StateError {
  return new StateError(`Cannot move to ${target.name} as ${what} differs there from what was read: nothing was kept`, {
    path: target.name,
  });
}

/** The number of a table's rows, in order, and a hash of their content. */
class RowsDigest {
  readonly #table: MovedTable;
  readonly #hash = createHash("sha256");
  count = 0;

  constructor(table: MovedTable) {
    this.#table = table;
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      const cells = this.#table.columns.map((column) => {
        const cell = row[column] ?? null;
        return cell instanceof Uint8Array ? new Uint8Array(cell).toHex() : cell;
      });
      this.#hash.update(`${JSON.stringify(cells)}\n`);
    }
    this.count += rows.length;
  }

  end(): string {
    return this.#hash.digest("hex");
  }
}
