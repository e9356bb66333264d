/** Describes the processes that use a state folder. */

import { lookAtFolder, STALE_MS } from "../server/instances/folder_use.ts";
import type { FolderUse } from "../server/instances/folder_use.ts";
import { stateFolder } from "../state/folder.ts";
import type { SeenInstance } from "../server/instances/instance_report.ts";
import { printable } from "./terminal/live_text.ts";
import { formatAge } from "./terminal/times.ts";

/** Why nothing is done to a folder from which no server sends orders; `undefined` when one does. */
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

/** The servers that use the folder, one per line. */
export function serverLines({ instances, problem }: FolderUse, now: number): string[] {
  if (problem !== undefined) return [`  ${problem}`];
  const alive = instances.filter(({ isAlive }) => isAlive);
  if (alive.length === 0) return ["  no running server uses this folder"];
  return alive.map((seen) => `  used by ${describeInstance(seen, now)}`);
}

/** If `--state` was forgotten or mistyped, the user's own folder may be meant. */
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
