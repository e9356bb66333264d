/** Describes a halt: whether trading is halted, which servers that affects, and which orders were sent before. */

import { timeOf } from "../server/instances/folder_use.ts";
import type { FolderUse } from "../server/instances/folder_use.ts";
import type { TradingFacts } from "../server/trading_facts.ts";
import type { HaltState } from "../trading/record/halts.ts";
import type { Placement } from "../trading/record/recorded_placement.ts";
import { serverLines } from "./folder_words.ts";

/** One line on whether trading is halted; `undefined` stands for an unreadable record. */
export function haltLine(facts: Pick<TradingFacts, "halt" | "requests"> | undefined): string {
  if (facts === undefined) return "not known, as the trading database cannot be read";
  const { halt, requests } = facts;
  if (!halt.halted) return "none";
  const left = requests.filter(({ doneAt }) => doneAt === null).length;
  return `trading is HALTED ${haltOrigin(halt)}${left === 0 ? "" : "; open orders are still being cancelled"}`;
}

/** Since when, by whom and why trading is halted. */
export function haltOrigin({ at, by, reason }: Extract<HaltState, { halted: true }>): string {
  return `since ${timeOf(at)} by ${by}: ${reason}`;
}

/** For a halt that has just taken effect; `others` are lines about servers of other machines. */
export function haltedSentences(
  use: FolderUse,
  { others, onTheirWay, cancelOpen, now }: {
    readonly others: readonly string[];
    readonly onTheirWay: readonly Placement[];
    readonly cancelOpen: boolean;
    readonly now: number;
  },
): string {
  const left = sentBefore(onTheirWay);
  return [
    `Trading is halted in ${use.folder}: no new order is sent`,
    ...serverLines(use, now),
    ...others,
    ...left,
    cancelOpen ? "  open orders are being cancelled" : "  open orders stay open; kill --cancel-open cancels them",
    "  kill --lift resumes trading",
  ].join("\n");
}

/** Orders that were sent before the halt. */
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
