import assert from "node:assert/strict";
import { COMMANDS, flagsOf } from "../../src/cli/commands.ts";
import { EXIT_STATUS, man, manualPage } from "../../src/cli/man.ts";
import type { CommandName } from "../../src/config/command_settings.ts";
import { VARIABLES } from "../../src/config/variables.ts";
import { isInstalled } from "./completing_shells.ts";
import { TestWorld } from "./world.ts";

/** The page as text, without markup that only roff needs. */
const text = manualPage().replaceAll("\\-", "-").replaceAll("\\(dq", '"').replaceAll("\\e", "\\").replaceAll("\\&", "");

Deno.test("manualPage() contains every command with its flags, and every variable", () => {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    assert.ok(text.includes(`\n.SS ${COMMANDS[name].usage}\n${COMMANDS[name].summary}.\n`), name);
    for (const { flag, value } of flagsOf(name)) {
      assert.ok(text.includes(`\n.B --${flag}${value === undefined ? "" : ` <${value}>`}\n`), flag);
    }
  }
  for (const variable of VARIABLES) assert.ok(text.includes(variable), variable);
});

Deno.test("manualPage() explains each exit code as docs/output.md does", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/output.md", import.meta.url));
  const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code = "", meaning = ""]) => [code, meaning]);
  assert.deepEqual(Object.entries(EXIT_STATUS), rows.map(([code, meaning]) => [code, meaning?.replaceAll("`", "")]));
});

Deno.test("manualPage() is roff: each line is a known request or text that cannot be mistaken for one", () => {
  for (const line of manualPage().split("\n")) {
    assert.match(line, /^(\.(TH|SH|SS|TP|B|RI)\b|[^.'\\]|\\[&-])/, line);
    assert.match(line, /^([^\\]|\\[-e&]|\\\(dq)*$/, line);
  }
});

Deno.test("man prints a page that the installed formatters accept, and a document with --json", async () => {
  const world = new TestWorld();
  assert.equal(await man({}, { world, problems: [], operands: [], json: false }), 0);
  assert.equal(world.stdout.text, `${manualPage()}\n`);
  const checks = { mandoc: "mandoc -Tlint -W error", groff: "groff -man -ww -Tutf8 2>&1 >/dev/null" };
  for (const [program, check] of Object.entries(checks)) {
    if (await isInstalled(program)) assert.equal(await output(check, world.stdout.text), "", program);
  }
  const json = new TestWorld();
  assert.equal(await man({}, { world: json, problems: [], operands: [], json: true }), 0);
  assert.deepEqual(json.stdout.messages, [{ page: manualPage() }]);
});

async function output(command: string, input: string): Promise<string> {
  const child = new Deno.Command("sh", { args: ["-c", command], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}
