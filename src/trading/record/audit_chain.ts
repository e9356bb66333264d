/** Whether the audit's rows follow one another from the first to the last. Pure; it is given row after row. */

import { CHAIN_START, checkRow } from "./audit_row.ts";
import type { AuditRow } from "./audit_row.ts";
import type { Verification } from "./audit.ts";

/** Where in a chain something stands. */
export type ChainPlace = Pick<AuditRow, "seq" | "hash">;

/** A chain that does not hold. */
export type BrokenChain = Extract<Verification, { ok: false }>;

/** One walk along the chain: first the rows in archive files, then those of the record. */
export class ChainCheck {
  readonly #archivedThrough: number;
  readonly #expectedHead: string | undefined;
  #last: ChainPlace = { seq: 0, hash: CHAIN_START };
  #isHeadSeen: boolean;

  /** `archivedThrough`: the last row that was moved into an archive file; `expectedHead`: one that was kept elsewhere. */
  constructor({ archivedThrough, expectedHead }: { archivedThrough: number; expectedHead?: string | undefined }) {
    this.#archivedThrough = archivedThrough;
    this.#expectedHead = expectedHead;
    this.#isHeadSeen = expectedHead === undefined || expectedHead === CHAIN_START;
  }

  /** Takes the next row; answers what is wrong with it, if anything is. */
  add(row: AuditRow): BrokenChain | undefined {
    const isGap = this.#last.seq < this.#archivedThrough && row.seq > this.#archivedThrough;
    const reason = isGap ? unarchived(this.#archivedThrough) : checkRow(row, this.#last);
    if (reason !== undefined) return { ok: false, row: this.#last.seq + 1, reason };
    this.#isHeadSeen ||= row.hash === this.#expectedHead;
    this.#last = row;
    return undefined;
  }

  /** What the walk came to; `head`: where the record says that the chain ends, where it says so. */
  end(head: ChainPlace | undefined): Verification {
    const { seq, hash } = this.#last;
    const reason = seq < this.#archivedThrough ? unarchived(this.#archivedThrough) : this.#checkEnd(head);
    if (reason !== undefined) return { ok: false, row: seq + 1, reason };
    if (!this.#isHeadSeen) {
      const reason = "no row has the expected hash: rows were removed, or the audit log was recreated";
      return { ok: false, row: seq, reason };
    }
    return {
      ok: true,
      rows: seq,
      head: hash,
      ...(this.#archivedThrough === 0 ? {} : { archived: this.#archivedThrough }),
    };
  }

  #checkEnd(head: ChainPlace | undefined): string | undefined {
    if (head === undefined) {
      return "where the audit log ends is not told any more: the row that says so was removed";
    }
    if (head.seq === this.#last.seq && head.hash === this.#last.hash) return undefined;
    return `the audit log should end at row ${head.seq} with another hash: rows at its end were removed or added`;
  }
}

function unarchived(through: number): string {
  return `rows 1 to ${through} are archived and no archive file holds this one: put the files back beside the database`;
}
