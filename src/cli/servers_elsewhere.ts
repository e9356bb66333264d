/** Servers of other machines that share a database, for `kill` and `resume`. */

import type { FolderUse } from "../server/instances/folder_use.ts";
import { listedElsewhere, listedRecord } from "../server/instances/listed_instances.ts";
import type { ListedServer } from "../server/instances/listed_instances.ts";
import { StateError } from "../state/state_error.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { RecordPlace } from "./find_record.ts";
import { describeInstance } from "./folder_words.ts";
import { printable } from "./terminal/live_text.ts";

/** The servers in the list; `null` when it cannot be read, `undefined` when there can be none on other machines. */
export type Elsewhere = readonly ListedServer[] | null | undefined;

/** Reads the list. Never rejects when the database fails, as the action before does not depend on it. */
export async function readElsewhere(
  record: TradingRecord | undefined,
  { folder, use }: { readonly folder: RecordPlace; readonly use: FolderUse },
): Promise<Elsewhere> {
  if (folder.database === undefined || record === undefined) return undefined;
  try {
    return listedElsewhere(await record.instances.listed(), use.instances);
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return null;
  }
}

/** As JSON. */
export function elsewhereRecord(elsewhere: Elsewhere, now: number): Readonly<Record<string, unknown>> {
  if (elsewhere === undefined) return {};
  return { servers_elsewhere: elsewhere?.map((each) => listedRecord(each, now)) ?? null };
}

/** One line per live server. */
export function elsewhereLines(elsewhere: Elsewhere, now: number): string[] {
  if (elsewhere === undefined) return [];
  if (elsewhere === null) return ["  which servers of other machines use the database is not known: it did not answer"];
  const alive = elsewhere.filter(({ seen }) => seen.isAlive);
  if (alive.length === 0) return ["  no running server of another machine uses the database"];
  return alive.map(({ seen, listed: { address } }) =>
    printable(`  the database is used from ${address ?? "this machine"} by ${describeInstance(seen, now)}`)
  );
}
