/** The settings of each command, in addition to the server's: one table per command. */

import { SCOPES } from "../access/scopes.ts";
import { DATABASE_SETTINGS } from "./database_settings.ts";
import {
  CertificateName,
  decimalNumber,
  EntryName,
  Hash,
  HostNames,
  Identity,
  lifetime,
  oneOf,
  PairNames,
  SecretText,
  SocketAddress,
  someOf,
  Switch,
  Text,
  wholeNumber,
} from "./readers.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import type { Settings, ValuesOf } from "./setting.ts";

/** A switch that is off unless it is given. */
function switchOf<const Flag extends string>(flag: Flag, help: string) {
  return { reader: Switch, help, flag, env: [], default: "false" } as const;
}

/** The state folder, described in the terms of the command. */
function stateFolder(what: string) {
  return {
    reader: Text,
    help: `${what}; default: the user's state folder`,
    flag: "state",
    value: "folder",
    env: ["LUNO_MCP_STATE"],
    protects: true,
  } as const;
}

const RECORD = stateFolder("state folder that holds orders and the audit log");

/** How a client authenticates to a server. */
const ACCESS = {
  token: { reader: SecretText, help: "API key or token to authenticate with", env: ["LUNO_MCP_TOKEN"], secret: true },
  tokenFile: {
    reader: Text,
    help: "file that holds the API key or token, readable by its owner only",
    flag: "token-file",
    value: "path",
    env: ["LUNO_MCP_TOKEN_FILE"],
  },
  ca: {
    reader: Text,
    help: "PEM file of certificate authorities to trust instead of the public ones",
    flag: "ca",
    value: "path",
    env: ["LUNO_MCP_CA_PATH"],
  },
  cert: {
    reader: Text,
    help: "PEM file of the client's certificate",
    flag: "cert",
    value: "path",
    env: ["LUNO_MCP_CLIENT_CERT_PATH"],
  },
  key: {
    reader: Text,
    help: "PEM file of the private key for --cert",
    flag: "key",
    value: "path",
    env: ["LUNO_MCP_CLIENT_KEY_PATH"],
  },
} as const satisfies Settings;

const CLIENT = {
  uri: {
    reader: SocketAddress,
    help: "address of the server",
    flag: "uri",
    value: "url",
    env: ["LUNO_MCP_URI"],
    default: "ws://localhost:8765",
  },
  mode: {
    reader: oneOf("single", "multi"),
    help: "single: explore, call a tool or watch prices; multi: simulate many clients",
    flag: "mode",
    value: "name",
    env: [],
    default: "single",
  },
  pairs: {
    reader: PairNames,
    help: "pairs to watch, or for simulated clients to request",
    flag: "pairs",
    value: "names",
    env: [],
  },
  interval: {
    reader: decimalNumber(0.1, 86_400),
    help: "seconds between price updates",
    flag: "interval",
    value: "seconds",
    env: [],
    default: "5",
  },
  duration: {
    reader: decimalNumber(0.1, 2_073_600), // 24 days, as a timer holds no more than 25.
    help: "seconds to run; default: 60 for simulated clients, until Ctrl-C for prices",
    flag: "duration",
    value: "seconds",
    env: [],
  },
  clients: {
    reader: wholeNumber(1, 10_000),
    help: "number of simulated clients",
    flag: "clients",
    value: "number",
    env: [],
    default: "10",
  },
  rate: {
    reader: decimalNumber(0.001, 1_000),
    help: "calls per second of each simulated client",
    flag: "rate",
    value: "calls",
    env: [],
    default: "1",
  },
  report: {
    reader: oneOf("text", "json"),
    help: "format of the report on simulated clients",
    flag: "report",
    value: "format",
    env: [],
    default: "text",
  },
  maxErrorRate: {
    reader: decimalNumber(0, 1),
    help: "share of calls that may fail, 0 to 1; above it the exit code is 1",
    flag: "max-error-rate",
    value: "share",
    default: "0.01",
    env: [],
  },
  maxP99: {
    reader: decimalNumber(0, 600_000),
    help: "largest 99th percentile of answer times, in ms; above it the exit code is 1",
    flag: "max-p99",
    value: "ms",
    env: [],
  },
  ...ACCESS,
} as const satisfies Settings;

const BRIDGE = {
  ...ACCESS,
  maxMessageSize: SERVER_SETTINGS.maxMessageSize,
  logLevel: { ...SERVER_SETTINGS.logLevel, default: "warning" },
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;

/** The command knows which of the actions of `access` takes which setting. */
const PUBLISHED = {
  state: stateFolder("state folder that holds published files"),
  ...DATABASE_SETTINGS,
  expectVersion: {
    reader: wholeNumber(0, 1_000_000_000),
    help: "publish only if this version is current, 0 if none was published; otherwise refuse",
    flag: "expect-version",
    value: "version",
    env: [],
  },
} as const satisfies Settings;

/** The command knows which of the actions of `policy` takes which setting. */
const POLICY = {
  policy: { ...SERVER_SETTINGS.policy, help: "policy file; without it, the built-in defaults are shown" },
  trading: {
    ...SERVER_SETTINGS.trading,
    help: "--trading as the server is started: the upper bound of every mode",
    default: "auto",
  },
  confirmBy: {
    reader: SERVER_SETTINGS.confirmBy.reader,
    help: "--confirm-by as the server is started: the only approval methods that are accepted",
    flag: "confirm-by",
    value: "ways",
    env: SERVER_SETTINGS.confirmBy.env,
  },
  client: {
    reader: Identity,
    help: "identity to explain, such as local or key:alice",
    flag: "client",
    value: "identity",
    env: [],
  },
  schema: switchOf("schema", "print the JSON Schema of policy files instead"),
  ...PUBLISHED,
} as const satisfies Settings;

/** The settings that `kill` reads first: nothing else may prevent a halt. */
export const HALT_SETTINGS = {
  state: RECORD,
  ...DATABASE_SETTINGS,
  reason: {
    reader: Text,
    help: "why trading is halted; shown with every refused order",
    flag: "reason",
    value: "text",
    env: [],
  },
  cancelOpen: switchOf("cancel-open", "also cancel all open orders: by the running server, else by this command"),
  lift: switchOf("lift", "resume trading"),
  status: switchOf(
    "status",
    "only show whether trading is halted, which servers use the folder, and what is still to be cancelled",
  ),
  force: switchOf("force", "halt or resume even if no running server uses the folder"),
} as const satisfies Settings;

const { exchange, apiUrl, apiRateLimit, apiKeyId, apiSecret, apiSecretFile, envFile } = SERVER_SETTINGS;

/** The exchange's settings, for cancelling when no server runs. */
const KILL = {
  ...HALT_SETTINGS,
  ...{ exchange, apiUrl, apiRateLimit, apiKeyId, apiSecret, apiSecretFile, envFile },
} as const satisfies Settings;

const AUDIT = {
  state: RECORD,
  ...DATABASE_SETTINGS,
  head: {
    reader: Hash,
    help: "head printed by an earlier audit verify and kept elsewhere; proves that the rows up to it are unchanged",
    flag: "head",
    value: "hash",
    env: [],
  },
  order: {
    reader: Text,
    help: "order id or client order id to show; default: the latest rows",
    flag: "order",
    value: "id",
    env: [],
  },
  recordRetention: SERVER_SETTINGS.recordRetention,
  verbose: {
    reader: Switch,
    help: "show all that each event says; default: a line per event",
    flag: "verbose",
    env: [],
  },
} as const satisfies Settings;

const STATE = {
  from: {
    reader: oneOf("sqlite", "postgres"),
    help: "where orders and keys are now: sqlite, in the state folder, or postgres, in the database of --state-url",
    flag: "from",
    value: "engine",
    env: [],
  },
  state: stateFolder("state folder to move from or to; it keeps archive files"),
  ...DATABASE_SETTINGS,
  apiKeyId: {
    ...SERVER_SETTINGS.apiKeyId,
    help: "ID of the exchange's API key that placed the orders: a database holds those of one key",
  },
} as const satisfies Settings;

const PAPER = {
  client: {
    reader: Identity,
    help: "identity whose paper accounts to reset, such as local or key:alice; default: all",
    flag: "client",
    value: "name",
    env: [],
  },
  state: stateFolder("state folder that holds the paper accounts"),
  ...DATABASE_SETTINGS,
  stateTimeout: SERVER_SETTINGS.stateTimeout,
} as const satisfies Settings;

/** The command knows which of the actions of `keys` takes which setting. */
const KEYS = {
  scopes: {
    reader: someOf(...SCOPES),
    help: `scopes of the new key: ${SCOPES.join(", ")}`,
    flag: "scopes",
    value: "scopes",
    env: [],
    default: "market:read",
  },
  expires: {
    reader: lifetime({ minMs: 60_000 }, "never"),
    help: "lifetime of a created or rotated key: 90d, 12h, 30m or never",
    flag: "expires",
    value: "duration",
    env: [],
    default: "90d",
  },
  overlap: {
    reader: lifetime<never>({ minMs: 0 }),
    help: "how long the old key still works after rotate",
    flag: "overlap",
    value: "duration",
    env: [],
    default: "7d",
  },
  state: stateFolder("state folder that holds the keys"),
  ...DATABASE_SETTINGS,
  stateTimeout: SERVER_SETTINGS.stateTimeout,
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;

const CERTS = {
  dir: {
    reader: Text,
    help: "folder for the certificates and keys",
    flag: "dir",
    value: "folder",
    env: [],
    default: "certs",
  },
  hosts: {
    reader: HostNames,
    help: "more names and IP addresses of the server, besides localhost",
    flag: "host",
    value: "names",
    env: [],
  },
  client: {
    reader: CertificateName,
    help: "name in the client's certificate",
    flag: "client",
    value: "name",
    env: [],
    default: "developer",
  },
  force: switchOf("force", "overwrite existing files"),
} as const satisfies Settings;

const SETUP = {
  print: switchOf("print", "print the entry for the client, and write nothing"),
  remove: switchOf("remove", "remove the server from the configuration"),
  yes: switchOf("yes", "write without asking"),
  project: switchOf("project", "use the client's file in the working folder instead of the user's"),
  name: {
    reader: EntryName,
    help: "name of the server in the configuration",
    flag: "name",
    value: "name",
    env: [],
    default: "luno",
  },
  withCredentials: switchOf(
    "with-credentials",
    "also write LUNO_API_KEY and LUNO_API_SECRET from the environment into the file, which others must not be able to read",
  ),
  force: switchOf("force", "also replace or remove an entry that starts another program"),
} as const satisfies Settings;

const SIMULATOR = {
  port: {
    reader: wholeNumber(0, 65_535),
    help: "port on loopback; 0 picks a free one",
    flag: "port",
    value: "number",
    env: [],
    default: "9000",
  },
  seed: SERVER_SETTINGS.seed,
  rateLimit: {
    reader: wholeNumber(0, 1_000_000),
    help: "calls per minute for each key; 0 disables the limit",
    flag: "rate-limit",
    value: "calls",
    env: [],
    default: "300",
  },
  tradesSince: {
    reader: oneOf("newest", "oldest"),
    help: "which 100 trades a request with since= returns",
    flag: "trades-since",
    value: "which",
    env: [],
    default: "newest",
  },
  faults: { reader: Text, help: "JSON file of faults to start with", flag: "faults", value: "path", env: [] },
  logLevel: SERVER_SETTINGS.logLevel,
  logFormat: SERVER_SETTINGS.logFormat,
} as const satisfies Settings;

const SESSIONS = {
  uri: CLIENT.uri,
  identity: {
    reader: Identity,
    help: "only the sessions of this identity, such as key:alice; with end: all of them",
    flag: "identity",
    value: "name",
    env: [],
  },
  ...ACCESS,
} as const satisfies Settings;

/** The settings of every command, in the order of the help. */
export const COMMAND_SETTINGS = {
  serve: SERVER_SETTINGS,
  tools: SERVER_SETTINGS,
  call: SERVER_SETTINGS,
  config: SERVER_SETTINGS,
  doctor: SERVER_SETTINGS,
  client: CLIENT,
  bridge: BRIDGE,
  policy: POLICY,
  access: PUBLISHED,
  approve: {
    state: RECORD,
    ...DATABASE_SETTINGS,
    decline: switchOf("decline", "decline the order instead of approving it"),
  },
  status: {
    state: RECORD,
    ...DATABASE_SETTINGS,
    running: switchOf("running", "end with 1 unless a server on the folder runs and answers, as probes need it"),
  },
  sessions: SESSIONS,
  kill: KILL,
  resume: { state: RECORD, ...DATABASE_SETTINGS, force: HALT_SETTINGS.force },
  reload: { state: stateFolder("state folder of the servers to reload") },
  audit: AUDIT,
  paper: PAPER,
  state: STATE,
  keys: KEYS,
  certs: CERTS,
  setup: SETUP,
  simulator: SIMULATOR,
  completions: {},
  man: {},
} as const satisfies Readonly<Record<string, Settings>>;

/** The commands; `serve` is the default. */
export type CommandName = keyof typeof COMMAND_SETTINGS;

/** The configuration of a command. */
export type CommandConfig<Name extends CommandName> = ValuesOf<(typeof COMMAND_SETTINGS)[Name]>;
