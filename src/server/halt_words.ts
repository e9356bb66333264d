/** What `kill` says about a halt: which servers it reaches, what had left before, what remains to be cancelled. */

import type { CancelWish } from "../trading/record/cancel_wishes.ts";
import type { Placement } from "../trading/record/journal.ts";
import { describeInstance, instanceRecord, timeOf } from "./folder_use.ts";
import type { FolderUse } from "./folder_use.ts";

/** What a halt leaves behind. */
export interface HaltRemains {
  /** Orders that were sent before, and whose outcome is not known. */
  readonly onTheirWay: readonly Placement[];
  readonly wishes: readonly CancelWish[];
}

/** Which servers use the folder, a line each. */
export function serverLines({ instances, problem }: FolderUse, now: number): string[] {
  if (problem !== undefined) return [`  ${problem}`];
  const alive = instances.filter(({ isAlive }) => isAlive);
  if (alive.length === 0) return ["  no running server uses this folder"];
  return alive.map((seen) => `  used by ${describeInstance(seen, now)}`);
}

/** The same for programs. */
export function serversRecord({ folder, instances }: FolderUse, now: number): Readonly<Record<string, unknown>> {
  return { state: folder, servers: instances.map((seen) => instanceRecord(seen, now)) };
}

/** Trading has just been halted. */
export function haltedSentences(
  use: FolderUse,
  { onTheirWay, cancelOpen, now }: { onTheirWay: readonly Placement[]; cancelOpen: boolean; now: number },
): string {
  const left = sentBefore(onTheirWay);
  return [
    `Trading is halted in ${use.folder}: no new order is sent`,
    ...serverLines(use, now),
    ...left,
    cancelOpen ? "  open orders are being cancelled" : "  open orders stay open; kill --cancel-open cancels them",
    "  kill --lift resumes trading",
  ].join("\n");
}

/** Orders that the halt did not stop. */
export function sentBefore(onTheirWay: readonly Placement[]): string[] {
  if (onTheirWay.length === 0) return [];
  const rows = onTheirWay.map(({ clientOrderId, order: { side, pair }, validUntil }) => {
    const until = validUntil === null
      ? ""
      : `, taken by the exchange until ${new Date(validUntil).toISOString()} at most`;
    return `    ${clientOrderId}  ${side} ${pair}${until}`;
  });
  return ["  these orders were sent before and may still be placed:", ...rows];
}

/** The same for programs. */
export function haltRecord({ onTheirWay, wishes }: HaltRemains): Readonly<Record<string, unknown>> {
  return {
    on_their_way: onTheirWay.map(({ clientOrderId, order: { side, pair }, validUntil }) => ({
      client_order_id: clientOrderId,
      ...{ side, pair },
      ...(validUntil === null ? {} : { valid_until: timeOf(validUntil) }),
    })),
    cancel_open: wishes.some(({ doneAt }) => doneAt === null),
    cancelling: wishes.map(({ kind, wishedAt, rounds, triedAt, remaining, unlisted, doneAt }) => ({
      orders: kind,
      asked_at: timeOf(wishedAt),
      rounds,
      tried_at: timeOf(triedAt),
      remaining,
      list_error: unlisted,
      done_at: timeOf(doneAt),
    })),
  };
}
