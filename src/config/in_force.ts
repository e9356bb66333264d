/**
 * The values in force of settings that depend on others, and why: for the code that uses them, and for `config print`.
 */

import { isLoopback } from "../network/address.ts";
import { stateFolder, stateVariables } from "../state/folder.ts";
import { NETWORK_ONLY } from "./rules/server_rules.ts";
import type { Configured } from "./rules/server_rules.ts";
import type { Config } from "./server_settings.ts";

/** The default for the embedded exchange, which serves one server alone. */
const EMBEDDED_CALLS_PER_MINUTE = 60_000;

/** An HTTP session holds no connection while it is idle, so a client may have more sessions than connections. */
export const SESSIONS_PER_CONNECTION = 10;

/** Calls per minute to the exchange. */
export function callsPerMinute({ config, origins }: Configured): number {
  const isWide = config.exchange === "simulated" && origins.apiRateLimit === "default";
  return isWide ? EMBEDDED_CALLS_PER_MINUTE : config.apiRateLimit;
}

/**
 * Connections and requests per minute of each client. On loopback without an authentication method all clients are one,
 * so limits that were not set are as high as those of all possible connections together; `possible` is the number of
 * connections that the file descriptors allow. The settings do not tell whether there are API keys: a server reads that
 * from its state folder.
 */
export function limitsPerClient(
  { config, origins }: Configured,
  { possible = config.maxConnections, isAuthenticated = isSetToAuthenticate(config) } = {},
): { connections: number; requestsPerMinute: number } {
  const isWide = (name: "rateLimit" | "maxConnectionsPerClient") =>
    isLoopback(config.host) && !isAuthenticated && origins[name] === "default";
  return {
    connections: isWide("maxConnectionsPerClient") ? possible : config.maxConnectionsPerClient,
    requestsPerMinute: isWide("rateLimit") ? config.rateLimit * config.maxConnections : config.rateLimit,
  };
}

/**
 * The address of the exchange's streams. An exchange other than Luno's has them at the address of its API, unless
 * another one is set: its key must not be sent to Luno.
 */
export function streamAddress({ config: { apiUrl, streamUrl }, origins }: Configured): URL {
  if (origins.streamUrl !== "default" || /(^|\.)luno\.com$/.test(apiUrl.hostname)) return streamUrl;
  return new URL(apiUrl.href.replace(/^http/, "ws"));
}

function isSetToAuthenticate({ auth, jwtIssuer, sslClientCa }: Config): boolean {
  return auth === "required" || jwtIssuer !== undefined || sslClientCa !== undefined;
}

/** A setting in force; absent fields are as they were read. */
export interface InForce {
  readonly value?: string | number | null;
  readonly why?: string;
}

/** The settings whose value in force differs from what was read. */
export function settingsInForce(
  configured: Configured,
  env: (name: string) => string | undefined,
): Partial<Record<keyof Config, InForce>> {
  const { config } = configured;
  return {
    ...(config.transport === "stdio" ? UNUSED_ON_STDIO : limits(configured)),
    ...exchange(configured),
    ...(config.trading === "off" ? { policy: UNTRADED, confirmBy: UNTRADED } : {}),
    ...(config.trading !== "off" && configured.origins.trading === "default"
      ? { trading: { why: "ALLOW_WRITE_OPERATIONS is true" } }
      : {}),
    ...(config.recordRetention === undefined ? { recordRetention: { why: "rows stay in the database" } } : {}),
    state: state(config, env),
  };
}

const EMBEDDED = "the embedded exchange, on a free port of 127.0.0.1 that each start picks";

const UNTRADED: InForce = { why: "not used with --trading off" };

const UNUSED_ON_STDIO = Object.fromEntries(
  NETWORK_ONLY.map((name) => [name, { why: "not used with --transport stdio" }]),
);

function limits(configured: Configured): Partial<Record<keyof Config, InForce>> {
  const { config, origins } = configured;
  const { connections, requestsPerMinute } = limitsPerClient(configured);
  const shared = "on loopback all clients are one identity until there is an API key";
  return {
    ...(connections === config.maxConnectionsPerClient
      ? {}
      : { maxConnectionsPerClient: { value: connections, why: `all connections, as ${shared}` } }),
    ...(requestsPerMinute === config.rateLimit ? {} : {
      rateLimit: {
        value: requestsPerMinute,
        why: `${config.rateLimit} for each of ${config.maxConnections} connections, as ${shared}`,
      },
    }),
    ...(origins.maxSessionsPerClient === "unset"
      ? {
        maxSessionsPerClient: {
          value: SESSIONS_PER_CONNECTION * connections,
          why: `${SESSIONS_PER_CONNECTION} for each connection of a client`,
        },
      }
      : {}),
  };
}

function exchange(configured: Configured): Partial<Record<keyof Config, InForce>> {
  const { config } = configured;
  if (config.exchange !== "simulated") {
    const address = streamAddress(configured);
    const isOwn = address.href !== config.streamUrl.href;
    const isWithoutKey = config.marketData === "auto" && config.apiKeyId === undefined;
    return {
      seed: { why: "not used without --exchange simulated" },
      ...(isOwn ? { streamUrl: { value: address.href, why: "the host of --api-url" } } : {}),
      ...(isWithoutKey ? { marketData: { value: "rest", why: "streams need an API key" } } : {}),
    };
  }
  const ownKey = { why: "not used: the embedded exchange has a key of its own" };
  const calls = callsPerMinute(configured);
  return {
    apiUrl: { value: null, why: EMBEDDED },
    streamUrl: { value: null, why: EMBEDDED },
    ...(calls === config.apiRateLimit ? {} : {
      apiRateLimit: { value: calls, why: "the embedded exchange serves this server alone" },
    }),
    ...(config.apiKeyId === undefined ? {} : { apiKeyId: ownKey, apiSecret: ownKey, apiSecretFile: ownKey }),
  };
}

function state(config: Config, env: (name: string) => string | undefined): InForce {
  if (config.state !== undefined) return {};
  const folder = stateFolder(env);
  return folder === undefined
    ? { value: null, why: `none, as ${stateVariables().join(" and ")} name none` }
    : { value: folder, why: "the user's folder for state" };
}
