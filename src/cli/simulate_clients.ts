/** `client --mode multi`: many simulated clients, a live table, and a report. */

import type { CommandConfig } from "../config/command_settings.ts";
import { Load } from "../client/simulated_load.ts";
import type { ToolRequest } from "../client/remote_tool.ts";
import { openSession } from "../client/session.ts";
import type { Endpoint } from "../client/socket.ts";
import type { CountsByKind, Report } from "../client/tally.ts";
import { sleep } from "../timing/sleep.ts";
import { schemasOf } from "./ask_server.ts";
import { LiveText, printable } from "./terminal/live_text.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { wrapText } from "./terminal/width.ts";
import { readToolArguments } from "./terminal/tool_arguments.ts";
import { say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** What to simulate, and where to show it. */
export interface SimulateOptions {
  readonly config: CommandConfig<"client">;
  readonly world: World;
  /** The tool to call; without one, the prices of `--pairs`. */
  readonly tool: string | undefined;
  /** Its arguments as `name=value`. */
  readonly words: readonly string[];
  /**
   * `--json`, for the report.
   *
   * @default false
   */
  readonly json?: boolean;
}

const DEFAULT_PAIRS = ["XBTZAR", "ETHZAR"] as const;
const DEFAULT_DURATION_S = 60;

/** The interval of table updates, and of lines without a terminal. */
const TABLE_INTERVAL_MS = 1_000;
const LINE_INTERVAL_MS = 5_000;

/**
 * Runs the clients and prints the report. Exit code 1 when a threshold is exceeded, or when clients never had a session
 * although the run was not ended early.
 */
export async function simulateClients(endpoint: Endpoint, options: SimulateOptions): Promise<ExitCode> {
  const { config, world, json = false } = options;
  const isJson = json || config.report === "json";
  const random = world.random ?? Math.random;
  const load = new Load({
    endpoint,
    clients: config.clients,
    callsPerSecond: config.rate,
    durationMs: (config.duration ?? DEFAULT_DURATION_S) * 1_000,
    nextRequest: await requestsOf(endpoint, options, random),
    signal: world.shutdown,
    random,
    sleep,
    now: world.monotonic,
  });
  const over = new AbortController();
  const showing = showProgress(load, { world, isJson, signal: over.signal });
  const report = await load.run().finally(() => over.abort());
  await showing;
  const broken = [...(world.shutdown.aborted ? [] : neverConnected(report)), ...brokenLimits(report, config)];
  if (isJson) await print(world.stdout, JSON.stringify({ ...report, broken }));
  else if (!world.stdout.isTerminal()) await print(world.stdout, formatReport(report));
  else await print(world.stdout, wrapText(formatReport(report), { width: screenOf(world).columns, indent: 10 }));
  for (const problem of broken) await say(world, problem, world.stderr);
  return broken.length > 0 || report.connects === 0 ? 1 : 0;
}

/** The calls of the clients, one after the other. */
async function requestsOf(
  endpoint: Endpoint,
  { config, world, tool: name, words }: SimulateOptions,
  random: () => number,
): Promise<() => ToolRequest> {
  if (name !== undefined) {
    const args = words.length === 0 ? {} : await readArguments(endpoint, { name, words, signal: world.shutdown });
    return () => ({ name, args });
  }
  const pairs = config.pairs ?? DEFAULT_PAIRS;
  return () => ({
    name: "get_crypto_price",
    args: { pair: pairs[Math.floor(random() * pairs.length)] ?? DEFAULT_PAIRS[0] },
  });
}

/** Requests the tool's schema from the server; if that fails, the clients will fail likewise and count it. */
async function readArguments(
  endpoint: Endpoint,
  { name, words, signal }: { name: string; words: readonly string[]; signal: AbortSignal },
): Promise<Record<string, unknown>> {
  try {
    const session = await openSession(endpoint, { signal });
    const { tools } = await session.client.listTools().finally(() => session.transport.close());
    const tool = tools.find((tool) => tool.name === name);
    return readToolArguments(words, tool === undefined ? {} : schemasOf(tool));
  } catch {
    return readToolArguments(words, {});
  }
}

async function showProgress(
  load: Load,
  { world, isJson, signal }: { world: World; isJson: boolean; signal: AbortSignal },
): Promise<void> {
  // Programs that read the output get the report only.
  const output = isJson ? world.stderr : world.stdout;
  const live = output.isTerminal() ? new LiveText(output) : undefined;
  while (!signal.aborted) {
    await sleep(live === undefined ? LINE_INTERVAL_MS : TABLE_INTERVAL_MS, signal).catch(() => {});
    if (signal.aborted) break;
    const row = progressOf(load);
    if (live !== undefined) {
      await live.draw(`${formatTable([row], screenOf(world))}\nCtrl-C ends the run and prints the report`);
    } else await print(output, printable(Object.entries(row).map(([name, value]) => `${name} ${value}`).join("  ")));
  }
  await live?.clear();
}

function progressOf(load: Load): Record<string, string | number> {
  const report = load.report();
  return {
    seconds: Math.round(report.duration_s),
    connected: `${load.tally.connected}/${report.clients}`,
    calls: report.calls,
    "calls/s": report.calls_per_second,
    errors: sum(report.errors),
    refused: sum(report.refusals),
    reconnects: report.reconnects,
    "p50 ms": report.latency_ms.p50 ?? "-",
    "p99 ms": report.latency_ms.p99 ?? "-",
  };
}

/** Reports how many clients never had a session. */
export function neverConnected(
  { clients, connects, reconnects }: Pick<Report, "clients" | "connects" | "reconnects">,
): string[] {
  const missing = clients - (connects - reconnects);
  return missing > 0 ? [`${missing} of ${clients} clients never connected`] : [];
}

/** Reports which thresholds a run exceeded. A run without answers exceeds them all. */
export function brokenLimits(
  report: Report,
  { maxErrorRate, maxP99 }: Pick<CommandConfig<"client">, "maxErrorRate" | "maxP99">,
): string[] {
  const { error_rate: rate, answers, latency_ms: { p99 } } = report;
  const problems: string[] = [];
  if (rate > maxErrorRate || answers === 0) {
    const current = answers === 0 ? "no call was answered" : `current value is ${rate}`;
    problems.push(`--max-error-rate: expected at most ${maxErrorRate}: ${current}`);
  }
  if (maxP99 !== undefined && (p99 === null || p99 > maxP99)) {
    const current = p99 === null ? "no call was answered" : `current value is ${p99}`;
    problems.push(`--max-p99: expected at most ${maxP99}: ${current}`);
  }
  return problems;
}

/** The report for people. */
function formatReport(report: Report): string {
  const { p50, p90, p99, max } = report.latency_ms;
  const latency = p50 === null ? "no answers" : `p50 ${p50}  p90 ${p90}  p99 ${p99}  max ${max} ms`;
  const rows: [string, string | number][] = [
    ["clients", report.clients],
    ["duration", `${report.duration_s} s`],
    ["connects", `${report.connects}, ${report.reconnects} of them reconnects`],
    ["calls", `${report.calls}, ${report.calls_per_second} per second`],
    ["answers", `${report.answers}, ${report.unfinished} calls were unfinished at the end`],
    ["errors", `${formatCounts(report.errors)} (${(report.error_rate * 100).toFixed(2)} %)`],
    ["refusals", formatCounts(report.refusals)],
    ["latency", latency],
  ];
  return printable(rows.map(([name, value]) => `${name.padEnd(9)} ${value}`).join("\n"));
}

function formatCounts(counts: CountsByKind): string {
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`).join(", ");
  return kinds === "" ? "0" : `${sum(counts)}: ${kinds}`;
}

function sum(counts: CountsByKind): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
