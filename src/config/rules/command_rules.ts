/** Rules between the flags of a command: a flag that would have no effect is rejected, as its user relies on it. */

import { isLoopback } from "../../network/address.ts";
import { COMMAND_SETTINGS } from "../command_settings.ts";
import type { CommandConfig } from "../command_settings.ts";
import type { Origin } from "../parse.ts";
import type { Setting } from "../setting.ts";

/** The sources of a command's settings, as far as they were read. */
type Given = Readonly<Record<string, Origin>>;

const PUBLISHED = {
  publish: ["state", "stateUrl", "stateCa", "expectVersion"],
  rollback: ["state", "stateUrl", "stateCa", "expectVersion"],
  show: ["state", "stateUrl", "stateCa"],
  versions: ["state", "stateUrl", "stateCa"],
} as const;

/** The settings that only some actions of a command take. */
const TAKEN = {
  policy: {
    check: ["policy", "trading", "confirmBy", "client", "schema"],
    explain: ["policy", "trading", "confirmBy", "client", "schema"],
    ...PUBLISHED,
  },
  access: PUBLISHED,
  keys: { create: ["scopes", "expires"], list: [], revoke: [], rotate: ["overlap", "expires"] },
  audit: { verify: ["head"], show: ["order", "verbose"], archive: ["recordRetention"] },
  kill: { halt: ["reason", "cancelOpen", "force"], "--lift": ["force"], "--status": [] },
} as const satisfies {
  readonly [Name in "policy" | "access" | "keys" | "audit" | "kill"]: Readonly<
    Record<string, readonly (keyof CommandConfig<Name>)[]>
  >;
};

type Command = keyof typeof TAKEN;

/** An action of a command, given by its first operand or, for `kill`, by a flag. */
export type Action<Name extends Command> = Extract<keyof (typeof TAKEN)[Name], string>;

/** Tells whether a word is an action of the command. */
export function isAction<Name extends Command>(command: Name, word: string | undefined): word is Action<Name> {
  return word !== undefined && Object.hasOwn(TAKEN[command], word);
}

/** Flags of the command that this action does not take. */
export function misplacedFlags<Name extends Command>(command: Name, action: Action<Name>, origins: Given): string[] {
  const actions: Readonly<Record<string, readonly string[]>> = TAKEN[command];
  const particular = Object.values(actions).flat();
  return Object.entries<Setting>(COMMAND_SETTINGS[command])
    .filter(([name]) => origins[name] === "flag" && particular.includes(name) && !actions[action]?.includes(name))
    .map(([, { flag }]) => `--${flag}: ${command} ${action} does not take it`);
}

/** Flags that an action of `audit` does not take, and those that it lacks. */
export function auditProblems(action: Action<"audit">, origins: Given): string[] {
  const lacksDays = action === "archive" && origins.recordRetention === "unset";
  return [
    ...misplacedFlags("audit", action, origins),
    ...(lacksDays ? ["--record-retention: expected days: audit archive needs to know what is old"] : []),
  ];
}

/** Flags that `kill` does not take when it resumes trading or shows the status. */
export function killProblems({ lift, status }: Partial<CommandConfig<"kill">>, origins: Given): string[] {
  if (lift && status) return ["--lift and --status: expected one of them"];
  return misplacedFlags("kill", lift ? "--lift" : status ? "--status" : "halt", origins);
}

/** `policy explain` takes a client; `policy check` covers the whole file. */
export function policyProblems(
  action: "check" | "explain",
  { client }: Partial<CommandConfig<"policy">>,
): string[] {
  if (action === "explain" && client === undefined) return ["--client: expected whose rights to explain: not set"];
  return action === "check" && client !== undefined ? ["--client: only with policy explain"] : [];
}

/** Flags that `setup` cannot combine. */
export function setupProblems(
  { print, remove, yes, project, withCredentials }: CommandConfig<"setup">,
  { client, hasWords }: { client: string | undefined; hasWords: boolean },
): string[] {
  const problems: string[] = [];
  for (const [flag, isGiven] of Object.entries({ print, project })) {
    if (isGiven && client === undefined) {
      problems.push(`--${flag}: expected a client, as in setup claude-code --${flag}`);
    }
  }
  if (print && remove) problems.push("--print and --remove: expected one of them");
  if (print && yes) problems.push("--yes: not with --print, which writes nothing");
  if (withCredentials) {
    if (print) problems.push("--with-credentials: not with --print, as no output may show them");
    if (remove) problems.push("--with-credentials: not with --remove");
    if (project) problems.push("--with-credentials: not with --project, whose file is shared with others");
  }
  if (remove && hasWords) problems.push("--remove: expected no arguments of the server");
  return problems;
}

const MULTI_ONLY = ["clients", "rate", "report", "maxErrorRate", "maxP99"] as const;

/** Flags that `client` does not take in its mode. */
export function clientProblems(
  { mode, pairs }: CommandConfig<"client">,
  { origins, isCall }: { origins: Given; isCall: boolean },
): string[] {
  const isMulti = mode === "multi";
  const isWatch = !isMulti && pairs !== undefined;
  const isGiven = (name: string) => origins[name] === "flag";
  const problems = isMulti ? [] : MULTI_ONLY.filter(isGiven)
    .map((name) => `--${COMMAND_SETTINGS.client[name].flag}: only with --mode multi`);
  if (!isMulti && !isWatch && isGiven("duration")) problems.push("--duration: only with --pairs or --mode multi");
  if (!isWatch && isGiven("interval")) problems.push("--interval: only with --pairs in --mode single");
  if (isCall && pairs !== undefined) problems.push("--pairs: not with call, which names its own arguments");
  return problems;
}

/** The settings for authenticating to a server, in `client` and `bridge`. */
export type AccessSettings = Pick<CommandConfig<"client">, "token" | "tokenFile" | "ca" | "cert" | "key">;

/** Problems of connecting to `url` with these settings. A token is never sent unencrypted to another machine. */
export function connectionProblems(url: URL, { token, tokenFile, ca, cert, key }: AccessSettings): string[] {
  const problems: string[] = [];
  const isClear = url.protocol === "ws:";
  if (token !== undefined && tokenFile !== undefined) {
    problems.push("LUNO_MCP_TOKEN, --token-file: expected one of the two, both are set");
  }
  if (isClear && (token ?? tokenFile) !== undefined && !isLoopback(url.hostname)) {
    problems.push(`${url.href}: expected wss, as a token travels along and ${url.hostname} is another machine`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    problems.push(`--${cert === undefined ? "cert" : "key"}: expected --cert and --key together: not set`);
  }
  const files = Object.entries({ ca, cert, key }).filter(([, path]) => path !== undefined);
  if (isClear) problems.push(...files.map(([flag]) => `--${flag}: only with wss: current address is ${url.href}`));
  return problems;
}
