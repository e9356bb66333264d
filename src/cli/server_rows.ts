/** What a server reports about itself, one row each; its banner and `status` show the same rows. */

import type { InstanceReport } from "../server/instances/instance_report.ts";
import { formatAge } from "./terminal/times.ts";

/** A label and its text. */
export type Row = readonly [label: string, text: string];

const DAY_MS = 86_400_000;

/** Rows of one server at a wall clock time; what does not apply is omitted. */
export function serverRows(report: InstanceReport, now: number): Row[] {
  const { addresses, listener, certificate_expires_at: expiresAt, connections } = report;
  return [
    ...(report.transport === "stdio" ? [["transport", "stdio"] as const] : []),
    ...addresses.map((address): Row => [address.startsWith("ws") ? "WebSocket" : "Streamable HTTP", address]),
    ...(listener === null ? [] : [["listener", listener] as const]),
    ...(report.authentication === null ? [] : [["authentication", authenticationText(report.authentication)] as const]),
    ...(report.access ? [["access file", publishedText(report.access)] as const] : []),
    ...(expiresAt === null ? [] : [["certificate", certificateText(expiresAt - now)] as const]),
    ["exchange", exchangeText(report.exchange, now)],
    ...callRows(report.exchange),
    ["trading", tradingText(report.trading)],
    ...(connections === null ? [] : [["connections", String(connections)] as const]),
  ];
}

/** Which clients are admitted. */
function authenticationText({ methods, anonymous }: NonNullable<InstanceReport["authentication"]>): string {
  const words = {
    nobody: "",
    loopback: "anonymous access on loopback",
    anybody: "anonymous access for everybody who can connect",
  };
  if (methods.length === 0) return `off (${words[anonymous] || "nobody is admitted"})`;
  return `required (${methods.join(", ")})`;
}

function certificateText(leftMs: number): string {
  if (leftMs <= 0) return `EXPIRED ${formatAge(-leftMs)} ago`;
  const days = Math.floor(leftMs / DAY_MS);
  return `expires in ${days === 1 ? "1 day" : `${days} days`}`;
}

function exchangeText({ kind, host, reachable, since, problem }: InstanceReport["exchange"], now: number): string {
  const name = host === null ? kind : `${kind} (${host})`;
  if (reachable === null) return `${name}, not called yet`;
  const age = since === null ? "" : ` for ${formatAge(now - since)}`;
  return reachable ? `${name}, reachable${age}` : `${name}, UNREACHABLE${age}: ${problem}`;
}

function callRows({ calls_left: left, calls_per_minute: all, usage }: InstanceReport["exchange"]): Row[] {
  if (left === null || all === null) return [];
  return [["call budget", `${left} of ${all} calls left in this minute`], ...(usage === null ? [] : usageRows(usage))];
}

function usageRows(
  { calls_sent: sent, calls_saved: { coalesced, cache, stream }, streams, user_streams }: NonNullable<
    InstanceReport["exchange"]["usage"]
  >,
): Row[] {
  return [
    ["calls", `${sent} sent, saved: ${coalesced} by coalescing, ${cache} by the cache, ${stream} by streams`],
    ...streams.map(({ pair, live, age_ms: age, gaps, reconnects }): Row => [
      `stream ${pair}`,
      `${live ? "live" : "NOT LIVE"}, ${
        age === null ? "nothing received yet" : `last confirmed ${formatAge(age)} ago`
      }, gaps: ${gaps}, reconnects: ${reconnects}`,
    ]),
    ...user_streams.map(({ account, live, age_ms: age, gaps, reconnects, problem }): Row => [
      `own orders (${account})`,
      `${live ? "live" : `NOT LIVE${problem === null ? "" : ` (${problem})`}`}, ${
        age === null ? "nothing heard yet" : `last heard ${formatAge(age)} ago`
      }, gaps: ${gaps}, reconnects: ${reconnects}`,
    ]),
  ];
}

function tradingText({ mode, policy, published }: InstanceReport["trading"]): string {
  if (mode === "off") return "off (read-only)";
  if (published) return `${mode}, policy: ${publishedText(published)}`;
  return `${mode}, ${policy === null ? "without a policy: no limit to amounts" : `policy ${policy}`}`;
}

/** The published version is shown because orders are refused when another one has replaced it. */
function publishedText(
  { version, digest, is_current: isCurrent }: NonNullable<InstanceReport["trading"]["published"]>,
): string {
  const doubt = isCurrent ? "" : ", WHICH MAY BE REPLACED BY NOW: the record cannot be read";
  return `published version ${version} (${digest.slice(0, 12)})${doubt}`;
}

/** Rows in lines, with the texts aligned. */
export function formatRows(rows: readonly Row[], indent: string): string[] {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${indent}${label.padEnd(width)}  ${text}`);
}
