/** Rows of instances, for every engine. */

import type { InstanceFacts } from "../../../trading/record/instances.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Ids of accounts as one text; no id contains a comma. */
export function writeAccounts(accounts: readonly string[]): string {
  return accounts.join(",");
}

/** Parses a row of `instances`. */
export function readInstance(row: Row): InstanceFacts {
  return {
    id: readText(row, "id"),
    pid: readNumber(row, "pid"),
    command: readText(row, "command"),
    startedAt: readNumber(row, "started_at"),
    cancels: readText(row, "accounts").split(",").filter((account) => account !== ""),
  };
}
