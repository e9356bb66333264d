/** Writes what is made from the code: the README's tables, the tools' listing, the schema of policy files. */

import { SERVER_SETTINGS } from "../src/config/server_settings.ts";
import type { Setting } from "../src/config/setting.ts";
import { describeTools } from "../src/protocol/tool_listing.ts";
import { catalogue } from "../src/tools/catalogue.ts";
import { policyJsonSchema } from "../src/trading/policy_schema.ts";

const README = new URL("../README.md", import.meta.url);
const LISTING = new URL("../src/protocol/listing.json", import.meta.url);

const POLICY_SCHEMA = new URL("../docs/policy.schema.json", import.meta.url);

/** The text of `docs/policy.schema.json`. */
export function policySchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
}

/** The text of `listing.json`. */
export function listingText(): string {
  return `${JSON.stringify(describeTools(catalogue), null, 2)}\n`;
}

/** The README with its tables made anew. */
export function withTables(readme: string): string {
  return [["settings", settingsTable()], ["tools", toolsTable()]].reduce(
    (text, [name, table]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`),
        (_all, start, end) => `${start}\n\n${table}\n\n${end}`,
      ),
    readme,
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

if (import.meta.main) {
  const readme = await Deno.readTextFile(README);
  await Deno.writeTextFile(README, withTables(readme));
  await Deno.writeTextFile(LISTING, listingText());
  await Deno.writeTextFile(POLICY_SCHEMA, policySchemaText());
}
