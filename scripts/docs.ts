/**
 * Writes what is derived from the code: tables in docs/, the tools' listing, the schema of policy files, and which
 * variables each permission set of deno.json lets the program read.
 */

import { CLIENT_VARIABLES } from "../src/client_configs/clients.ts";
import { COMMAND_SETTINGS } from "../src/config/command_settings.ts";
import type { CommandName } from "../src/config/command_settings.ts";
import { SERVER_SETTINGS } from "../src/config/server_settings.ts";
import type { Setting } from "../src/config/setting.ts";
import type { ErrorRow } from "../src/errors/error_row.ts";
import { ERROR_CHAPTERS } from "../src/errors/error_table.ts";
import { describePrompts } from "../src/protocol/prompts.ts";
import { describeTools } from "../src/protocol/tool_listing.ts";
import { aliases } from "../src/tools/aliases.ts";
import { catalogue } from "../src/tools/catalogue.ts";
import { policyJsonSchema } from "../src/trading/policy/policy_schema.ts";

const LISTING = new URL("../src/protocol/listing.json", import.meta.url);

const POLICY_SCHEMA = new URL("../docs/policy.schema.json", import.meta.url);

/** The text of `docs/policy.schema.json`. */
export function policySchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/** The text of `listing.json`. */
export function listingText(): string {
  const others = aliases.map(({ name, group, scope }) => ({ name, group, scope }));
  return `${
    JSON.stringify({ tools: describeTools(catalogue), aliases: others, prompts: describePrompts() }, null, 2)
  }\n`;
}

const MANIFEST = new URL("../deno.json", import.meta.url);

/** Variables that determine a user's state folder on each system. */
const STATE_FOLDER = ["HOME", "XDG_STATE_HOME", "LOCALAPPDATA"];

/** Variables of terminals, and those that the package `ws` reads when it is loaded. */
const TERMINAL = ["TERM"];
const SOCKETS = ["WS_NO_BUFFER_UTIL", "WS_NO_UTF_8_VALIDATE"];

/** Variables that the package `pg` reads when it is loaded and when it connects. */
const DATABASE = ["PG*", "USER", "USERNAME", "NODE_PG_FORCE_NATIVE"];

/** Variables by which npm says that it started the program, which then ends with its parent. */
const PARENT = ["npm_command"];

const EVERY_COMMAND = Object.keys(COMMAND_SETTINGS) as CommandName[];

/** The variable that makes a TLS server write the keys of its connections down, which servers refuse. */
const SERVER = [
  ...STATE_FOLDER,
  ...CLIENT_VARIABLES,
  // Where the commands of clients' configurations are.
  "PATH",
  "SSLKEYLOGFILE",
  ...PARENT,
  ...TERMINAL,
  ...SOCKETS,
  ...DATABASE,
];

/** Which commands run with a permission set, and the variables they read in addition to those of their settings. */
const ENVIRONMENTS: Readonly<Record<string, { commands: readonly CommandName[]; others: readonly string[] }>> = {
  serve: { commands: EVERY_COMMAND, others: SERVER },
  embedded: { commands: EVERY_COMMAND, others: SERVER },
  client: { commands: ["client", "bridge"], others: [...PARENT, ...TERMINAL, ...SOCKETS] },
  inspect: { commands: ["policy", "audit"], others: [...STATE_FOLDER, ...TERMINAL, ...DATABASE] },
  simulator: { commands: ["simulator"], others: [] },
  certs: { commands: ["certs"], others: [] },
  keys: { commands: ["keys", "approve", "kill", "state"], others: [...STATE_FOLDER, ...TERMINAL, ...DATABASE] },
};

/**
 * The text of `deno.json` with regenerated lists of variables; the program's own variables are listed by their
 * prefixes.
 */
export function manifestText(text: string): string {
  const manifest = JSON.parse(text);
  for (const [set, { commands, others }] of Object.entries(ENVIRONMENTS)) {
    const names = commands.flatMap((name) => Object.values<Setting>(COMMAND_SETTINGS[name])).flatMap(({ env }) => env);
    const shortened = names.map((name) => name.replace(/^(LUNO|MCP)_.*/, "$1_*"));
    // The program's commands also look for its variables under mistyped names, so the runtime hides all others.
    const hasOwn = shortened.some((name) => name.endsWith("*"));
    const allow = [...new Set([...(hasOwn ? ["LUNO_*", "MCP_*"] : []), ...shortened, ...others])];
    manifest.permissions[set].env = hasOwn ? { allow, ignore: true } : allow;
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The pages that contain a derived table, between comments with the table's name. */
export const PAGES: Readonly<Record<string, () => string>> = {
  configuration: settingsTable,
  errors: errorTables,
  tools: toolsTable,
};

/** The address of a page. */
export function pageUrl(name: string): URL {
  return new URL(`../docs/${name}.md`, import.meta.url);
}

/** A page with its table regenerated. */
export function withTable(page: string, table: string): string {
  return page.replace(
    /(<!-- (\w+) -->)[\s\S]*?(<!-- \/\2 -->)/,
    (_all, start, _name, end) => `${start}\n\n${table}\n\n${end}`,
  );
}

function settingsTable(): string {
  return table(
    ["flag", "environment", "default", "meaning"],
    Object.values<Setting>(SERVER_SETTINGS).map(({ flag, value, env, default: preset, help }) => [
      flag === undefined ? "–" : `\`--${[flag, ...(value === undefined ? [] : [value])].join(" ")}\``,
      env.map((name) => `\`${name}\``).join(", ") || "–",
      preset === undefined ? "–" : `\`${preset}\``,
      help,
    ]),
  );
}

function toolsTable(): string {
  return table(
    ["tool", "scope", "what it answers"],
    catalogue.map(({ name, scope, description }) => [`\`${name}\``, scope, description]),
  );
}

function errorTables(): string {
  const chapters = Object.entries<Readonly<Record<string, ErrorRow>>>(ERROR_CHAPTERS);
  return chapters.map(([title, rows]) => `## ${title}\n\n${errorTable(rows)}`).join("\n\n");
}

function errorTable(rows: Readonly<Record<string, ErrorRow>>): string {
  return table(
    ["code", "meaning", "what to do", "repeat", "HTTP", "JSON-RPC"],
    Object.entries(rows).map(([code, { meaning, action, retry, http, rpc }]) => [
      `\`${code}\``,
      meaning,
      action,
      retry,
      String(http ?? "–"),
      String(rpc ?? "–"),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

if (import.meta.main) {
  for (const [name, table] of Object.entries(PAGES)) {
    await Deno.writeTextFile(pageUrl(name), withTable(await Deno.readTextFile(pageUrl(name)), table()));
  }
  await Deno.writeTextFile(MANIFEST, manifestText(await Deno.readTextFile(MANIFEST)));
  await Deno.writeTextFile(LISTING, listingText());
  await Deno.writeTextFile(POLICY_SCHEMA, policySchemaText());
}
