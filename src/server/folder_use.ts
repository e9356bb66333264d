/** Which processes use a state folder, in words. */

import { stateFolder } from "../state/folder.ts";
import { StateError } from "../state/sqlite.ts";
import { listInstances } from "../trading/record/instance_report.ts";
import type { InstanceReport, SeenInstance } from "../trading/record/instance_report.ts";
import { printable } from "../cli/terminal/live_text.ts";
import { formatAge } from "../cli/relative_time.ts";

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

/** Why nothing is done to a folder from which nobody sends orders; `undefined` where somebody does. */
export function unusedProblem(
  { folder, isThere, instances, senders, problem }: FolderUse,
  { name, env, now }: { name: string; env: (name: string) => string | undefined; now: number },
): string | undefined {
  if (senders.length > 0 || problem !== undefined) return undefined;
  const readers = instances.filter(({ isAlive }) => isAlive);
  const why = !isThere
    ? "there is no such folder"
    : readers.length === 0
    ? "no running server uses it"
    : `trading is off in every server that uses it (${readers.map((seen) => nameOf(seen)).join(", ")})`;
  return [
    `${name}: expected the state folder of a server that trades: ${why}: current value is ${JSON.stringify(folder)}`,
    ...elsewhere(folder, { env, now }),
    "  --force does it all the same, for servers that start there later",
  ].join("\n");
}

/** One line about a process. */
export function describeInstance(seen: SeenInstance, now: number): string {
  const { report, isAlive } = seen;
  if (report === undefined) return `${nameOf(seen)}${isAlive ? "" : ", which ended without saying so"}`;
  const { started_at, updated_at, addresses, trading, transport } = report;
  const facts = [
    ...(addresses.length > 0 ? addresses : transport === null ? [] : [transport]),
    `trading ${trading.mode}`,
    `started ${formatAge(now - started_at)} ago`,
    ...(isAlive ? [] : [`ended without saying so, last seen ${formatAge(now - updated_at)} ago`]),
    ...(isAlive && now - updated_at > STALE_MS
      ? [`does not answer, last seen ${formatAge(now - updated_at)} ago`]
      : []),
  ];
  return printable(`${nameOf(seen)}: ${facts.join(", ")}`);
}

/** A process as commands print it under `--json`. */
export function instanceRecord({ id, isAlive, report }: SeenInstance, now: number): Readonly<Record<string, unknown>> {
  const state = !isAlive ? "gone" : report !== undefined && now - report.updated_at > STALE_MS ? "stale" : "running";
  return report === undefined ? { id, state } : { id, state, ...reportRecord(report) };
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

/** Somebody who forgot `--state`, or mistyped it, may mean the user's own folder. */
function elsewhere(
  folder: string,
  { env, now }: { env: (name: string) => string | undefined; now: number },
): string[] {
  const own = stateFolder(env);
  if (own === undefined || own === folder) return [];
  return lookAtFolder(own).senders.map((seen) => `  ${own} is used by ${describeInstance(seen, now)}`);
}

function nameOf({ report }: SeenInstance): string {
  return report === undefined
    ? "a process that says nothing about itself"
    : `process ${report.pid} (${report.command})`;
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateError(`Cannot look at ${path}: ${reason}`, { path, cause: error });
  }
}
