/** The settings of the two commands that connect to a server: `client` and `bridge`. */

import { z } from "zod";
import { decimalNumber, oneOf, SecretText, SocketAddress, Text, wholeNumber } from "./readers.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Settings, ValuesOf } from "./setting.ts";

const PairNames: z.ZodType<readonly string[], string> = z.string().transform((text, context) => {
  const pairs = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (pairs.length > 0 && pairs.length <= 200 && pairs.every((pair) => pair.length <= 30)) return pairs;
  context.addIssue({ code: "custom", message: "expected a comma-separated list of at most 200 pairs" });
  return z.NEVER;
});

/** How a client authenticates to a server. */
const ACCESS_SETTINGS = {
  token: { schema: SecretText, help: "API key or token to authenticate with", env: ["LUNO_MCP_TOKEN"], secret: true },
  tokenFile: {
    schema: Text,
    help: "file that holds the API key or token, readable by its owner only",
    flag: "token-file",
    value: "path",
    env: ["LUNO_MCP_TOKEN_FILE"],
  },
  ca: {
    schema: Text,
    help: "PEM file of certificate authorities to trust instead of the public ones",
    flag: "ca",
    value: "path",
    env: ["LUNO_MCP_CA_PATH"],
  },
  cert: {
    schema: Text,
    help: "PEM file of the client's certificate",
    flag: "cert",
    value: "path",
    env: ["LUNO_MCP_CLIENT_CERT_PATH"],
  },
  key: {
    schema: Text,
    help: "PEM file of the private key for --cert",
    flag: "key",
    value: "path",
    env: ["LUNO_MCP_CLIENT_KEY_PATH"],
  },
} as const satisfies Settings;

/** What `client` understands. */
export const CLIENT_SETTINGS = {
  uri: {
    schema: SocketAddress,
    help: "address of the server",
    flag: "uri",
    value: "url",
    env: ["LUNO_MCP_URI"],
    default: "ws://localhost:8765",
  },
  mode: {
    schema: oneOf("single", "multi"),
    help: "single: explore, call a tool or watch prices; multi: simulate many clients",
    flag: "mode",
    value: "name",
    env: [],
    default: "single",
  },
  pairs: {
    schema: PairNames,
    help: "pairs to watch, or for simulated clients to request",
    flag: "pairs",
    value: "names",
    env: [],
  },
  interval: {
    schema: decimalNumber(0.1, 86_400),
    help: "seconds between price updates",
    flag: "interval",
    value: "seconds",
    env: [],
    default: "5",
  },
  duration: {
    schema: decimalNumber(0.1, 2_073_600), // 24 days, as a timer holds no more than 25
    help: "seconds to run; default: 60 for simulated clients, until Ctrl-C for prices",
    flag: "duration",
    value: "seconds",
    env: [],
  },
  clients: {
    schema: wholeNumber(1, 10_000),
    help: "number of simulated clients",
    flag: "clients",
    value: "number",
    env: [],
    default: "10",
  },
  rate: {
    schema: decimalNumber(0.001, 1_000),
    help: "calls per second of each simulated client",
    flag: "rate",
    value: "calls",
    env: [],
    default: "1",
  },
  report: {
    schema: oneOf("text", "json"),
    help: "format of the report on simulated clients",
    flag: "report",
    value: "format",
    env: [],
    default: "text",
  },
  maxErrorRate: {
    schema: decimalNumber(0, 1),
    help: "share of calls that may fail, 0 to 1; above it the exit code is 1",
    flag: "max-error-rate",
    value: "share",
    default: "0.01",
    env: [],
  },
  maxP99: {
    schema: decimalNumber(0, 600_000),
    help: "largest 99th percentile of answer times, in ms; above it the exit code is 1",
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
