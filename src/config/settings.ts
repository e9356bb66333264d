/**
 * Every setting of the server in one table: type, bounds, default, flag, environment variable, help and secrecy.
 *
 * `--help`, validation, `config print`, the README's table and redaction are all made from it. Schemas read the text
 * that a flag, a variable or a file holds.
 */

import { isIP } from "node:net";
import { z } from "zod";

/** One row of the table; `Schema` reads text. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly help: string;
  /** `log-level` for `--log-level`; a setting without one cannot be given on the command line. */
  readonly flag?: string;
  /** What stands behind the flag in the help, such as `level`; a flag without one is a switch. */
  readonly value?: string;
  /** Environment variables, the first that is set wins. */
  readonly env: readonly string[];
  /** In the text form that a flag would have. */
  readonly default?: string;
  /** Marks values that no output may show. */
  readonly secret?: true;
  /** Marks what names another source: a file cannot name one. */
  readonly source?: true;
}

/** A table of settings. */
export type Settings = Readonly<Record<string, Setting>>;

/** The values that a table's schemas read; `undefined` where there is neither a value nor a default. */
export type ValuesOf<Table extends Settings> = {
  readonly [Name in keyof Table]:
    | z.output<Table[Name]["schema"]>
    | (Table[Name] extends { readonly default: string } ? never : undefined);
};

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string()
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

/** One of several words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): z.ZodType<Word, string> {
  return z.string().transform((text, context) => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word !== undefined) return word;
    context.addIssue({ code: "custom", message: `expected ${listWords(words)}` });
    return z.NEVER;
  });
}

/** A comma-separated selection of words, each at most once. */
export function someOf<const Word extends string>(...words: readonly Word[]): z.ZodType<readonly Word[], string> {
  return z.string().transform((text, context) => {
    const chosen = text.split(",").map((part) => part.trim().toLowerCase()).filter((part) => part !== "");
    const unknown = chosen.filter((part) => !words.some((word) => word === part));
    if (chosen.length > 0 && unknown.length === 0) return words.filter((word) => chosen.includes(word));
    context.addIssue({ code: "custom", message: `expected a comma-separated list of ${listWords(words, "and")}` });
    return z.NEVER;
  });
}

/** A comma-separated list of texts. */
export const List: z.ZodType<readonly string[], string> = z.string()
  .transform((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== ""));

/** What a switch reads: `true` or `false`. */
export const Switch: z.ZodType<boolean, string> = oneOf("true", "false").transform((word) => word === "true");

/** An http or https address; a bare host name means https. */
export const Address: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.search === "" && url.hash === "";
  if (usable) return url;
  context.addIssue({ code: "custom", message: "expected an http or https address without user name or query" });
  return z.NEVER;
});

const Text = z.string().min(1, { error: "expected a value" });

/** What every command that reaches the exchange understands. */
export const SERVER_SETTINGS = {
  transport: {
    schema: oneOf("stdio", "websocket", "http"),
    help: "stdio: one client; websocket: many, over WebSocket and Streamable HTTP on one port; http: without WebSocket",
    flag: "transport",
    value: "name",
    env: ["MCP_TRANSPORT"],
    default: "stdio",
  },
  exchange: {
    schema: oneOf("live", "simulated"),
    help: "live: the real exchange; simulated: an embedded one with made-up money, without network",
    flag: "exchange",
    value: "which",
    env: ["LUNO_MCP_EXCHANGE"],
    default: "live",
  },
  tools: {
    schema: someOf("market", "account", "server"),
    help: "tool groups to offer",
    flag: "tools",
    value: "groups",
    env: ["LUNO_MCP_TOOLS"],
    default: "market,account,server",
  },
  seed: {
    schema: wholeNumber(0, 4_294_967_295),
    help: "seed of the simulated exchange",
    flag: "seed",
    value: "number",
    env: ["LUNO_MCP_SEED"],
    default: "1",
  },
  apiUrl: {
    schema: Address,
    help: "address of the exchange's API; hosts other than luno.com and this machine only by the flag",
    flag: "api-url",
    value: "url",
    env: ["LUNO_API_URL", "LUNO_API_DOMAIN"],
    default: "https://api.luno.com",
  },
  apiRateLimit: {
    schema: wholeNumber(10, 1_000_000),
    help: "calls a minute to the exchange, shared by all clients; 60000 on the embedded one, unless set",
    flag: "api-rate-limit",
    value: "calls",
    env: ["LUNO_API_RATE_LIMIT"],
    default: "300",
  },
  apiKeyId: { schema: Text, help: "Luno API key id", env: ["LUNO_API_KEY", "LUNO_API_KEY_ID"], secret: true },
  apiSecret: { schema: Text, help: "Luno API key secret", env: ["LUNO_API_SECRET"], secret: true },
  apiSecretFile: {
    schema: Text,
    help: "file that holds the secret, readable by its owner only",
    env: ["LUNO_API_SECRET_FILE"],
  },
  maxMessageSize: {
    schema: wholeNumber(1_024, 67_108_864),
    help: "largest message that a client may send, in bytes",
    flag: "max-message-size",
    value: "bytes",
    env: ["MCP_MAX_MESSAGE_SIZE"],
    default: "1048576",
  },
  host: {
    schema: Text,
    help: "address to listen on",
    flag: "host",
    value: "name",
    env: ["MCP_HOST"],
    default: "localhost",
  },
  port: {
    schema: wholeNumber(0, 65_535),
    help: "port to listen on; 0 picks a free one",
    flag: "port",
    value: "number",
    env: ["MCP_PORT"],
    default: "8765",
  },
  listener: {
    schema: oneOf("auto", "native", "hardened"),
    help: "auto: native on loopback, hardened elsewhere",
    flag: "listener",
    value: "which",
    env: ["MCP_LISTENER"],
    default: "auto",
  },
  sslCert: {
    schema: Text,
    help: "certificate chain as PEM; with --ssl-key",
    flag: "ssl-cert",
    value: "path",
    env: ["SSL_CERT_PATH"],
  },
  sslKey: {
    schema: Text,
    help: "the certificate's key as PEM, readable by its owner only",
    flag: "ssl-key",
    value: "path",
    env: ["SSL_KEY_PATH"],
  },
  allowedHosts: {
    schema: List,
    help: "Host headers to let in, beside those of loopback on loopback",
    flag: "allowed-hosts",
    value: "list",
    env: ["MCP_ALLOWED_HOSTS"],
  },
  allowedOrigins: {
    schema: List,
    help: "Origins of web pages to let in, beside those of loopback on loopback",
    flag: "allowed-origins",
    value: "list",
    env: ["MCP_ALLOWED_ORIGINS"],
  },
  unsafeExpose: {
    schema: Switch,
    help: "serve everybody who reaches an address off loopback; for those with a proxy of their own in front",
    flag: "unsafe-expose",
    env: [],
    default: "false",
  },
  maxConnections: {
    schema: wholeNumber(1, 100_000),
    help: "connections in all",
    flag: "max-connections",
    value: "number",
    env: ["MCP_MAX_CONNECTIONS"],
    default: "50",
  },
  maxConnectionsPerClient: {
    schema: wholeNumber(1, 100_000),
    help: "connections of one client; on loopback all that there are, unless set",
    flag: "max-connections-per-client",
    value: "number",
    env: ["MCP_MAX_CONNECTIONS_PER_CLIENT"],
    default: "10",
  },
  rateLimit: {
    schema: wholeNumber(1, 10_000_000),
    help: "requests a minute and client; on loopback as many for each possible connection, unless set",
    flag: "rate-limit",
    value: "requests",
    env: ["MCP_RATE_LIMIT"],
    default: "100",
  },
  maxInFlight: {
    schema: wholeNumber(1, 10_000),
    help: "requests of one connection that run side by side",
    flag: "max-in-flight",
    value: "number",
    env: ["MCP_MAX_IN_FLIGHT"],
    default: "16",
  },
  maxQueue: {
    schema: wholeNumber(0, 100_000),
    help: "requests of one connection that wait; more are refused",
    flag: "max-queue",
    value: "number",
    env: ["MCP_MAX_QUEUE"],
    default: "100",
  },
  pingInterval: {
    schema: wholeNumber(1, 3_600),
    help: "seconds between pings; who does not answer is gone within two",
    flag: "ping-interval",
    value: "seconds",
    env: ["MCP_PING_INTERVAL"],
    default: "30",
  },
  idleTimeout: {
    schema: wholeNumber(1, 86_400),
    help: "seconds without a message after which a connection or session ends",
    flag: "idle-timeout",
    value: "seconds",
    env: ["MCP_IDLE_TIMEOUT"],
    default: "1800",
  },
  statsInterval: {
    schema: wholeNumber(0, 86_400),
    help: "seconds between lines of statistics; 0 writes none",
    flag: "stats-interval",
    value: "seconds",
    env: ["MCP_STATS_INTERVAL"],
    default: "60",
  },
  logLevel: {
    schema: oneOf("debug", "info", "warning", "error"),
    help: "least severe level to log, in any case",
    flag: "log-level",
    value: "level",
    env: ["LOG_LEVEL"],
    default: "info",
  },
  logFormat: {
    schema: oneOf("text", "json"),
    help: "how log lines look on stderr",
    flag: "log-format",
    value: "format",
    env: ["LOG_FORMAT"],
    default: "text",
  },
  envFile: {
    schema: Text,
    help: "file of NAME=value lines, used where the environment is silent",
    flag: "env-file",
    value: "path",
    env: [],
    source: true,
  },
  config: {
    schema: Text,
    help: "JSON file of settings, named like the flags",
    flag: "config",
    value: "path",
    env: [],
    source: true,
  },
} as const satisfies Settings;

/** The server's configuration as its table reads it. */
export type Config = ValuesOf<typeof SERVER_SETTINGS>;

/** What `simulator` understands. */
export const SIMULATOR_SETTINGS = {
  port: {
    schema: wholeNumber(0, 65_535),
    help: "port on loopback; 0 picks a free one",
    flag: "port",
    value: "number",
    env: [],
    default: "9000",
  },
  seed: SERVER_SETTINGS.seed,
  rateLimit: {
    schema: wholeNumber(0, 1_000_000),
    help: "calls a minute for each key; 0 sets no limit",
    flag: "rate-limit",
    value: "calls",
    env: [],
    default: "300",
  },
  faults: { schema: Text, help: "JSON file of faults to start with", flag: "faults", value: "path", env: [] },
  logLevel: SERVER_SETTINGS.logLevel,
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;

/** The simulator's configuration as its table reads it. */
export type SimulatorConfig = ValuesOf<typeof SIMULATOR_SETTINGS>;

function listWords(words: readonly string[], joint = "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`;
}

const HostNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const names = text.split(",").map((part) => part.trim().toLowerCase().replace(/^\[(.*)\]$/, "$1"))
    .filter((part) => part !== "");
  const unusable = names.find((name) =>
    isIP(name) === 0 && !/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.|$))+$/.test(name)
  );
  if (names.length > 0 && names.length <= 100 && unusable === undefined) return names;
  context.addIssue({
    code: "custom",
    message: "expected a comma-separated list of at most 100 host names and IP addresses",
  });
  return z.NEVER;
});

/** What `certs create` understands. */
export const CERTS_SETTINGS = {
  dir: {
    schema: Text,
    help: "folder for the certificates and keys",
    flag: "dir",
    value: "path",
    env: [],
    default: "certs",
  },
  hosts: {
    schema: HostNames,
    help: "further names and IP addresses of the server, beside localhost",
    flag: "host",
    value: "names",
    env: [],
  },
  client: {
    schema: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, {
      error: "expected letters, digits, dots, dashes and underscores, at most 63",
    }),
    help: "name that the client's certificate carries",
    flag: "client",
    value: "name",
    env: [],
    default: "developer",
  },
  force: {
    schema: oneOf("true", "false").transform((word) => word === "true"),
    help: "overwrite files that exist",
    flag: "force",
    env: [],
    default: "false",
  },
} as const satisfies Settings;

/** The configuration of `certs create` as its table reads it. */
export type CertsConfig = ValuesOf<typeof CERTS_SETTINGS>;

/** A ws or wss address. */
export const SocketAddress: z.ZodType<URL, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const usable = url !== null && /^wss?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.hash === "";
  if (usable) return url;
  context.addIssue({ code: "custom", message: "expected a ws or wss address without user name" });
  return z.NEVER;
});

/** A number with decimals, within bounds. */
export function decimalNumber(min: number, max: number): z.ZodType<number, string> {
  return z.string()
    .refine((text) => /^\d{1,9}(\.\d{1,6})?$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a number from ${min} to ${max}`,
    })
    .transform(Number);
}

const PairNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const pairs = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (pairs.length > 0 && pairs.length <= 200 && pairs.every((pair) => pair.length <= 30)) return pairs;
  context.addIssue({ code: "custom", message: "expected a comma-separated list of at most 200 pairs" });
  return z.NEVER;
});

/** How a client is let in by a server. */
const ACCESS_SETTINGS = {
  token: { schema: Text, help: "token that the server asks for", env: ["LUNO_MCP_TOKEN"], secret: true },
  tokenFile: {
    schema: Text,
    help: "file that holds the token, readable by its owner only",
    flag: "token-file",
    value: "path",
    env: [],
  },
  ca: {
    schema: Text,
    help: "PEM file of the authorities to trust instead of the public ones",
    flag: "ca",
    value: "path",
    env: [],
  },
  cert: { schema: Text, help: "PEM file of the client's certificate", flag: "cert", value: "path", env: [] },
  key: { schema: Text, help: "PEM file of the key to --cert", flag: "key", value: "path", env: [] },
} as const satisfies Settings;

/** What `client` understands. */
export const CLIENT_SETTINGS = {
  uri: {
    schema: SocketAddress,
    help: "address of the server",
    flag: "uri",
    value: "url",
    env: [],
    default: "ws://localhost:8765",
  },
  mode: {
    schema: oneOf("single", "multi"),
    help: "single: look around, call one tool or watch prices; multi: simulate many clients",
    flag: "mode",
    value: "name",
    env: [],
    default: "single",
  },
  pairs: {
    schema: PairNames,
    help: "pairs to watch, or those that simulated clients ask for",
    flag: "pairs",
    value: "names",
    env: [],
  },
  interval: {
    schema: decimalNumber(0.1, 86_400),
    help: "seconds between two looks at the prices",
    flag: "interval",
    value: "seconds",
    env: [],
    default: "5",
  },
  duration: {
    schema: decimalNumber(0.1, 31_536_000),
    help: "seconds until the end; simulated clients run for 60 without it, prices are watched until Ctrl-C",
    flag: "duration",
    value: "seconds",
    env: [],
  },
  clients: {
    schema: wholeNumber(1, 10_000),
    help: "simulated clients",
    flag: "clients",
    value: "number",
    env: [],
    default: "10",
  },
  rate: {
    schema: decimalNumber(0.001, 1_000),
    help: "calls a second of each simulated client",
    flag: "rate",
    value: "calls",
    env: [],
    default: "1",
  },
  report: {
    schema: oneOf("text", "json"),
    help: "how the report of the simulated clients is written",
    flag: "report",
    value: "format",
    env: [],
    default: "text",
  },
  maxErrorRate: {
    schema: decimalNumber(0, 1),
    help: "share of calls that may fail, 0 to 1; more make the exit code 1",
    flag: "max-error-rate",
    value: "share",
    env: [],
  },
  maxP99: {
    schema: decimalNumber(0, 600_000),
    help: "milliseconds that 99 of 100 answers may take; more make the exit code 1",
    flag: "max-p99",
    value: "ms",
    env: [],
  },
  ...ACCESS_SETTINGS,
} as const satisfies Settings;

/** The configuration of `client` as its table reads it. */
export type ClientConfig = ValuesOf<typeof CLIENT_SETTINGS>;

/** What `bridge` understands. */
export const BRIDGE_SETTINGS = {
  ...ACCESS_SETTINGS,
  maxMessageSize: SERVER_SETTINGS.maxMessageSize,
  logLevel: { ...SERVER_SETTINGS.logLevel, default: "warning" },
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;

/** The configuration of `bridge` as its table reads it. */
export type BridgeConfig = ValuesOf<typeof BRIDGE_SETTINGS>;
