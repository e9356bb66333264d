/**
 * `doctor`: checks every part of a set-up and reports what is broken and how to fix it. Creates and changes nothing.
 */

import { loadConfig } from "../config/load.ts";
import { stateFolder } from "../state/folder.ts";
import { VERSION } from "../version.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";
import type { CommandCall } from "./command_call.ts";
import { checkAccess } from "./doctor/access_check.ts";
import { checkCertificate } from "./doctor/certificate_check.ts";
import { LIMITS, redactorOf, runCheck } from "./doctor/check.ts";
import type { Check, CheckContext, CheckResult, CheckStatus } from "./doctor/check.ts";
import { checkClients } from "./doctor/client_check.ts";
import { checkConfiguration } from "./doctor/configuration_check.ts";
import { checkExchange } from "./doctor/exchange_check.ts";
import { checkPolicy } from "./doctor/policy_check.ts";
import { checkPort } from "./doctor/port_check.ts";
import { checkRecord } from "./doctor/record_check.ts";
import { checkShared } from "./doctor/shared_check.ts";
import { checkStateFolder } from "./doctor/folder_check.ts";
import { refuse } from "./report.ts";
import { printable } from "./terminal/live_text.ts";
import { screenOf, styled } from "./terminal/screen.ts";
import type { Screen, Style } from "./terminal/screen.ts";
import { wrapText } from "./terminal/width.ts";

/** In the order of the report. */
const CHECKS: readonly Check[] = [
  { name: "configuration", run: checkConfiguration },
  { name: "exchange", run: checkExchange },
  { name: "port", run: checkPort },
  { name: "certificate", run: checkCertificate },
  { name: "state folder", run: checkStateFolder },
  { name: "record", run: (context) => checkRecord(context) },
  { name: "shared state", run: checkShared },
  { name: "policy", run: checkPolicy },
  { name: "key store", run: checkAccess },
  { name: "client", run: checkClients },
];

/** What the checks use outside of this program, and how long they wait for it; tests replace both. */
export type Outside = Pick<CheckContext, "resolve" | "limits">;

/** Prints the report; exit code 1 when something is broken. */
export async function doctor(
  flags: Readonly<Record<string, string>>,
  { world, problems, json }: CommandCall,
  { resolve = resolveName, limits = LIMITS }: Partial<Outside> = {},
): Promise<ExitCode> {
  if (problems.length > 0) return await refuse(world, problems);
  const loaded = await loadConfig(flags, world.env);
  const { config } = loaded;
  const folder = config.state ?? stateFolder(world.env);
  const context = { world, loaded, config, folder, resolve, limits };
  const redact = redactorOf(loaded);
  const results = (await Promise.all(CHECKS.map((check) => runCheck(check, context)))).flat()
    .map(({ text, fix, ...result }) => ({
      ...result,
      text: redact(text),
      ...(fix === undefined ? {} : { fix: redact(fix) }),
    }));
  const text = json || !world.stdout.isTerminal() ? inJson(results) : inWords(results, screenOf(world));
  await print(world.stdout, text);
  return isBroken(results) ? 1 : 0;
}

/** With the system's resolver, including its hosts file. */
async function resolveName(host: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function isBroken(results: readonly CheckResult[]): boolean {
  return results.some(({ status }) => status === "broken");
}

function inJson(results: readonly CheckResult[]): string {
  return JSON.stringify({ ok: !isBroken(results), version: VERSION, checks: results });
}

const STYLES: Readonly<Partial<Record<CheckStatus, Style>>> = { ok: "green", broken: "red", skipped: "dim" };

function inWords(results: readonly CheckResult[], screen: Screen): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const indent = " ".repeat(STATUS_WIDTH + width + 2);
  const lines = results.flatMap(({ name, status, text, fix }) => {
    const words = wrapText(indent + printable(text), { width: screen.columns });
    const status_ = (status === "broken" ? "BROKEN" : status).padEnd(STATUS_WIDTH);
    const first = styled(status_, STYLES[status] ?? "bold", screen) + name.padEnd(width) + "  ";
    return [
      first + words.slice(indent.length),
      ...(fix === undefined ? [] : [wrapText(`${indent}→ ${printable(fix)}`, { width: screen.columns, indent: 2 })]),
    ];
  });
  return [...lines, "", summary(results)].join("\n");
}

const STATUS_WIDTH = "warning  ".length;

function summary(results: readonly CheckResult[]): string {
  const count = (wanted: CheckStatus) => results.filter(({ status }) => status === wanted).length;
  const broken = count("broken");
  const warnings = count("warning");
  const found = [
    broken === 0 ? "nothing is broken" : `${broken} broken`,
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`]),
  ];
  return `luno-mcp-server ${VERSION}: ${found.join(", ")}`;
}
