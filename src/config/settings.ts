/**
 * Every setting of the server in one table: type, bounds, default, flag, environment variable, help and secrecy.
 *
 * `--help`, validation, `config print`, the README's table and redaction are all made from it. Schemas read the text
 * that a flag, a variable or a file holds.
 */

import { z } from "zod";

/** One row of the table; `Schema` reads text. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly help: string;
  /** `log-level` for `--log-level`; a setting without one cannot be given on the command line. */
  readonly flag?: string;
  /** What stands behind the flag in the help, such as `level`. */
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
    schema: oneOf("stdio"),
    help: "how clients connect",
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
    help: "calls a minute to the exchange, shared by all clients",
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
