/** What settings come to that depend on others, and why: for those who use them, and for `config print`. */

import { isLoopback } from "../network/address.ts";
import { stateFolder, stateVariables } from "../state/folder.ts";
import { NETWORK_ONLY } from "./rules/server_rules.ts";
import type { Configured } from "./rules/server_rules.ts";
import type { Config } from "./server_settings.ts";

/** What the embedded exchange takes unless it is told otherwise: it is there for one server alone. */
const EMBEDDED_CALLS_PER_MINUTE = 60_000;

/** A session over HTTP holds no connection while nothing runs in it, so a client may have more of them. */
export const SESSIONS_PER_CONNECTION = 10;

/** Calls a minute to the exchange. */
export function callsPerMinute({ config, origins }: Configured): number {
  const isWide = config.exchange === "simulated" && origins.apiRateLimit === "default";
  return isWide ? EMBEDDED_CALLS_PER_MINUTE : config.apiRateLimit;
}

/**
 * Connections and requests a minute of each client. On loopback without an authentication method all clients are one, so
 * limits that nobody has set are as wide as all possible connections together; `possible` are those that there are file
 * descriptors for. Whether there are API keys the settings do not say: a server knows it from its state folder.
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
 * Where the streams of the exchange are. An exchange that is not Luno's has its own at the address of its API, unless
 * another one is set: a key must not go to Luno that belongs elsewhere.
 */
export function streamAddress({ config: { apiUrl, streamUrl }, origins }: Configured): URL {
  if (origins.streamUrl !== "default" || /(^|\.)luno\.com$/.test(apiUrl.hostname)) return streamUrl;
  return new URL(apiUrl.href.replace(/^http/, "ws"));
}

function isSetToAuthenticate({ auth, jwtIssuer, sslClientCa }: Config): boolean {
  return auth === "required" || jwtIssuer !== undefined || sslClientCa !== undefined;
}

/** A setting as it counts; what is left out is as it was read. */
export interface InForce {
  readonly value?: string | number | null;
  readonly why?: string;
}

/** The settings that are not simply what was read. */
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
