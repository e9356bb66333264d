/** Verifies that the audit's rows form one chain from the first to the last. Pure; rows are added one by one. */

import { CHAIN_START, checkRow } from "./audit_row.ts";
import type { AuditRow } from "./audit_row.ts";
import type { Verification } from "./audit.ts";

/** A position in a chain. */
export type ChainPlace = Pick<AuditRow, "seq" | "hash">;

/** A broken chain. */
export type BrokenChain = Extract<Verification, { ok: false }>;

/** One pass along the chain: first the rows in archive files, then those of the record. */
export class ChainCheck {
  readonly #archivedThrough: number;
  readonly #expectedHead: string | undefined;
  #last: ChainPlace = { seq: 0, hash: CHAIN_START };
  #isHeadSeen: boolean;

  /** `archivedThrough`: the last row that was moved into an archive file; `expectedHead`: a head stored elsewhere. */
  constructor({ archivedThrough, expectedHead }: { archivedThrough: number; expectedHead?: string | undefined }) {
    this.#archivedThrough = archivedThrough;
    this.#expectedHead = expectedHead;
    this.#isHeadSeen = expectedHead === undefined || expectedHead === CHAIN_START;
  }

  /** Adds the next row; returns its problem, if there is one. */
  add(row: AuditRow): BrokenChain | undefined {
    const isGap = this.#last.seq < this.#archivedThrough && row.seq > this.#archivedThrough;
    const reason = isGap ? unarchived(this.#archivedThrough) : checkRow(row, this.#last);
    if (reason !== undefined) return { ok: false, row: this.#last.seq + 1, reason };
    this.#isHeadSeen ||= row.hash === this.#expectedHead;
    this.#last = row;
    return undefined;
  }

  /** The result of the pass; `head`: the end of the chain according to the record, if it has one. */
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
