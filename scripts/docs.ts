/** Writes what is derived from the code: tables in docs/, the tools' listing, the schema of policy files. */

import { SERVER_SETTINGS } from "../src/config/server_settings.ts";
import type { Setting } from "../src/config/setting.ts";
import type { ErrorRow } from "../src/errors/error_row.ts";
import { ERROR_CHAPTERS } from "../src/errors/errors.ts";
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
  return `${JSON.stringify({ tools: describeTools(catalogue), aliases: others }, null, 2)}\n`;
}

/** The pages that hold a derived table, between comments of the table's name. */
export const PAGES: Readonly<Record<string, () => string>> = {
  configuration: settingsTable,
  errors: errorTables,
  tools: toolsTable,
};

/** Where a page is. */
export function pageUrl(name: string): URL {
  return new URL(`../docs/${name}.md`, import.meta.url);
}

/** A page with its table made anew. */
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
  await Deno.writeTextFile(LISTING, listingText());
  await Deno.writeTextFile(POLICY_SCHEMA, policySchemaText());
}
