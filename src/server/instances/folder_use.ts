/** Which processes use a state folder, and what each says about itself. */

import { reasonOf } from "../../errors/reason_of.ts";
import { StateError } from "../../state/state_error.ts";
import { listInstances } from "./instance_report.ts";
import type { InstanceReport, SeenInstance } from "./instance_report.ts";

/** A process whose report is older than this does not answer: it was stopped, or its machine sleeps. */
export const STALE_MS = 60_000;

/** Who uses a folder. */
export interface FolderUse {
  readonly folder: string;
  readonly isThere: boolean;
  readonly instances: readonly SeenInstance[];
  /** Those that are alive and can send orders, or may do so for all that is known. */
  readonly senders: readonly SeenInstance[];
  /** Why that cannot be told. */
  readonly problem?: string;
}

/** Looks who uses a folder; makes and changes nothing. */
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

/** A process as commands print it under `--json`. */
export function instanceRecord({ id, isAlive, report }: SeenInstance, now: number): Readonly<Record<string, unknown>> {
  const state = !isAlive ? "gone" : report !== undefined && now - report.updated_at > STALE_MS ? "stale" : "running";
  return report === undefined ? { id, state } : { id, state, ...reportRecord(report) };
}

/** A folder and who uses it, as commands print it under `--json`. */
export function serversRecord({ folder, instances }: FolderUse, now: number): Readonly<Record<string, unknown>> {
  return { state: folder, servers: instances.map((seen) => instanceRecord(seen, now)) };
}

/** A report with its times as texts. */
export type ReportRecord =
  & Omit<InstanceReport, "started_at" | "updated_at" | "certificate_expires_at" | "exchange">
  & { readonly started_at: string | null; readonly updated_at: string | null }
  & { readonly certificate_expires_at: string | null; readonly exchange: Readonly<Record<string, unknown>> };

/** What a process says about itself, for programs. */
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

/** A wall time for machines. */
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
