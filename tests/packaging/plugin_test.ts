/** The plugin for AI clients: its manifests agree with the program, and its skills name tools and arguments that exist. */

import assert from "node:assert/strict";
import { DESCRIPTION, KEYWORDS, LICENSE, NAME, VERSION } from "../../scripts/packaging/product.ts";
import { catalogue } from "../../src/tools/catalogue.ts";

const PLUGIN = new URL("../../plugin/", import.meta.url);

async function readJson(path: string) {
  return JSON.parse(await Deno.readTextFile(new URL(path, PLUGIN)));
}

const skills = (await Array.fromAsync(Deno.readDir(new URL("skills/", PLUGIN)))).map(({ name }) => name).toSorted();

const skillText = (skill: string) => Deno.readTextFile(new URL(`skills/${skill}/SKILL.md`, PLUGIN));

for (const path of ["plugin.json", ".claude-plugin/plugin.json", ".cursor-plugin/plugin.json"]) {
  Deno.test(`plugin/${path} agrees with the packages about the program`, async () => {
    const { name, version, description, license, keywords } = await readJson(path);
    assert.deepEqual({ name, version, description, license, keywords }, {
      name: NAME,
      version: VERSION,
      description: DESCRIPTION,
      license: LICENSE,
      keywords: KEYWORDS,
    });
  });
}

Deno.test("plugin/mcp.json and the manifest of Claude start the same package at the plugin's version", async () => {
  const { $schema, mcpServers } = await readJson("mcp.json");
  assert.deepEqual(mcpServers, { luno: { type: "stdio", command: "npx", args: ["-y", `${NAME}@${VERSION}`] } });
  assert.equal((await readJson("plugin.json")).$schema, $schema.replace("mcp.schema", "plugin.schema"));
  const { type: _, ...entry } = mcpServers.luno;
  assert.deepEqual((await readJson(".claude-plugin/plugin.json")).mcpServers, { luno: entry });
});

Deno.test("the plugin has skills for a market brief, a careful order and an incident", () =>
  assert.deepEqual(skills, ["careful-order", "incident", "market-brief"]));

for (const skill of skills) {
  Deno.test(`the skill ${skill} is named after its folder and says in at most 1024 characters when to use it`, async () => {
    const [, name, description = ""] = /^---\nname: (.*)\ndescription: (.*)\n---\n/.exec(await skillText(skill)) ?? [];
    assert.equal(name, skill);
    assert.match(description, /Use when /);
    assert.ok(description.length <= 1024);
    // A colon and a space would begin a mapping in YAML.
    assert.doesNotMatch(description, /: /);
  });

  Deno.test(`the skill ${skill} calls existing tools, with arguments that they accept`, async () => {
    const codes = [...(await skillText(skill)).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
    assert.ok(codes.filter((code) => /^\w+ \{/.test(code)).length >= 5, "the calls are not found");
    for (const code of codes) {
      const [, name, args = "{}"] = /^([a-z]+_[a-z_]+)(?: (\{.*\}))?$/s.exec(code) ?? [];
      if (name === undefined || ["not_placed", "awaiting_confirmation"].includes(name)) continue;
      const tool = catalogue.find((candidate) => candidate.name === name);
      assert.ok(tool !== undefined, `${name} is no tool`);
      if (code === name) continue;
      const parsed = tool.input.safeParse(JSON.parse(args));
      assert.ok(parsed.success, `${code}: ${parsed.error?.message}`);
    }
  });
}
