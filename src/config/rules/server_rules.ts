/**
 * Rules between the server's settings: contradictions that prevent a start, and those that only deserve a warning.
 *
 * A flag that would have no effect is rejected, as its user relies on it; variables are shared by many commands and may
 * be unused.
 */

import { isLoopback } from "../../network/address.ts";
import type { Origins } from "../parse.ts";
import { SERVER_SETTINGS } from "../server_settings.ts";
import type { Config } from "../server_settings.ts";
import { databaseProblems } from "./database_rules.ts";
import { sharedProblems, sharedSessionProblems } from "./shared_rules.ts";

/** The source of each setting of the server. */
export type ConfigOrigins = Origins<typeof SERVER_SETTINGS>;

/** A configuration with the sources of its settings. */
export interface Configured {
  readonly config: Config;
  readonly origins: ConfigOrigins;
}

/** Every contradiction that prevents a start; settings that could not be read are ignored. */
export function contradictions(config: Partial<Config>, origins: ConfigOrigins): string[] {
  return [
    ...checkCredentials(config, origins),
    ...checkExchange(config, origins),
    ...checkTransport(config, origins),
    ...checkTrading(config, origins),
    ...checkTools(config, origins),
    ...databaseProblems(config, origins),
    ...sharedProblems(config, origins),
    ...sharedSessionProblems(config),
  ];
}

/** Whether orders can be placed, and with whose approval. */
export function tradingInForce(
  { trading = "off", allowWrite }: Partial<Config>,
  origins: ConfigOrigins,
): Config["trading"] {
  return allowWrite && origins.trading === "default" ? "confirm" : trading;
}

/** Warnings about settings that contradict each other and are tolerated. */
export function settingWarnings(config: Config, origins: ConfigOrigins): string[] {
  const { tools, maxConnections, maxConnectionsPerClient } = config;
  const trading = tradingInForce(config, origins);
  const hasKey = config.exchange !== "live" || config.apiKeyId !== undefined;
  const warnings: string[] = [];
  if (trading === "auto" && config.policy === undefined) {
    warnings.push(
      "--trading auto without --policy: orders are placed without a person's approval, whatever their amount, " +
        "unless a policy was published",
    );
  }
  if (trading !== "off" && !tools.includes("trading")) {
    warnings.push(`--trading ${trading}: no order can be placed, as --tools leaves the trading group out`);
  }
  if (trading !== "off" && !hasKey) {
    warnings.push(
      `--trading ${trading}: no order can be placed without an API key: set LUNO_API_KEY and LUNO_API_SECRET`,
    );
  }
  if (trading === "off" && origins.tools !== "default" && tools.includes("trading")) {
    warnings.push("--tools: the trading group is not offered without --trading confirm or auto");
  }
  if (origins.tools !== "default" && tools.includes("account") && !hasKey) {
    warnings.push("--tools: tools of the account group fail without an API key: set LUNO_API_KEY and LUNO_API_SECRET");
  }
  if (origins.maxConnectionsPerClient !== "default" && maxConnectionsPerClient > maxConnections) {
    warnings.push(
      `--max-connections-per-client: ${maxConnectionsPerClient} can never be reached, as --max-connections is ` +
        maxConnections,
    );
  }
  return warnings;
}

function checkCredentials(config: Partial<Config>, origins: ConfigOrigins): string[] {
  // An invalid setting is reported as such, not as missing.
  const hasId = origins.apiKeyId !== "unset";
  const hasSecret = origins.apiSecret !== "unset" || origins.apiSecretFile !== "unset";
  const problems: string[] = [];
  if (config.apiSecret !== undefined && config.apiSecretFile !== undefined) {
    problems.push("LUNO_API_SECRET, LUNO_API_SECRET_FILE: expected one of the two, both are set");
  }
  if (hasId && !hasSecret) {
    problems.push(
      "LUNO_API_SECRET: expected the secret that belongs to LUNO_API_KEY, or LUNO_API_SECRET_FILE: not set",
    );
  }
  if (!hasId && hasSecret) {
    problems.push("LUNO_API_KEY: expected the id of the key that the secret belongs to: not set");
  }
  return problems;
}

function checkExchange(config: Partial<Config>, origins: ConfigOrigins): string[] {
  const problems: string[] = [];
  for (const name of ["apiUrl", "streamUrl"] as const) {
    if (config.exchange !== "simulated" || origins[name] !== "flag") continue;
    const flag = `--${SERVER_SETTINGS[name].flag}`;
    problems.push(`${flag}: not with --exchange simulated, which starts its own exchange: leave one of the two out`);
  }
  if (config.marketData === "stream" && config.exchange !== "simulated" && origins.apiKeyId === "unset") {
    problems.push(
      "--market-data stream: expected an API key: set LUNO_API_KEY and LUNO_API_SECRET, or leave it at auto",
    );
  }
  if (config.exchange !== "simulated" && origins.seed === "flag") {
    problems.push("--seed: only with --exchange simulated");
  }
  // The simulated exchange has its own address; one from the environment is ignored.
  if (config.exchange === "simulated") return problems;
  return [...problems, ...checkAddress("apiUrl", config, origins), ...checkAddress("streamUrl", config, origins)];
}

function checkTrading(config: Partial<Config>, origins: ConfigOrigins): string[] {
  if (config.trading === undefined || tradingInForce(config, origins) !== "off") return [];
  return (["policy", "confirmBy"] as const).filter((name) => origins[name] === "flag")
    .map((name) =>
      `--${SERVER_SETTINGS[name].flag}: only with --trading confirm or auto, as nothing is traded without`
    );
}

function checkTools(config: Partial<Config>, origins: ConfigOrigins): string[] {
  const { tools = [], trading } = config;
  const isOffered = trading === undefined || tradingInForce(config, origins) !== "off";
  if (isOffered || !tools.includes("trading")) return [];
  if (origins.tools !== "flag" && tools.length > 1) return [];
  return ["--tools: expected --trading confirm or auto beside the trading group, as it is not offered without"];
}

/** Settings that have no effect on stdio. */
export const NETWORK_ONLY = [
  "host",
  "port",
  "listener",
  "sslCert",
  "sslKey",
  "sslClientCa",
  "sslClientDeny",
  "auth",
  "jwtIssuer",
  "jwtAudience",
  "jwksUrl",
  "jwksFile",
  "access",
  "trustedProxies",
  "allowedHosts",
  "allowedOrigins",
  "tlsTerminated",
  "unsafeExpose",
  "maxConnections",
  "maxConnectionsPerClient",
  "rateLimit",
  "maxSessionsPerClient",
  "keepSessions",
  "sharedUrl",
  "sharedCa",
  "maxQueue",
  "pingInterval",
  "idleTimeout",
  "drainTime",
  "statsInterval",
] as const satisfies readonly (keyof Config)[];

function checkTransport(config: Partial<Config>, origins: ConfigOrigins): string[] {
  if (config.transport !== "stdio") return [];
  return NETWORK_ONLY.filter((name) => origins[name] === "flag")
    .map((name) => `--${SERVER_SETTINGS[name].flag}: only with --transport websocket or http`);
}

function checkAddress(setting: "apiUrl" | "streamUrl", config: Partial<Config>, origins: ConfigOrigins): string[] {
  const url = config[setting];
  const origin = origins[setting];
  if (url === undefined || isLoopback(url.hostname)) return [];
  const { protocol, hostname, href } = url;
  const problems: string[] = [];
  const { flag, env: [variable] } = SERVER_SETTINGS[setting];
  const name = origin === "flag" ? `--${flag}` : origin === "config file" ? `${flag} in the config file` : variable;
  if (protocol === "http:" || protocol === "ws:") {
    problems.push(`${name}: expected ${protocol.slice(0, -1)}s, as the key travels along: current value is "${href}"`);
  }
  if (!/(^|\.)luno\.com$/.test(hostname) && origin !== "flag") {
    problems.push(
      `${name}: a host other than luno.com receives your key only by the flag --${flag}: current value is "${href}"`,
    );
  }
  return problems;
}
