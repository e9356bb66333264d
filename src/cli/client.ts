/**
 * `client`: connects to a server over WebSocket to describe it, call a tool, watch prices, or simulate many clients.
 */

import { openSession } from "../client/session.ts";
import type { Session } from "../client/session.ts";
import { ConnectionError } from "../client/connection_error.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { clientProblems } from "../config/rules/command_rules.ts";
import { callOnServer, describeServer, explainOnServer } from "./ask_server.ts";
import { loadEndpoint } from "./load_endpoint.ts";
import { simulateClients } from "./simulate_clients.ts";
import { checkToolWords } from "./terminal/tool_arguments.ts";
import { watchPrices } from "./watch_prices.ts";
import { fail, refuse } from "./report.ts";
import type { ExitCode, World } from "../world.ts";

/** The command line apart from flags. */
export interface ClientInvocation {
  readonly world: World;
  /** Problems of the command line itself. */
  readonly problems: readonly string[];
  /** Empty, or `call`, a tool's name and its arguments as `name=value`. */
  readonly operands: readonly string[];
  /**
   * Print JSON on a terminal too.
   *
   * @default false
   */
  readonly json?: boolean;
  /** Print whole tables, wider than the terminal. @default false */
  readonly wide?: boolean;
  /**
   * Show the help of the tool after `call` instead of calling it.
   *
   * @default false
   */
  readonly help?: boolean;
}

/** Runs until it is finished, time is up, or a signal arrives. */
export async function client(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json = false, wide = false, help = false }: ClientInvocation,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.client, { flags, env: world.env });
  const all = [...problems, ...checkOperands(operands)];
  if (!parsed.ok) return await refuse(world, [...all, ...parsed.problems]);
  const { values: config, origins } = parsed;
  const loaded = await loadEndpoint(config.uri, config);
  all.push(...clientProblems(config, { origins, isCall: operands.length > 0 }), ...(loaded.ok ? [] : loaded.problems));
  if (!loaded.ok || all.length > 0) return await refuse(world, all);
  const { endpoint } = loaded;
  const [, tool, ...words] = operands;
  if (config.mode === "multi" && !help) return await simulateClients(endpoint, { config, world, tool, words, json });
  if (config.pairs !== undefined) {
    return await watchPrices(endpoint, { config: { ...config, pairs: config.pairs }, world, json });
  }
  let session: Session;
  try {
    session = await openSession(endpoint, { signal: world.shutdown });
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return await fail(world, `${endpoint.url.href}: ${error.message}`, error.code);
  }
  try {
    if (tool !== undefined && help) return await explainOnServer(session, { tool, endpoint, world, json });
    return tool === undefined
      ? await describeServer(session, { endpoint, world, json, wide })
      : await callOnServer(session, { tool, words, world, json, wide });
  } finally {
    await session.transport.close();
  }
}

function checkOperands([verb, tool, ...words]: readonly string[]): string[] {
  if (verb === undefined) return [];
  if (verb !== "call") return [`${verb}: expected call, a tool and its arguments`];
  return tool === undefined ? ["call: expected the name of a tool behind it"] : checkToolWords(words);
}
