import assert from "node:assert/strict";

const FOLDER = new URL(".", import.meta.url);

for await (const { name } of Deno.readDir(FOLDER)) {
  if (!name.endsWith(".yaml")) continue;
  Deno.test(`${name} gives a reason for every check that may fail`, async () => {
    const lines = (await Deno.readTextFile(new URL(name, FOLDER))).split("\n").filter((line) =>
      line.startsWith("  - ")
    );
    assert.ok(lines.length > 0);
    for (const line of lines) assert.match(line, /^ {2}- [a-z0-9-]+:[a-z0-9-]+ # \S.{10,}$/);
  });
}
