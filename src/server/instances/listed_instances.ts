/** The listed instances of a record, for commands on any machine. */

import { readJson } from "../../text/read_json.ts";
import type { ListedInstance } from "../../trading/record/instances.ts";
import { instanceRecord, timeOf } from "./folder_use.ts";
import { InstanceReport } from "./instance_report.ts";
import type { SeenInstance } from "./instance_report.ts";

/** A listed instance with its report. */
export interface ListedServer {
  readonly seen: SeenInstance;
  readonly listed: ListedInstance;
}

/** Instances that this machine does not see itself; `local` are those that it sees. */
export function listedElsewhere(
  all: readonly ListedInstance[],
  local: readonly Pick<SeenInstance, "id">[],
): ListedServer[] {
  const known = new Set(local.map(({ id }) => id));
  return all.filter(({ id, report }) => !known.has(id) && report !== null).map((listed) => {
    const read = InstanceReport.safeParse(readJson(listed.report ?? ""));
    const { id, isAlive } = listed;
    return { listed, seen: { id, isAlive, ...(read.success ? { report: read.data } : {}) } };
  });
}

/** As JSON. */
export function listedRecord({ seen, listed }: ListedServer, now: number): Readonly<Record<string, unknown>> {
  const { address, renewedAt, leaseUntil } = listed;
  return { ...instanceRecord(seen, now), address, renewed_at: timeOf(renewedAt), lease_until: timeOf(leaseUntil) };
}
