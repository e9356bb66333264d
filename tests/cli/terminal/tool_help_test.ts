import assert from "node:assert/strict";
import { readArguments } from "../../../src/cli/arguments.ts";
import { printToolHelp } from "../../../src/cli/tools.ts";
import { displayWidth } from "../../../src/cli/terminal/width.ts";
import { checkToolWords, readToolArguments } from "../../../src/cli/terminal/tool_arguments.ts";
import { argumentSchemas } from "../../../src/tools/argument_problems.ts";
import { catalogue } from "../../../src/tools/catalogue.ts";
import { TestWorld } from "../world.ts";

for (
  const args of [["call", "get_orderbook", "--help"], ["help", "call", "get_orderbook"], [
    "tools",
    "get_orderbook",
    "-h",
  ]]
) {
  Deno.test(`${args.join(" ")} shows the help of the tool`, () => {
    assert.deepEqual(readArguments(args), { kind: "tool help", tool: "get_orderbook", json: false });
  });
}

Deno.test("printToolHelp() shows arguments with types, bounds and defaults, and a call to copy", async () => {
  const world = new TestWorld({ terminal: true });
  assert.equal(await printToolHelp("get_orderbook", { world, json: false }), 0);
  assert.match(world.stdout.text, /pair +a string of 3 to 40 characters; required; such as XBTZAR or BTC\/ZAR\n/);
  assert.match(world.stdout.text, /depth +a whole number from 1 to 100; default 10; levels a side\n/);
  assert.match(world.stdout.text, /luno-mcp-server call get_orderbook pair=XBTZAR depth=5\n/);
});

Deno.test("printToolHelp() suggests the nearest tool", async () => {
  const world = new TestWorld({ terminal: true });
  assert.equal(await printToolHelp("get_orderbok", { world, json: false }), 2);
  assert.match(world.stderr.text, /^get_orderbok: unknown tool, did you mean get_orderbook\n/);
});

for (const { name, input } of catalogue) {
  Deno.test(`the help of ${name} fits 80 columns, names every argument, and its example is valid`, async () => {
    const world = new TestWorld({ terminal: true });
    await printToolHelp(name, { world, json: false });
    for (const line of world.stdout.text.split("\n")) assert.ok(displayWidth(line) <= 80, line);
    const json = new TestWorld();
    await printToolHelp(name, { world: json, json: true });
    const { arguments: described, example } = JSON.parse(json.stdout.text);
    assert.deepEqual(
      described.map((one: { name: string }) => one.name).toSorted(),
      Object.keys(input.shape).toSorted(),
    );
    const [tool, ...words] = example.split(" ");
    assert.deepEqual([tool, checkToolWords(words)], [name, []]);
    for (const word of words) assert.ok(word.split("=")[0] in input.shape, word);
    const args = readToolArguments(words, argumentSchemas(input));
    for (const field of Object.keys(input.shape)) {
      if (!input.shape[field].safeParse(undefined).success) assert.ok(field in args, `the example lacks ${field}`);
    }
  });
}
