/** The processes that use a state folder, and their reports. */

import { reasonOf } from "../../errors/reason_of.ts";
import { StateError } from "../../state/state_error.ts";
import { listInstances } from "./instance_report.ts";
import type { InstanceReport, SeenInstance } from "./instance_report.ts";

/** A process whose report is older than this does not respond: it was suspended, or its machine sleeps. */
export const STALE_MS = 60_000;

/** The users of a folder. */
export interface FolderUse {
  readonly folder: string;
  readonly isThere: boolean;
  readonly instances: readonly SeenInstance[];
  /** Live processes that can send orders, or may be able to. */
  readonly senders: readonly SeenInstance[];
  /** Why that is unknown. */
  readonly problem?: string;
}

/** Lists the users of a folder; creates and changes nothing. */
export function lookAtFolder(folder: string): FolderUse {
  try {
    const instances = listInstances(folder);
    const senders = instances.filter(({ isAlive, report }) => isAlive && report?.trading.mode !== "off");
    return { folder, isThere: isFolder(folder), instances, senders };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { folder, isThere: true, instances: [], senders: [], problem: error.message };
  }
}

/** A process in the output of `--json`. */
export function instanceRecord({ id, isAlive, report }: SeenInstance, now: number): Readonly<Record<string, unknown>> {
  const state = !isAlive ? "gone" : report !== undefined && now - report.updated_at > STALE_MS ? "stale" : "running";
  return report === undefined ? { id, state } : { id, state, ...reportRecord(report) };
}

/** A folder and its users in the output of `--json`. */
export function serversRecord({ folder, instances }: FolderUse, now: number): Readonly<Record<string, unknown>> {
  return { state: folder, servers: instances.map((seen) => instanceRecord(seen, now)) };
}

/** A report with its times as texts. */
export type ReportRecord =
  & Omit<InstanceReport, "started_at" | "updated_at" | "certificate_expires_at" | "exchange">
  & { readonly started_at: string | null; readonly updated_at: string | null }
  & { readonly certificate_expires_at: string | null; readonly exchange: Readonly<Record<string, unknown>> };

/** A process's report as JSON. */
export function reportRecord(report: InstanceReport): ReportRecord {
  const { started_at, updated_at, certificate_expires_at, exchange, ...facts } = report;
  return {
    ...facts,
    started_at: timeOf(started_at),
    updated_at: timeOf(updated_at),
    certificate_expires_at: timeOf(certificate_expires_at),
    exchange: { ...exchange, since: timeOf(exchange.since) },
  };
}

/** A time as ISO 8601. */
export function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    const reason = reasonOf(error);
    throw new StateError(`Cannot look at ${path}: ${reason}`, { path, cause: error });
  }
}
